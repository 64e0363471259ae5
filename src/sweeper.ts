// When to sweep: one timer, armed only while something can expire. What a sweep does is not its business.

import { weakly } from './weakly.ts'

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
    if (more) arm()
  }
  const arm = (): void => {
    if (timer || stopped) return
    timer = setTimeout(weakly(run), interval) as unknown as Timer
    // A timer must not keep a process alive.
    if (typeof timer === 'object') timer.unref?.()
  }
  return {
    arm,
    stop() {
      stopped = true
      // Each platform takes what it gave.
      clearTimeout(timer as number)
    },
  }
}
