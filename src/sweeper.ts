// When to sweep: one timer, armed only while something can expire. What a sweep does is not its business.

export interface Sweeper {
  /** Sees to it that a sweep is due. */
  arm(): void
  stop(): void
}

/** A number in browsers, an object in Node. */
type Timer = number | { unref?(): void }

/** @param sweep resolves to whether something is left that can expire; never rejects */
export function createSweeper(interval: number, sweep: () => Promise<boolean>): Sweeper {
  let timer: Timer | undefined
  let stopped = false
  const run = async (): Promise<void> => {
    const more = await sweep()
    timer = undefined
    if (more) sweeper.arm()
  }
  const sweeper = {
    run,
    arm() {
      if (timer || stopped) return
      timer = setTimeout(wake(new WeakRef(sweeper)), interval) as unknown as Timer
      // A timer must not keep a process alive.
      if (typeof timer === 'object') timer.unref?.()
    },
    stop() {
      stopped = true
      // Each platform takes what it gave.
      clearTimeout(timer as number)
    },
  }
  return sweeper
}

/** A timer holds its callback, so this one holds nothing: a cache that nobody uses any more can be collected. */
function wake(sweeper: WeakRef<{ run(): Promise<void> }>): () => void {
  return () => void sweeper.deref()?.run()
}
