// The entries that every contestant of a round finds: 400-byte values under keys in hashed order, expiring in an order of
// their own. The same seed gives the same entries in every engine.

/** The moment of the sweep, epoch ms. */
export const NOW = 1_700_000_000_000
const VALUE_LENGTH = 400
const HOUR_MS = 3_600_000
/** Far longer than what a compressor sees at once, so that slices of it do not compress away. */
const POOL_LENGTH = 1 << 18

/** A record as bestbefore stores an entry. */
export interface Row {
  readonly key: string
  readonly value: string
  readonly createdAt: number
  readonly expiresAt: number
}

export interface Workload {
  readonly rows: readonly Row[]
  /** Keys that have not expired at {@link NOW}, ascending. */
  readonly live: readonly string[]
  readonly expired: number
}

/** @param share expired rows in % */
export function createWorkload(seed: number, size: number, share: number): Workload {
  const random = generator(seed)
  const integer = (below: number) => Math.floor(random() * below)
  const hex = () => integer(2 ** 32).toString(16).padStart(8, '0')
  const pool = Array.from({ length: POOL_LENGTH }, () => integer(36).toString(36)).join('')
  const expired = Math.round((size * share) / 100)
  const rows = Array.from({ length: size }, (_, index): Row => {
    const offset = integer(POOL_LENGTH - VALUE_LENGTH)
    const age = index < expired ? -integer(HOUR_MS) : 1 + integer(HOUR_MS)
    return { key: `item:${hex()}${hex()}`, value: pool.slice(offset, offset + VALUE_LENGTH), createdAt: NOW - 2 * HOUR_MS, expiresAt: NOW + age }
  })
  const live = rows.slice(expired).map(({ key }) => key)
  // Written in the order of nothing: neither key nor expiry nor liveness.
  return { rows: shuffle(rows, integer), live: live.sort(), expired }
}

/** The same items in a random order. */
export function shuffle<T>(items: readonly T[], integer: (below: number) => number): T[] {
  const result = [...items]
  for (let end = result.length - 1; end > 0; end--) {
    const other = integer(end + 1)
    const item = result[end] as T
    result[end] = result[other] as T
    result[other] = item
  }
  return result
}

/** Numbers in [0, 1): mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
