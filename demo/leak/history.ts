// What was counted over time, in few enough points to draw: when there are too many, every second one goes.

const MOST = 400
const INTERVAL = 0.1

export class History {
  /** Seconds between points. */
  #interval = INTERVAL
  readonly seconds: number[] = []
  readonly counts: number[] = []
  /** The seconds at which the tab was frozen. */
  readonly marks: number[] = []

  add(second: number, count: number): void {
    const last = this.seconds.at(-1)
    if (last !== undefined && second - last < this.#interval) return
    this.seconds.push(second)
    this.counts.push(count)
    if (this.seconds.length > MOST) this.#thin()
  }

  mark(second: number): void {
    this.marks.push(second)
  }

  #thin(): void {
    this.#interval *= 2
    for (const list of [this.seconds, this.counts]) {
      const kept = list.filter((_, index) => index % 2 === 0)
      list.splice(0, list.length, ...kept)
    }
  }
}
