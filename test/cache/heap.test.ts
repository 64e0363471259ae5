// The heap is back after tens of thousands of entries went through a cache, whatever ended them, and so are the rows on disk.

import { describe, expect, it } from 'vitest'
import type { Cache, SetOptions } from '../../src/index.ts'
import { FULL } from '../full.ts'
import { times } from '../helpers/all-zero.ts'
import { MEMORY_ALONE, NAME, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { HOUR, MINUTE, SECOND, type ManualClock } from '../helpers/clock.ts'
import { collect, heapBytes } from '../helpers/heap.ts'
import { countDisk } from '../helpers/indexed-db.ts'

const ENTRIES = FULL ? 30_000 : 15_000
const WRITES = FULL ? 100_000 : 50_000
const LIMIT = 2 * 2 ** 20

let lap = 0
/** New ones in each lap, and as long as keys often are: what keeps nothing but keys shows too. */
const key = (i: number): string => `https://api.example.com/v1/shops/0123456789abcdef/products?page=${i}&sort=price&order=ascending&lap=${lap}`

type Scenario = (cache: Cache<number>, clock: ManualClock, share: number) => Promise<unknown>

const fill = (cache: Cache<number>, count: number, options: SetOptions): Promise<void> => times(count, (i) => cache.set(key(i), i, options))

/** Each goes through `share` of its full count. */
const SCENARIOS: readonly [name: string, scenario: Scenario][] = [
  [
    `${ENTRIES} sets of unique keys of 30 minutes, each deleted`,
    async (cache, _clock, share) => {
      for (let from = 0; from < ENTRIES * share; from += 1000) {
        await times(1000, (i) => cache.set(key(from + i), i, { ttl: 30 * MINUTE }))
        await times(1000, (i) => cache.delete(key(from + i)))
      }
    },
  ],
  [`${ENTRIES} sets of unique keys, each deleted in the same tick`, (cache, _clock, share) => times(ENTRIES * share, (i) => Promise.all([cache.set(key(i), i, { ttl: 30 * MINUTE }), cache.delete(key(i))]))],
  [
    `${ENTRIES} entries whose expiry was noticed 16 minutes late`,
    async (cache, clock, share) => {
      await fill(cache, ENTRIES * share, { ttl: 30 * MINUTE, tags: ['x'] })
      clock.advance(46 * MINUTE)
      expect(await cache.sweep()).toBe(ENTRIES * share)
    },
  ],
  [
    `${ENTRIES} entries of 10 minutes around clock steps of an hour, forward and back`,
    async (cache, clock, share) => {
      await fill(cache, (ENTRIES * share) / 2, { ttl: 10 * MINUTE })
      clock.advance(HOUR)
      expect(await cache.sweep()).toBe((ENTRIES * share) / 2)
      await fill(cache, (ENTRIES * share) / 2, { ttl: 10 * MINUTE })
      clock.advance(-HOUR)
      expect(await cache.sweep(), 'what comes from the future has no time yet').toBe(0)
      clock.advance(HOUR + 10 * MINUTE)
      await cache.sweep()
    },
  ],
  [
    `clear() of ${ENTRIES} entries that never expire`,
    async (cache, _clock, share) => {
      await fill(cache, ENTRIES * share, {})
      await cache.clear()
    },
  ],
  [`${ENTRIES} loads that failed or found nothing`, (cache, _clock, share) => times(ENTRIES * share, (i) => cache.getOrLoad(key(i), () => (i % 2 ? undefined : Promise.reject(new Error('offline')))).catch(() => {}))],
  [
    `${WRITES} writes to one key`,
    async (cache, clock, share) => {
      await times(WRITES * share, (i) => {
        if (i % 100 === 0) clock.advance(1)
        return cache.set('hot', i, { ttl: 30 * MINUTE })
      })
      expect(await cache.size()).toBe(1)
      await cache.delete('hot')
    },
  ],
  [
    `${WRITES} refreshes of one long-lived key, a second apart`,
    async (cache, clock, share) => {
      await cache.set('session', 1, { ttl: HOUR })
      let refreshed = 0
      await times(WRITES * share, async () => {
        clock.advance(SECOND)
        if (await cache.touch('session', HOUR)) refreshed++
      })
      expect(refreshed).toBe(WRITES * share)
      expect(await cache.expiresAt('session')).toBe(clock.time + HOUR)
      await cache.delete('session')
    },
  ],
]

describe.each([TWO_TIERS, MEMORY_ALONE])('$title', { timeout: 120_000 }, (arrangement) => {
  function setUp(): { cache: Cache<number>; clock: ManualClock } {
    const { open, clock } = placeOf(arrangement)
    return { cache: open<number>({ maxEntries: Infinity, maxStoredEntries: Infinity, weigh: () => 1, onRemove() {} }), clock }
  }

  it('is measured: half of the entries, kept, are seen in it', async () => {
    const { cache } = setUp()
    const before = await heapBytes()
    await fill(cache, ENTRIES / 2, { ttl: 30 * MINUTE })
    expect((await heapBytes()) - before).toBeGreaterThan(LIMIT)
    await cache.clear()
  })

  it.each(SCENARIOS)('is back after %s', async (_name, scenario) => {
    const { cache, clock } = setUp()
    // The first time brings code and buffers that stay, and leaves weakly held things that only a second collection frees.
    await scenario(cache, clock, 0.1)
    await collect()
    lap++
    const before = await heapBytes()
    await scenario(cache, clock, 1)
    // Transactions of the background may still be under way.
    await expect.poll(async () => (await heapBytes()) - before, { message: 'bytes more than before' }).toBeLessThan(LIMIT)
    expect(await countDisk(NAME)).toEqual({ records: 0, expiry: 0, tags: 0 })
    expect(cache.stats().memory).toMatchObject({ size: 0, weight: 0 })
  })
})
