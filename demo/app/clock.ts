// The page's clock: the wall clock and an offset, which the visitor may set. The cache, its cachedFetch, what the page shows and
// the server's Date go by it.

import type { Clock } from '../../src/index.ts'

export interface SteppedClock extends Clock {
  /** ms by which it is ahead of the wall clock. */
  offset: number
}

export const clock: SteppedClock = {
  offset: 0,
  now() {
    return Date.now() + this.offset
  },
}
