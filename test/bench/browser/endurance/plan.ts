// How long and with how much the cache is used. The runner and the page import it.

import type { Work } from '../shared/suite.ts'

export interface EnduranceWork extends Work {
  /** Bound on stored entries; there are keys for half as many again. */
  readonly size: number
  /** Seconds of the cache's clock. */
  readonly seconds: number
}
