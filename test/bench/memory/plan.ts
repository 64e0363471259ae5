// Who races, at what, and what the runner and its child processes tell each other. Names and types only: both import it.

import type { MannerName } from '../answers.ts'

export const CONTESTANT_NAMES = ['map', 'bestbefore', 'lru-cache', 'tiny-lru', 'quick-lru', 'ttlcache', 'mnemonist', 'lru.min'] as const
export type ContestantName = (typeof CONTESTANT_NAMES)[number]

export interface Traits {
  /** What it is, and how it was made, for the table. */
  readonly label: string
  /** Evicts the least recently used entry, exactly at its bound. */
  readonly exactLru: boolean
  readonly ttl: boolean
  /** Sets cost it so much that it makes fewer calls, with one kind of keys. */
  readonly slow?: true
}

export const CONTESTANTS: Readonly<Record<ContestantName, Traits>> = {
  map: { label: 'Map (bounded ones delete their first key: FIFO)', exactLru: false, ttl: false },
  bestbefore: { label: 'bestbefore createMemoryCache, ttl', exactLru: true, ttl: true },
  'lru-cache': { label: 'lru-cache, ttl', exactLru: true, ttl: true },
  'tiny-lru': { label: 'tiny-lru, ttl that a set renews', exactLru: true, ttl: true },
  'quick-lru': { label: 'quick-lru, maxAge; holds up to twice its bound', exactLru: false, ttl: true },
  ttlcache: { label: '@isaacs/ttlcache, ttl; evicts the soonest to expire', exactLru: false, ttl: true, slow: true },
  mnemonist: { label: 'mnemonist LRUMap, no ttl', exactLru: true, ttl: false },
  'lru.min': { label: 'lru.min, no ttl', exactLru: true, ttl: false },
}

/** Those that bound the weight of what they hold, too. */
export const WEIGHTED_NAMES = ['bestbefore', 'lru-cache'] as const

/** What a hit, a mix and so on are stands in workloads.ts. */
export const WORKLOAD_NAMES = ['hit', 'update', 'mix', 'insert'] as const
export type WorkloadName = (typeof WORKLOAD_NAMES)[number]

export const KEY_KINDS = ['strings', 'integers', 'urls'] as const
export type KeyKind = (typeof KEY_KINDS)[number]

/** How the times to live are spread: the same for all entries, or each its own. */
export const TTL_KINDS = ['shared', 'random'] as const
export type TtlKind = (typeof TTL_KINDS)[number]

/** When a single operation may take long: see `pause` in expiry.ts. */
export const PAUSE_PHASES = ['growth', 'use', 'leap'] as const

/** A call of the memory tier, and the same call of `createCache` without a name, or the memory tier's in an async function. */
export const DOOR_NAMES = ['memory peek', 'cache peek', 'memory get in an async function', 'cache get'] as const
export type DoorName = (typeof DOOR_NAMES)[number]

/** What is measured, each by tasks of its own. */
export const PART_NAMES = ['race', 'weights', 'growth', 'expiry', 'footprint', 'doors', 'http'] as const
export type PartName = (typeof PART_NAMES)[number]

/** Operations in one turn of the event loop: about 0.1 ms of work, as a busy handler of a request or of an event does. */
export const TURN = 1_000
export const ENTRIES = 50_000
/** ms; nothing expires while it is measured. */
export const LONG_TTL = 3_600_000
export const GROWTH_SIZES = [1_000, 10_000, 100_000, 1_000_000] as const

/** What one child process does, in which one library is loaded. */
export type Task =
  | { readonly type: 'check'; readonly contestant: ContestantName }
  | {
      readonly type: 'race'
      readonly contestant: ContestantName
      readonly keys: KeyKind
      readonly entries: number
      /** Bounded by weight, too. */
      readonly weighted: boolean
      readonly workloads: readonly WorkloadName[]
      readonly seed: number
    }
  | { readonly type: 'footprint'; readonly contestant: ContestantName; readonly entries: number }
  | { readonly type: 'expiry'; readonly contestant: 'map' | 'bestbefore'; readonly entries: number; readonly ttls: TtlKind; readonly seed: number }
  | { readonly type: 'pauses'; readonly contestant: 'map' | 'bestbefore'; readonly entries: number; readonly ttls: TtlKind; readonly seed: number }
  | { readonly type: 'door'; readonly door: DoorName; readonly seed: number }
  | { readonly type: 'http'; readonly manner: MannerName; readonly seed: number }

export type RaceTask = Extract<Task, { type: 'race' }>
export type ExpiryTask = Extract<Task, { type: 'expiry' | 'pauses' }>

/** What a child answers: numbers by name; what they are stands at the function that measures them. */
export type Answer = Readonly<Record<string, number>>

/** A task that has been done. */
export interface Sample<T extends Task = Task> {
  readonly round: number
  readonly task: T
  readonly answer: Answer
}
