// A cache of which nothing may be left: counts of memory, rows and index rows, and of work under way.
// Timers stand still unless the test moves them; what a full collection finds is heap.ts's business.

import { expect, vi } from 'vitest'
import type { Cache, CacheOptions, SetOptions } from '../../src/index.ts'
import { NAME, placeOf, type Arrangement, type Place } from './caches.ts'
import { turns } from './deferred.ts'
import { countDisk, onTransaction } from './indexed-db.ts'

const AT_ONCE = 1000
export const KEYS: readonly string[] = Array.from({ length: 1000 }, (_, i) => `k${i}`)

export interface Counted {
  readonly place: Place
  readonly cache: Cache<number>
  /** Each tier holds so many entries; on disk `expiring` of them have a row in the index. */
  expectHeld(entries: number, expiring?: number): Promise<void>
  /** No entry, row, index row or transaction is left. */
  expectNothing(): Promise<void>
}

/** @param options besides bounds, of which there are none unless the test sets them */
export function countedCache(arrangement: Arrangement, options: CacheOptions<number> = {}): Counted {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let transactions = 0
  onTransaction(() => transactions++)
  const place = placeOf(arrangement)
  const cache = place.open<number>({ maxEntries: Infinity, maxStoredEntries: Infinity, weigh: () => 1, onRemove() {}, ...options })
  const counted: Counted = {
    place,
    cache,
    async expectHeld(entries, expiring = entries) {
      expect(cache.stats().memory).toMatchObject({ size: entries, weight: entries })
      if (arrangement.second === 'indexeddb') expect(await countDisk(NAME)).toEqual({ records: entries, expiry: expiring, tags: 0 })
    },
    async expectNothing() {
      await counted.expectHeld(0)
      await cache.flush()
      const before = transactions
      await turns()
      expect(transactions - before, 'nothing is under way').toBe(0)
      expect(await cache.size()).toBe(0)
    },
  }
  return counted
}

/** Gives each key its number. */
export function setKeys(cache: Cache<number>, options: SetOptions, keys = KEYS): Promise<void> {
  return cache.setMany(keys.map((key, i) => [key, i]), options)
}

/** Calls for 0, 1, 2 ..., a thousand at once: on disk they share a transaction. */
export async function times(count: number, call: (i: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => call(from + i)))
  }
}
