// When to sweep: one timer, armed only while something can expire. What a sweep does is not its business.

import { setWeakTimeout } from './weakly.ts'

export interface Sweeper {
  /** Sees to it that a sweep is due. */
  arm(): void
  stop(): void
}

/** @param sweep resolves to whether something is left that can expire; never rejects */
export function createSweeper(interval: number, sweep: () => Promise<boolean>): Sweeper {
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  const run = async (): Promise<void> => {
    const more = await sweep()
    timer = undefined
    if (more) arm()
  }
  const arm = (): void => {
    if (timer || stopped) return
    timer = setWeakTimeout(run, interval)
  }
  return {
    arm,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
