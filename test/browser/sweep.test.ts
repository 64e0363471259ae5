// Expiry on disk: a sweep removes exactly what expired, whatever lies around it, and the disk bound keeps the right ones.
// That index rows match the rows is checked after each test (support/caches.ts).

import { expect, inject, test, vi } from 'vitest'
import { ManualClock, MINUTE } from '../helpers/clock.ts'
import { contents, open, openReady, storedKeys } from './support/caches.ts'

const SIZE = inject('full') ? 3_000 : 1_500
const PLACES = Array.from({ length: SIZE }, (_, place) => place)
const LIFE = 10_000

interface Case {
  readonly name: string
  /** Whether the entry at a place in key order expires. */
  readonly expires: (place: number) => boolean
}

const CASES: Case[] = [
  { name: 'nothing', expires: () => false },
  { name: 'everything', expires: () => true },
  { name: 'every second entry', expires: (place) => place % 2 === 0 },
  { name: 'runs of growing length', expires: (place) => Math.floor(Math.sqrt(place)) % 2 === 0 },
  { name: 'nine in ten, scattered', expires: (place) => hash(place) % 10 > 0 },
  { name: 'one in ten, scattered', expires: (place) => hash(place) % 10 === 0 },
  { name: 'only the first', expires: (place) => place === 0 },
  { name: 'only the last', expires: (place) => place === SIZE - 1 },
]

test.each(CASES)('sweep() removes exactly what expired: $name', async ({ expires }) => {
  const clock = new ManualClock()
  await fillDisk(clock, (place) => (expires(place) ? shortLife(place) : longLife(place)))

  clock.advance(LIFE)
  const { cache, faults } = await openReady<number>({ clock })
  expect(await cache.sweep()).toBe(PLACES.filter(expires).length)
  expect(await storedKeys()).toEqual(PLACES.filter((place) => !expires(place)).map(keyOf))
  expect(await cache.sweep()).toBe(0)
  expect(faults).toEqual([])
})

test('sweep() finds all entries that share one expiry, and spares those a millisecond later', async () => {
  const clock = new ManualClock()
  await fillDisk(clock, (place) => place % 3 === 0 ? LIFE + 1 : LIFE)

  clock.advance(LIFE)
  const { cache } = await openReady<number>({ clock })
  expect(await cache.sweep()).toBe((SIZE / 3) * 2)
  expect(await storedKeys()).toEqual(PLACES.filter((place) => place % 3 === 0).map(keyOf))
})

test('an entry refreshed while the sweep runs is not lost, and reads are answered meanwhile', async () => {
  const clock = new ManualClock()
  await fillDisk(clock, (place) => place % 10 === 0 ? MINUTE : LIFE)

  clock.advance(LIFE)
  const { cache } = await openReady<number>({ clock, maxEntries: 1 })
  const refreshed = PLACES.filter((place) => place % 100 === 50)
  const sweeping = cache.sweep()
  const writing = refreshed.map(async (place) => {
    await cache.get(keyOf(place - 50))
    await cache.set(keyOf(place), -place, { ttl: MINUTE })
  })
  for (const place of PLACES.filter((place) => place % 100 === 0)) expect(await cache.get(keyOf(place))).toBe(place)
  await Promise.all([sweeping, ...writing])
  expect(await storedKeys()).toEqual(PLACES.filter((place) => place % 10 === 0 || place % 100 === 50).map(keyOf))
  for (const place of refreshed) expect(await cache.get(keyOf(place))).toBe(-place)
})

test('an entry that this tab or another refreshes between the transactions of a sweep is not lost', async () => {
  const clock = new ManualClock()
  await fillDisk(clock, (place) => place % 10 === 0 ? MINUTE : LIFE)

  clock.advance(LIFE)
  const { cache } = await openReady<number>({ clock, maxEntries: 1 })
  const { cache: other } = await openReady<number>({ clock, maxEntries: 1 })
  const refreshed = PLACES.filter((place) => place % 100 === 50).map((place) => place + 5)
  // Each look at the time ends a transaction.
  let time = performance.now()
  const looks = vi.spyOn(performance, 'now').mockImplementation(() => (time += 1_000))
  const sweeping = cache.sweep()
  for (const place of refreshed) await (place % 200 < 100 ? cache : other).set(keyOf(place), -place, { ttl: MINUTE })
  await sweeping
  looks.mockRestore()
  expect(await storedKeys()).toEqual(PLACES.filter((place) => place % 10 === 0 || refreshed.includes(place)).map(keyOf))
  for (const place of refreshed) expect(await cache.get(keyOf(place))).toBe(-place)
})

test('two caches of one name that sweep at once remove each entry, and neither fails', async () => {
  const clock = new ManualClock()
  await fillDisk(clock, (place) => place % 2 ? LIFE : MINUTE)

  clock.advance(LIFE)
  const [one, two] = [await openReady<number>({ clock }), await openReady<number>({ clock })]
  const [byOne, byTwo] = await Promise.all([one.cache.sweep(), two.cache.sweep()])
  expect(byOne + byTwo).toBe(SIZE / 2)
  expect(await storedKeys()).toEqual(PLACES.filter((place) => place % 2 === 0).map(keyOf))
  expect([...one.faults, ...two.faults]).toEqual([])
})

test('sweep() goes by expiresAt, which a stale window puts after the ttl', async () => {
  const clock = new ManualClock()
  const cache = open<number>({ clock })
  await cache.set('window', 1, { ttl: 1_000, staleWhileRevalidate: 500 })
  await cache.set('longer window', 1, { ttl: 1_000, staleWhileRevalidate: 500, staleIfError: 501 })
  clock.advance(1_499)
  expect(await cache.sweep()).toBe(0)
  clock.advance(1)
  expect(await cache.sweep()).toBe(1)
  expect(await storedKeys()).toEqual(['longer window'])
})

test('the background sweep clears the disk without being asked', async () => {
  const { cache } = await openReady<number>({ sweepInterval: 20 })
  await Promise.all(Array.from({ length: 100 }, (_, place) => cache.set(keyOf(place), place, { ttl: 1 })))
  await cache.set('kept', 1)
  await expect.poll(() => storedKeys()).toEqual(['kept'])
})

test('the disk bound holds after flush(): the soonest to expire have gone, what never expires has not', async () => {
  const { cache } = await openReady<number>({ clock: new ManualClock(), maxStoredEntries: 100 })
  const places = Array.from({ length: 500 }, (_, place) => place)
  await cache.setMany(places.slice(0, 40).map((place) => [keyOf(place), place]))
  await Promise.all(places.slice(40).map((place) => cache.set(keyOf(place), place, { ttl: 1_000 + ((place * 7) % 460) })))
  await cache.flush()
  const kept = places.slice(40).filter((place) => (place * 7) % 460 >= 400)
  expect(kept).toHaveLength(60)
  expect(await storedKeys()).toEqual([...places.slice(0, 40), ...kept].map(keyOf).sort())
})

test('the disk bound takes entries that never expire once nothing else is left', async () => {
  const { cache } = await openReady<number>({ maxStoredEntries: 10 })
  await cache.set('soon', 0, { ttl: MINUTE })
  await cache.setMany(Array.from({ length: 300 }, (_, place) => [keyOf(place), place]))
  await cache.flush()
  const keys = await storedKeys()
  expect(keys).toHaveLength(10)
  expect(keys).not.toContain('soon')
})

/** Thousands of keys; the whole number in full runs and once, as each takes up to a second. */
const THOUSANDS = inject('full') && inject('engine') === 'chromium' ? 30 : 3

test(`${THOUSANDS},000 times set and delete leave no row and no index row`, { timeout: 120_000 }, async () => {
  const { cache } = await openReady<string>({ ttl: MINUTE })
  const batch = (number: number) => Array.from({ length: 1_000 }, (_, place) => `${number}:${hash(place)}:${place}`)
  const options = { tags: ['all'] }
  for (let number = 0; number < THOUSANDS / 3; number++) {
    // Both in one tick; the delete in a later tick; the delete once the set is on disk.
    await Promise.all(batch(3 * number).flatMap((key) => [cache.set(key, key, options), cache.delete(key)]))
    const setting = batch(3 * number + 1).map((key) => cache.set(key, key, options))
    await new Promise((resolve) => setTimeout(resolve))
    await Promise.all([...setting, cache.deleteMany(batch(3 * number + 1))])
    await Promise.all(batch(3 * number + 2).map((key) => cache.set(key, key, options)))
    expect(await cache.deleteMany(batch(3 * number + 2))).toBe(1_000)
  }
  expect(await contents()).toEqual({ rows: [], byExpiry: [], byTag: [] })
  expect(cache.stats().memory.size).toBe(0)
})

/** Leaves an entry at each place, by a cache that is closed. */
async function fillDisk(clock: ManualClock, ttlOf: (place: number) => number): Promise<void> {
  const cache = open<number>({ clock })
  await Promise.all(PLACES.map((place) => cache.set(keyOf(place), place, { ttl: ttlOf(place) })))
  await cache.close()
}

/** Keys in the order of their places. */
function keyOf(place: number): string {
  return `key ${String(place).padStart(5, '0')}`
}

/** A number that has nothing to do with the place's order. */
function hash(place: number): number {
  return Math.imul(place + 1, 2_654_435_761) >>> 8
}

/** Over after LIFE, for some just then. */
function shortLife(place: number): number {
  return LIFE - (hash(place) % 1_000)
}

/** Not over after LIFE, by 1 ms for some; without an end for others. */
function longLife(place: number): number {
  return hash(place) % 7 === 0 ? Infinity : LIFE + 1 + (hash(place) % 1_000)
}
