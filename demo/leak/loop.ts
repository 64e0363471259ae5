// The loop of the story, on a clock of its own: fresh keys are set and removed, or left to expire, on both lanes alike, and
// each lane's timer comes once a second. A frozen tab is a minute that passes while no timer comes.

import type { Clock } from '../../src/index.ts'
import type { Lane } from './lanes.ts'

const SECOND = 1_000
export const FREEZE = 60_000
/** ms of one step in which keys are written; what is left over is dropped, so that the page never hangs. */
const BUDGET = 8
const VALUE_LENGTH = 100

export interface Run {
  /** ms that a key is to live. */
  readonly ttl: number
  readonly removes: boolean
  /** Seconds between minutes in which the tab is frozen by itself. */
  readonly freezeEvery: number
}

export class Loop implements Clock {
  readonly #run: Run
  readonly #lanes: readonly Lane[]
  readonly #start = Date.now()
  #time = this.#start
  #nextTick = this.#start + SECOND
  #due = 0
  #seconds = 0
  #freezeDue = false
  /** Keys that were set so far. */
  keys = 0
  freezes = 0

  /** @param lanes makes them, with this loop as their clock */
  constructor(run: Run, lanes: (clock: Clock) => readonly Lane[]) {
    this.#run = run
    this.#lanes = lanes(this)
  }

  now(): number {
    return Math.floor(this.#time)
  }

  /** The tab freezes when a timer is due next, which is then a minute late. */
  freeze(): void {
    this.#freezeDue = true
  }

  /** Lets `ms` pass, in which `rate` keys a second are set. True when the tab was frozen at its end. */
  step(ms: number, rate: number): boolean {
    this.#time += ms
    this.#due += (rate * ms) / SECOND
    this.#write()
    if (this.#time < this.#nextTick) return false
    const frozen = this.#freezeDue || ++this.#seconds % this.#run.freezeEvery === 0
    if (frozen) {
      this.#freezeDue = false
      this.freezes++
      this.#time += FREEZE
    }
    for (const lane of this.#lanes) lane.tick()
    this.#nextTick = this.#time + SECOND
    return frozen
  }

  #write(): void {
    const end = performance.now() + BUDGET
    for (; this.#due >= 1 && performance.now() < end; this.#due--) this.#writeOne()
    this.#due %= 1
  }

  #writeOne(): void {
    const { ttl, removes } = this.#run
    const key = `session:${String(++this.keys).padStart(9, '0')}`
    const value = key.padEnd(VALUE_LENGTH, '.')
    for (const lane of this.#lanes) {
      lane.set(key, value, ttl)
      if (removes) lane.remove(key)
    }
  }
}
