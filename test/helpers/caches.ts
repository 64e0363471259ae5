// Caches for tests in every arrangement of tiers, over a place that outlives them, so that a reload is a new cache.
// After each test those still open are checked: indexes tell what records tell, memory holds what its records hold.

import { afterEach, beforeEach, expect, vi } from 'vitest'
import { createCache, type Cache, type CacheError, type CacheOptions } from '../../src/index.ts'
import { createPlainStore, type Rows } from '../store/plain-store.ts'
import { ManualClock } from './clock.ts'
import { bound, type Bound } from './codecs.ts'
import { countDisk, faultsOf, lookAtDisk } from './indexed-db.ts'

export interface Arrangement {
  readonly title: string
  /** How many entries memory holds. */
  readonly memory: 'all' | 'one' | 'none'
  /** What outlives the page. */
  readonly second: 'nothing' | 'indexeddb' | 'store'
  /** Whether there is a codec before it. */
  readonly encoded?: boolean
}

export const MEMORY_ALONE: Arrangement = { title: 'memory alone', memory: 'all', second: 'nothing' }
export const TWO_TIERS: Arrangement = { title: 'two tiers', memory: 'all', second: 'indexeddb' }
export const ONE_IN_MEMORY: Arrangement = { title: 'two tiers, one entry in memory', memory: 'one', second: 'indexeddb' }
export const ALL_FROM_DISK: Arrangement = { title: 'two tiers, nothing fits in memory', memory: 'none', second: 'indexeddb' }
export const PLAIN_STORE: Arrangement = { title: 'a store handed in', memory: 'all', second: 'store' }
export const ALL_FROM_STORE: Arrangement = { title: 'a store handed in, nothing fits in memory', memory: 'none', second: 'store' }
export const ENCODED: Arrangement = { title: 'two tiers and a codec', memory: 'all', second: 'indexeddb', encoded: true }
export const ALL_DECODED: Arrangement = { title: 'two tiers and a codec, nothing fits in memory', memory: 'none', second: 'indexeddb', encoded: true }
export const ENCODED_STORE: Arrangement = { title: 'a store handed in and a codec', memory: 'one', second: 'store', encoded: true }

export const PERSISTENT = [TWO_TIERS, ONE_IN_MEMORY, ALL_FROM_DISK, PLAIN_STORE, ALL_FROM_STORE, ALL_DECODED, ENCODED_STORE]
export const ARRANGEMENTS = [MEMORY_ALONE, ...PERSISTENT]

export const NAME = 'test'

export interface Place {
  readonly clock: ManualClock
  /** What a plain store holds. */
  readonly rows: Rows
  /** Codes that onError was told. */
  readonly faults: string[]
  /** What onRemove was told since the last look: 'key value cause' each. */
  removals(): string[]
  /** Another cache here: another tab, or, with other options, the app's next version. */
  open<V = unknown>(options?: CacheOptions<V>): Cache<V>
  /** Closes a cache and opens the next one, which has nothing in memory. */
  reload<V>(cache: Cache<V>, options?: CacheOptions<V>): Promise<Cache<V>>
}

interface Opened {
  readonly cache: Cache<unknown>
  readonly arrangement: Arrangement
}

let opened: Opened[] = []
/** A test that damages the disk on purpose says so. */
let damaged = false

export function damageOnPurpose(): void {
  damaged = true
}

beforeEach(() => {
  damaged = false
})

afterEach(async () => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  const left = opened
  opened = []
  for (const { cache, arrangement } of left) {
    if (arrangement.second === 'indexeddb' && !damaged) await checkConsistency(cache)
    await cache.close()
  }
})

export function placeOf(arrangement: Arrangement): Place {
  const clock = new ManualClock()
  const rows: Rows = new Map()
  const faults: string[] = []
  let told: string[] = []
  const place: Place = {
    clock,
    rows,
    faults,
    removals() {
      const since = told
      told = []
      return since
    },
    open<V>(options: CacheOptions<V> = {}) {
      const cache = createCache<V>({
        clock,
        onError: (error: CacheError) => void faults.push(error.code),
        onRemove: (key, value, cause) => void told.push(`${key} ${String(value)} ${cause}`),
        ...(arrangement.memory === 'one' && { maxEntries: 1 }),
        ...(arrangement.memory === 'none' && { maxWeight: 1, weigh: () => 2 }),
        ...(arrangement.second === 'indexeddb' && { name: NAME }),
        ...(arrangement.encoded && { codec: bound }),
        ...(arrangement.second === 'store' && { store: createPlainStore<V>(rows) }),
        ...options,
      })
      opened.push({ cache: cache as Cache<unknown>, arrangement })
      return cache
    },
    async reload<V>(cache: Cache<V>, options?: CacheOptions<V>) {
      await cache.close()
      opened = opened.filter((each) => each.cache !== (cache as Cache<unknown>))
      told = []
      return place.open<V>(options)
    },
  }
  return place
}

/** What is on disk and in memory tells one story once nothing is under way. */
export async function checkConsistency(cache: Cache<unknown>): Promise<void> {
  try {
    await cache.flush()
  } catch {
    return // Closed by its test.
  }
  if (cache.status.persistence !== 'indexeddb') return
  const disk = await lookAtDisk(NAME)
  expect(faultsOf(disk), 'indexes tell what the records tell').toEqual([])
  const records = new Map(disk.records.map((record) => [record['key'], { ...record, value: storedValue(record['value']) }]))
  for await (const key of cache.keys()) {
    const held = cache.peek(key)
    if (held === undefined) continue
    expect(records.get(key), `memory holds ${JSON.stringify(key)}: its record`).toMatchObject({ value: held })
    const { expiresAt = Infinity, staleAt = expiresAt, tags = [] } = records.get(key) as { expiresAt?: number; staleAt?: number; tags?: string[] }
    expect(await cache.info(key), 'memory and record agree on times and tags').toMatchObject({ expiresAt, staleAt, tags, tier: 'memory' })
  }
}

/** The value in a record, which the codec of the tests may have encoded. */
export function storedValue(stored: unknown): unknown {
  const { stamp, data } = (stored ?? {}) as { stamp?: unknown; data?: Bound }
  return typeof stamp === 'number' && data ? data[2] : stored
}

/** Nothing is left of a cache, in memory, on disk or in a store handed in. */
export async function expectEmpty(cache: Cache<unknown>, { rows }: Place): Promise<void> {
  expect(await cache.size()).toBe(0)
  expect(cache.stats().memory).toMatchObject({ size: 0, weight: 0 })
  expect(await countDisk(NAME)).toEqual({ records: 0, expiry: 0, tags: 0 })
  expect(rows.size).toBe(0)
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Keys of all fresh entries, sorted. */
export async function keysOf(cache: Cache<never>): Promise<string[]> {
  return (await collected(cache.keys())).sort()
}
