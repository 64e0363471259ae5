// How a stretch of calls is timed: in turns of the event loop, so that what libraries do once per turn (read the clock, run
// a timer) is part of the time, after a collection, and by the median of many stretches.

import { median } from '../statistics.ts'
import { TURN } from './plan.ts'

/** Calls in one stretch. */
const STRETCH = 20 * TURN
/** Calls before the first that counts: what was compiled for the filling is compiled anew by then. */
const WARM_UP = 200_000
const MEASURED = 300_000

/** All calls that {@link time} makes, unless there is a limit. */
export const CALLS: number = WARM_UP + MEASURED

export interface Timed {
  /** ns per call. */
  readonly ns: number
  /** The sum of what all turns returned. */
  readonly sum: number
}

/**
 * Times the calls with index 0 to `calls - 1`, which `run` makes from one to another, over and over.
 *
 * @param calls a multiple of {@link TURN}
 * @param limit ms after which the warm-up ends, and again the measured calls, when not all were made
 */
export async function time(calls: number, run: (from: number, to: number) => number | Promise<number>, limit = Infinity): Promise<Timed> {
  let sum = 0
  let at = 0
  const repeat = async (count: number): Promise<number[]> => {
    const stretches: number[] = []
    const end = performance.now() + limit
    for (let made = 0; made < count && performance.now() < end; made += STRETCH) {
      const start = performance.now()
      let turns = 0
      while (turns < STRETCH / TURN && (turns === 0 || performance.now() < end)) {
        const done = run(at, at + TURN)
        sum += typeof done === 'number' ? done : await done
        at = (at + TURN) % calls
        turns++
        await nextTurn()
      }
      stretches.push(((performance.now() - start) * 1e6) / (turns * TURN))
    }
    return stretches
  }
  await repeat(WARM_UP)
  collect()
  return { ns: median(await repeat(MEASURED)), sum }
}

/** A turn costs 1 to 2 µs of its own, the same for all: `empty` of each race says how much of a call that is. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function collect(): void {
  if (globalThis.gc === undefined) throw new Error('Cannot measure: node runs without --expose-gc')
  globalThis.gc()
}
