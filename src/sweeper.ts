// When to sweep: one timer, armed only while something can expire. What a sweep does is not its business.

export class Sweeper {
  readonly #interval: number
  readonly #sweep: () => Promise<boolean>
  #timer: ReturnType<typeof setTimeout> | undefined
  #stopped = false

  /** @param sweep resolves to whether something is left that can expire; never rejects */
  constructor(interval: number, sweep: () => Promise<boolean>) {
    this.#interval = interval
    this.#sweep = sweep
  }

  /** Sees to it that a sweep is due. */
  arm(): void {
    if (this.#timer !== undefined || this.#stopped) return
    // Held weakly, so that a cache which nobody uses any more can be collected.
    const self = new WeakRef(this)
    this.#timer = setTimeout(() => void self.deref()?.run(), this.#interval)
    // In Node, a timer must not keep the process alive; browsers return a number.
    if (typeof this.#timer === 'object') this.#timer.unref()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  private async run(): Promise<void> {
    const more = await this.#sweep()
    this.#timer = undefined
    if (more) this.arm()
  }
}
