// The entries that every contestant of a round finds or writes: keys in hashed order, values that do not compress away.
// The same seed gives the same entries in every engine.

import { createRandom, shuffle } from '../../random.ts'

/** The moment of the sweep, epoch ms. */
export const NOW = 1_700_000_000_000
const SWEPT_VALUE_LENGTH = 400
const HOUR_MS = 3_600_000
/** How long an entry lives that is written and read. */
export const TTL_MS = HOUR_MS
/** Far longer than what a compressor sees at once, so that slices of it do not compress away. */
const POOL_LENGTH = 1 << 18

/** What a user hands over. */
export interface Pair {
  readonly key: string
  readonly value: string
}

/** A record as bestbefore stores an entry. */
export interface Row extends Pair {
  readonly createdAt: number
  readonly expiresAt: number
}

export interface Workload {
  readonly rows: readonly Row[]
  /** Keys that have not expired at {@link NOW}, ascending. */
  readonly live: readonly string[]
  readonly expired: number
}

export function createPairs(seed: number, count: number, bytes: number): Pair[] {
  return Array.from({ length: count }, pairSource(integers(seed), bytes))
}

/** The record of a pair that is written now. */
export function recordOf({ key, value }: Pair, now: number): Row {
  return { key, value, createdAt: now, expiresAt: now + TTL_MS }
}

/**
 * Entries of which some have expired, in an order that is not their keys'.
 *
 * @param share expired rows in %
 */
export function createWorkload(seed: number, size: number, share: number): Workload {
  const integer = integers(seed)
  const createPair = pairSource(integer, SWEPT_VALUE_LENGTH)
  const expired = Math.round((size * share) / 100)
  const rows = Array.from({ length: size }, (_, index): Row => {
    const age = index < expired ? -integer(HOUR_MS) : 1 + integer(HOUR_MS)
    return { ...createPair(), createdAt: NOW - 2 * HOUR_MS, expiresAt: NOW + age }
  })
  const live = rows.slice(expired).map(({ key }) => key)
  // Written in the order of nothing: neither key nor expiry nor liveness.
  return { rows: shuffle(rows, createRandom(seed)), live: live.sort(), expired }
}

export type Integers = (below: number) => number

function pairSource(integer: Integers, bytes: number): () => Pair {
  const hex = () => integer(2 ** 32).toString(16).padStart(8, '0')
  const pool = Array.from({ length: POOL_LENGTH }, () => integer(36).toString(36)).join('')
  return () => {
    const offset = integer(POOL_LENGTH - bytes)
    return { key: `item:${hex()}${hex()}`, value: pool.slice(offset, offset + bytes) }
  }
}

/** Whole numbers from 0 to below what is asked. */
export function integers(seed: number): Integers {
  const random = createRandom(seed)
  return (below) => Math.floor(random() * below)
}
