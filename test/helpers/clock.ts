// A clock that only the test moves, and that counts how often it is read.
// Pass it as `clock`; `advance` with a negative number is a backward step of the wall clock.

import type { Clock } from '../../src/clock.ts'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export class ManualClock implements Clock {
  reads = 0
  #now: number

  constructor(start = 1_700_000_000_000) {
    this.#now = start
  }

  now(): number {
    this.reads++
    return this.#now
  }

  /** The time, without counting as a read. */
  get time(): number {
    return this.#now
  }

  advance(ms: number): void {
    this.#now += ms
  }
}
