// What the runner asks of the page and what the page answers. Types and names only: both sides import it.

export const CONTESTANT_NAMES = ['cursor', 'sorted', 'sweep', 'gets', 'gets-10ms', 'other', 'other-10ms'] as const
export type ContestantName = (typeof CONTESTANT_NAMES)[number]

/** What each contestant does, for the tables. */
export const CONTESTANTS: Readonly<Record<ContestantName, string>> = {
  cursor: 'value cursor over the index, cursor.delete()',
  sorted: 'getAllKeys, sorted, one delete each',
  sweep: 'bestbefore sweep()',
  gets: 'sweep(), and get after get of the same cache',
  'gets-10ms': 'sweep(), and a get of the same cache every 10 ms',
  other: 'sweep(), and get after get by another connection',
  'other-10ms': 'sweep(), and a get by another connection every 10 ms',
}

export interface Plan {
  readonly rounds: number
  /** Entries in the database. */
  readonly size: number
  /** Of them expired, in %. */
  readonly share: number
  readonly contestants: readonly ContestantName[]
}

/** One contestant in one round. */
export interface Sample {
  readonly contestant: ContestantName
  /** Index of the round, and the seed of its entries. */
  readonly round: number
  /** ms from the call to the commit. */
  readonly ms: number
  /** ms of each read that began during the sweep. */
  readonly reads: readonly number[]
  /** ms of each read just before the sweep. */
  readonly idleReads: readonly number[]
}

export interface Answer {
  readonly userAgent: string
  /** Entries that had expired in each database. */
  readonly expired: number
  readonly samples: readonly Sample[]
}
