// How much is stored when a page asks for its first entry. The runner and the page import it.

import type { Work } from '../shared/suite.ts'

export interface FirstGetWork extends Work {
  /** Entries in the database. */
  readonly size: number
}

/** Page loads of one database; each asks for another entry. */
export const LOADS = ['load 1', 'load 2', 'load 3'] as const
