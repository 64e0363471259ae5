// What is swept, and by whom. The runner and the page import it.

import type { Work } from '../shared/suite.ts'

/** What each contestant does, for the tables. */
export const CONTESTANTS = {
  cursor: 'value cursor over the index, cursor.delete()',
  sorted: 'getAllKeys, sorted, one delete each',
  sweep: 'bestbefore sweep()',
  gets: 'sweep(), and get after get of the same cache',
  'gets-10ms': 'sweep(), and a get of the same cache every 10 ms',
  other: 'sweep(), and get after get by another connection',
  'other-10ms': 'sweep(), and a get by another connection every 10 ms',
} as const
export type ContestantName = keyof typeof CONTESTANTS

export interface SweepWork extends Work {
  /** Entries in the database. */
  readonly size: number
  /** Of them expired, in %. */
  readonly share: number
}
