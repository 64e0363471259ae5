// A full disk: removals are done without their records in the log, and what that costs others, later loads and later pages.

import { expect, it } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { createSite, FULL_DISK, NO_TRANSACTIONS, NO_WRITES, rejection, type Site } from './support/site.ts'

/** What a load brings is stored: of six calls no more than two load. */
async function expectStored(site: Site, cache: Cache<string>): Promise<void> {
  let loads = 0
  for (let round = 0; round < 6; round++) await site.within(1_000, cache.getOrLoad('d', () => `d${++loads}`))
  expect(cache.status.persistence).toBe('indexeddb')
  expect(loads).toBeLessThan(3)
}

it('on a disk that was full from the start memory keeps what was loaded, and serves a refused value', async () => {
  const site = createSite()
  const cache = await site.ready<string>()
  site.factory.fail(FULL_DISK)
  await site.within(1_000, cache.set('a', 'x').catch(() => {}))
  expect(cache.peek('a')).toBe('x')
  await site.within(1_000, cache.getOrLoad('b', () => 'b'))
  await site.within(1_000, cache.getOrLoad('c', () => 'c'))
  expect([cache.peek('a'), cache.peek('b'), cache.peek('c')]).toEqual(['x', 'b', 'c'])
})

it('a disk that was full from the start stores loads when there is room again', async () => {
  const site = createSite()
  const cache = await site.ready<string>()
  const full = site.factory.fail(FULL_DISK)
  await site.within(1_000, cache.set('a', 'x').catch(() => {}))
  await site.within(1_000, cache.delete('a').catch(() => {}))
  full.end()
  await site.pass(61_000)
  await expectStored(site, cache)
})

it('after a clear on a full disk loads are stored when there is room again', async () => {
  const site = createSite()
  const cache = await site.ready<string>()
  await site.within(1_000, cache.set('k', 'v'))
  const full = site.factory.fail(FULL_DISK)
  await site.within(1_000, cache.set('a', 'x').catch(() => {}))
  await site.within(1_000, cache.clear())
  full.end()
  await site.pass(61_000)
  await expectStored(site, cache)
})

it('on the page after a full disk, with room, loads are stored', async () => {
  const site = createSite()
  let cache = await site.ready<string>()
  await site.within(1_000, cache.set('k', 'v'))
  const full = site.factory.fail(FULL_DISK)
  await site.within(1_000, cache.set('a', 'x').catch(() => {}))
  full.end()
  cache = await site.reload<string>()
  await expectStored(site, cache)
})

it('a clear that comes first, and a clear on a full disk that is there from the start, cost no load its place', async () => {
  const site = createSite()
  const cache = site.open<string>()
  await site.within(1_000, cache.clear())
  expect(await site.within(1_000, cache.getOrLoad('a', () => 'a'))).toBe('a')
  expect(await site.values()).toEqual({ a: 'a' })
  await site.within(1_000, cache.clear())
  site.factory.fail(FULL_DISK)
  await site.within(1_000, cache.set('b', 'b').catch(() => {}))
  await site.within(1_000, cache.getOrLoad('c', () => 'c'))
  await site.within(1_000, cache.getOrLoad('d', () => 'd'))
  expect(['b', 'c', 'd'].map((key) => cache.peek(key))).toEqual(['b', 'c', 'd'])
})

it('a touch, behind a set that finds the disk full, of what memory does not hold, removes nothing from disk', async () => {
  const site = createSite()
  let cache = await site.ready<string>()
  // Room is made of others.
  await site.within(1_000, cache.set('zzz', 'v'))
  for (let i = 0; i < 30; i++) await site.within(1_000, cache.set(`z${i}`, 'z'))
  cache = await site.reload<string>()
  await site.within(1_000, cache.get('nothing'))
  const full = site.factory.fail(FULL_DISK)
  const setting = cache.set('big', 'x').catch(() => {})
  for (let i = 0; i < 30; i++) await Promise.resolve()
  const touching = cache.touch('zzz', 7_200_000)
  await site.within(5_000, setting)
  const touched = await site.within(5_000, touching)
  expect(touched).toBe(false)
  full.end()
  expect((await site.values())['zzz']).toBe('v')
})

it('a disk that is full when storage is tried again, with removals alone to be done, is taken up once there is space', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 1))
  site.factory.fail(NO_TRANSACTIONS)
  await rejection(site.within(1_000, cache.delete('a')))
  expect(cache.status.persistence).toBe('memory')
  site.factory.heal()
  site.factory.fail(FULL_DISK)
  await site.pass(6_000)
  site.factory.heal()
  await site.pass(120_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
})

it('a full disk, of which a removal takes the turn to try, is taken up once there is space', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('b', 0))
  site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, cache.set('a', 1)))
  // Beside the probe.
  for (let ms = 59_900; ms <= 60_100; ms += 5) setTimeout(() => void cache.delete('b'), ms)
  await site.pass(65_000)
  site.factory.heal()
  await site.pass(120_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toEqual({ a: 1 })
})

it.each([['transactions', NO_TRANSACTIONS], ['writes', NO_WRITES]] as const)('a full disk on which then no %s get through is left alone', async (_what, rule) => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('b', 0))
  site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, cache.set('a', 1)))
  site.factory.heal()
  site.factory.fail(rule)
  site.factory.forget()
  await site.within(1_000, Promise.allSettled([cache.get('missing'), cache.delete('b'), cache.set('c', 1)]))
  await site.pass(1_000)
  expect(site.factory.count('open')).toBeLessThan(10)
  site.factory.heal()
  await site.pass(120_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toEqual({ a: 1, c: 1 })
})

it('where a full disk has left the log empty, the next page hears once or twice that all may have changed, not with each look', async () => {
  const site = createSite()
  const cache = await site.ready<string>()
  await site.within(1_000, cache.set('a', 'x'))
  site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, cache.set('b', 'x')))
  await site.within(1_000, cache.clear())
  site.factory.heal()
  const next = await site.reload<string>()
  let changes = 0
  next.subscribe(() => void changes++)
  // Loads that bring nothing write nothing either.
  for (let round = 0; round < 10; round++) {
    await site.within(1_000, next.getOrLoad('a', () => undefined))
    await site.pass(10)
  }
  expect(changes).toBeLessThan(3)
})
