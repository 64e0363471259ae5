// Clocks that step, and timers that cannot count far enough: nothing lives for ever that should not, and nothing is served late.

import { expect, it, vi } from 'vitest'
import { ManualClock, DAY, HOUR, MINUTE, SECOND } from '../helpers/clock.ts'
import type { Cache } from '../../src/index.ts'
import type { Rule } from './support/rule.ts'
import { collected, createSite, type Site, START } from './support/site.ts'

/** A cache that goes by a clock of its own, with entries of an hour (tag x) and one for ever, on disk and in memory. */
async function timed(): Promise<{ site: Site; clock: ManualClock; cache: Cache<unknown> }> {
  const site = createSite()
  const clock = new ManualClock(START)
  const cache = await site.ready<unknown>({ clock })
  await site.within(1_000, cache.setMany([['a', 1], ['b', 2]], { ttl: HOUR, tags: ['x'] }))
  await site.within(1_000, cache.set('ever', 3))
  return { site, clock, cache }
}

/** None of the keys is served in any way. */
async function expectGone(site: Site, cache: Cache<unknown>, keys: string[]): Promise<void> {
  for (const key of keys) {
    expect(cache.peek(key), key).toBeUndefined()
    const looks = Promise.all([cache.get(key), cache.get(key, { stale: true }), cache.has(key), cache.info(key)])
    expect(await site.within(1_000, looks), key).toEqual([undefined, undefined, false, undefined])
  }
  expect(await site.within(1_000, collected(cache.keys()))).not.toEqual(expect.arrayContaining([keys[0]]))
}

it('F35: a clock set back by a day: what comes from its future is a miss and goes, and what is written then lives as long as it should', async () => {
  const { site, clock, cache } = await timed()
  clock.advance(-DAY)
  await expectGone(site, cache, ['a', 'b', 'ever'])
  await site.within(1_000, cache.flush())
  await site.pass(100)
  expect(await site.values(), 'what was looked at is gone from disk').toEqual({})
  await site.within(1_000, cache.set('new', 4, { ttl: HOUR }))
  expect(await site.within(1_000, cache.get('new'))).toBe(4)
  clock.advance(HOUR)
  await expectGone(site, cache, ['new'])
  // Not even when the time has come again.
  clock.advance(DAY)
  await expectGone(site, cache, ['a', 'b', 'ever', 'new'])
})

it.each([1, 5])('F35: a clock set back by %i s, as time servers do: nothing is lost', async (seconds) => {
  const { site, clock, cache } = await timed()
  clock.advance(-seconds * SECOND)
  expect(cache.peek('a')).toBe(1)
  expect(await site.within(1_000, cache.getMany(['a', 'b', 'ever']))).toEqual(new Map([['a', 1], ['b', 2], ['ever', 3]]))
  expect(site.errors).toEqual([])
})

it('F35: a clock set back by 30 s: memory asks the disk again, which still counts', async () => {
  const { site, clock, cache } = await timed()
  clock.advance(-30 * SECOND)
  expect(await site.within(1_000, cache.info('a'))).toMatchObject({ tier: 'store' })
  expect(await site.within(1_000, cache.getMany(['a', 'b', 'ever']))).toEqual(new Map([['a', 1], ['b', 2], ['ever', 3]]))
  clock.advance(30 * SECOND + HOUR)
  await expectGone(site, cache, ['a', 'b'])
  expect(site.errors).toEqual([])
})

it('F35: in memory alone a clock set back by more than 5 s is the end of all entries', async () => {
  const site = createSite()
  const clock = new ManualClock(START)
  const cache = site.open<unknown>({ clock, store: false })
  await cache.set('a', 1, { ttl: HOUR })
  clock.advance(-6 * SECOND)
  expect(cache.peek('a')).toBeUndefined()
  expect(await cache.get('a')).toBeUndefined()
  await cache.set('a', 2, { ttl: HOUR })
  expect(await cache.get('a')).toBe(2)
  clock.advance(HOUR)
  expect(await cache.get('a')).toBeUndefined()
})

it('F35: a clock set forward by a day ends what would have ended by then, and nothing else', async () => {
  const { site, clock, cache } = await timed()
  clock.advance(DAY)
  await expectGone(site, cache, ['a', 'b'])
  expect(await site.within(1_000, cache.get('ever'))).toBe(3)
  expect(await site.within(1_000, cache.sweep())).toBeLessThanOrEqual(2)
  expect(Object.keys(await site.values())).toEqual(['ever'])
})

it('F35: a clock set forward by a day and back again brings nothing to life that was written in between', async () => {
  const { site, clock, cache } = await timed()
  clock.advance(DAY)
  await site.within(1_000, cache.set('later', 4))
  clock.advance(-DAY)
  await expectGone(site, cache, ['later'])
  const next = await site.reload<unknown>({ clock })
  await expectGone(site, next, ['later'])
})

it('F35: a machine that slept, its timers and its monotonic clock with it: what has ended meanwhile is not served', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany([['a', 1], ['b', 2]], { ttl: HOUR }))
  await site.within(1_000, cache.set('ever', 3))
  const monotonic = performance.now()
  vi.setSystemTime(Date.now() + 8 * HOUR)
  expect(performance.now()).toBe(monotonic)
  await expectGone(site, cache, ['a', 'b'])
  expect(await site.within(1_000, cache.get('ever'))).toBe(3)
  await site.pass(2 * MINUTE)
  expect(await site.values(), 'and swept when timers go on').toEqual({ ever: 3 })
})

it('F35: an iteration whose consumer takes minutes deletes nothing that another tab has written meanwhile', async () => {
  const site = createSite()
  const one = await site.ready<number>({ maxEntries: 1 })
  const other = await site.ready<number>()
  // Two pages of records.
  await site.within(5_000, one.setMany(Array.from({ length: 300 }, (_, place) => [`k${place + 100}`, place])))
  const keys = one.keys()
  await site.within(1_000, keys.next())
  await site.pass(3 * MINUTE)
  await site.within(1_000, other.set('k399', -1))
  await site.within(1_000, collected(keys))
  await site.pass(100)
  expect(await site.values()).toMatchObject({ k399: -1 })
})

it.each<[call: string, run: (cache: Cache<number>) => Promise<unknown>, held: Rule]>([
  ['get', (cache) => cache.get('a'), { operation: 'open', phase: 'hang', nth: 1 }],
  ['add', (cache) => cache.add('a', 2), { operation: 'open', phase: 'hang', nth: 1 }],
  ['sweep', (cache) => cache.sweep(), { operation: 'getAllKeys', phase: 'hang', nth: 1 }],
])('F35: %s that a sleep has interrupted deletes nothing that another tab has written meanwhile', async (_call, run, held) => {
  const site = createSite()
  const other = await site.ready<number>({ ttl: MINUTE })
  const rule = site.factory.fail(held)
  const running = run(site.open<number>({ ttl: MINUTE }))
  await site.pass(10)
  vi.setSystemTime(Date.now() + 10 * MINUTE)
  const setting = other.set('a', 1)
  await site.pass(0)
  rule.end()
  await site.within(1_000, Promise.all([setting, running]))
  await site.pass(100)
  expect(await site.values()).toEqual({ a: 1 })
})

it('F35: entries of a page whose clock was a day ahead are misses on the next, whose clock is right', async () => {
  const { site, clock, cache } = await timed()
  void cache
  clock.advance(-DAY)
  const next = await site.reload<unknown>({ clock })
  expect(await site.within(1_000, next.getOrLoad('a', () => 'loaded', { ttl: HOUR }))).toBe('loaded')
  expect(await site.within(1_000, next.add('ever', 'added'))).toBe(true)
  expect(await site.within(1_000, next.update('b', 'updated'))).toBeUndefined()
  clock.advance(HOUR)
  await expectGone(site, next, ['a'])
})

it.each([['a day ahead', DAY], ['a day behind', -DAY]])('F35: entries of tabs, one of whose clocks is %s, end for each by its own', async (_what, ahead) => {
  const site = createSite()
  const [right, wrong] = [new ManualClock(START), new ManualClock(START + ahead)]
  const one = await site.ready<unknown>({ clock: right })
  const other = await site.ready<unknown>({ clock: wrong })
  await site.within(1_000, other.set('theirs', 1, { ttl: HOUR }))
  await site.within(1_000, one.set('mine', 1, { ttl: HOUR }))
  expect(await site.within(1_000, one.get('theirs'))).toBeUndefined()
  expect(await site.within(1_000, one.get('mine'))).toBe(1)
  right.advance(HOUR)
  await expectGone(site, one, ['mine', 'theirs'])
})

it.each([Infinity, Number.MAX_VALUE, 2 ** 31, 2 ** 31 + 1, 2 ** 53])('F36: a ttl of %d is kept: no timer overflows, and none runs in a storm', async (ttl) => {
  const site = createSite()
  const timers = vi.spyOn(globalThis, 'setTimeout')
  const clock = new ManualClock(START)
  const cache = await site.ready<unknown>({ clock, sweepInterval: 2 ** 31 - 1 })
  await site.within(1_000, cache.set('a', 1, { ttl }))
  await site.within(1_000, cache.set('b', 1, { ttl, staleWhileRevalidate: ttl }))
  await site.pass(10 * MINUTE)
  for (const [, delay = 0] of timers.mock.calls) expect(delay).toSatisfy((ms: number) => ms >= 0 && ms <= 2 ** 31 - 1)
  expect(timers.mock.calls.length).toBeLessThan(50)
  clock.advance(Math.min(ttl, 1e12) - 1)
  expect(await site.within(1_000, cache.get('a'))).toBe(1)
  clock.advance(1)
  expect(await site.within(1_000, cache.get('a'))).toBe(ttl > 1e12 ? 1 : undefined)
  const next = await site.reload<unknown>({ clock })
  expect(await site.within(1_000, next.get('a'))).toBe(ttl > 1e12 ? 1 : undefined)
})

it('F36: entries that never expire keep no timer running', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 1, { ttl: Infinity }))
  await site.within(1_000, cache.get('b'))
  await site.pass(3 * MINUTE)
  expect(vi.getTimerCount()).toBe(0)
  expect(await site.within(1_000, cache.get('a'))).toBe(1)
})

it('F36: the sweep goes on, minute by minute, for what ends in 2^31 ms and later', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 1, { ttl: 2 ** 31 + 5 * MINUTE }))
  await site.pass(4 * MINUTE)
  expect(await site.values()).toEqual({ a: 1 })
  vi.setSystemTime(Date.now() + 2 ** 31)
  await site.pass(3 * MINUTE)
  expect(await site.values()).toEqual({})
  expect(cache.stats().store.expirations).toBe(1)
})

it.each([0, -0])('F36: a ttl of %d is over at once, in both tiers', async (ttl) => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 1))
  await site.within(1_000, cache.set('a', 2, { ttl }))
  await expectGone(site, cache, ['a'])
  expect(await site.values()).toEqual({})
})

it.each([-1, -Number.MIN_VALUE, -Infinity, NaN])('F36: a ttl of %d is a RangeError, and changes nothing', async (ttl) => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 1, { ttl: HOUR }))
  const before = await site.within(1_000, cache.info('a'))
  site.factory.forget()
  const ends = await site.within(0, Promise.allSettled([cache.set('a', 2, { ttl }), cache.touch('a', ttl), cache.add('b', 2, { ttl }), cache.setMany([['a', 2]], { ttl })]))
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: expect.any(RangeError) })
  expect(await site.within(0, cache.info('a'))).toEqual(before)
  expect(cache.peek('a')).toBe(1)
  expect(site.factory.count('transaction', ({ mode }) => mode === 'readwrite')).toBe(0)
  expect(await site.values()).toEqual({ a: 1 })
})
