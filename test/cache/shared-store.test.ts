// Another `store` that two processes share: neither hears what the other changes, so memory serves until the ttl ends, and no longer.

import { expect, test } from 'vitest'
import { createCache, type Cache, type CacheOptions, type Store } from '../../src/index.ts'
import { ManualClock } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { createPlainStore, type Rows } from '../store/plain-store.ts'

/** A cache whose memory holds an old value, so many ms old, in place of which the other process has stored a new one. */
async function behind(age: number, options: CacheOptions<string>): Promise<{ cache: Cache<string>; clock: ManualClock }> {
  const clock = new ManualClock()
  const rows: Rows = new Map()
  const open = (): Cache<string> => createCache<string>({ clock, store: createPlainStore(rows), ttl: 1_000, ...options })
  const [cache, other] = [open(), open()]
  await other.set('k', 'old', { tags: ['t'] })
  expect(await cache.get('k')).toBe('old')
  clock.advance(age)
  await other.set('k', 'new')
  return { cache, clock }
}

test('getOrLoad() gives the fresh value of the store where memory holds one that is stale for errors', async () => {
  const { cache } = await behind(2_000, { staleIfError: 60_000 })
  expect(await cache.getOrLoad('k', () => Promise.reject(new Error('down')))).toBe('new')
})

test('within staleWhileRevalidate getOrLoad() spares the load in the background', async () => {
  const { cache } = await behind(2_000, { staleWhileRevalidate: 60_000 })
  let loads = 0
  expect(await cache.getOrLoad('k', () => `load ${++loads}`)).toBe('old')
  await turns()
  expect(await cache.getOrLoad('k', () => `load ${++loads}`)).toBe('new')
  expect(loads).toBe(0)
})

test.each([500, 2_000])('touch() does not prolong a value of memory, %i ms old, that the store has no more', async (age) => {
  const { cache } = await behind(age, { staleWhileRevalidate: 60_000 })
  expect(await cache.touch('k', 30_000)).toBe(true)
  expect(await cache.get('k')).toBe('new')
  expect(await cache.info('k')).toMatchObject({ tags: [] })
})

test('has(), expiresAt() and info() tell of the fresh entry that get() serves', async () => {
  const { cache, clock } = await behind(2_000, { staleWhileRevalidate: 60_000 })
  expect(await cache.has('k')).toBe(true)
  expect(await cache.expiresAt('k')).toBe(clock.time + 1_000)
  expect(await cache.info('k')).toMatchObject({ staleAt: clock.time + 1_000, tier: 'store' })
  expect(await cache.get('k')).toBe('new')
})

test('where the store refused a newer value, a load in the background does not bring the older one back', async () => {
  const clock = new ManualClock()
  const plain = createPlainStore<string>(new Map() as Rows)
  let refuses = false
  const store: Store<string> = { ...plain, write: (writes) => (refuses ? Promise.reject(new Error('full')) : plain.write(writes)) }
  const cache = createCache<string>({ clock, store })
  await cache.set('k', 'old')
  refuses = true
  await cache.set('k', 'new', { ttl: 1_000, staleWhileRevalidate: 60_000 }).catch(() => {})
  clock.advance(2_000)
  let loads = 0
  const load = (): Promise<string> => cache.getOrLoad('k', () => `load ${++loads}`)
  expect(await load()).toBe('new')
  await turns()
  expect(await load()).toBe('load 1')
})
