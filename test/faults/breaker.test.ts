// The breaker: after a fault that stays, the disk is left alone, one transaction at a time asks whether it is back, and then
// what memory holds is written. No call waits for it, and none is lost.

import { expect, it } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { turns } from '../helpers/deferred.ts'
import type { Rule } from './support/rule.ts'
import { collected, createSite, expectMemoryServes, NO_TRANSACTIONS, NO_WRITES, rejection, type Site, START } from './support/site.ts'

const transactions = (site: Site): number => site.factory.count('transaction')

/** A cache over `old` on disk, which is not in memory, whose breaker has just opened. */
async function broken(fault: Rule = NO_TRANSACTIONS, options: object = {}): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite()
  await site.within(1_000, site.open<unknown>().setMany([['old', 0], ['other', 0]]))
  await site.crash()
  const cache = await site.ready<unknown>(options)
  site.factory.fail(fault)
  await rejection(site.within(1_000, cache.set('tripped', 1)))
  expect(cache.status.persistence).toBe('memory')
  site.factory.forget()
  return { site, cache }
}

it('while it is open no call asks the disk: reads are misses, writes resolve at once', async () => {
  const { site, cache } = await broken()
  await expectMemoryServes(site, cache)
  expect(await site.within(0, cache.get('tripped')), 'what was refused is served').toBe(1)
  expect(await site.within(0, cache.get('old'))).toBeUndefined()
  expect(await site.within(0, cache.getMany(['old', 'tripped']))).toEqual(new Map([['tripped', 1]]))
  expect(await site.within(0, collected(cache.keys()))).toEqual(['tripped'])
  expect(await site.within(0, cache.size())).toBe(1)
  await site.within(0, cache.setMany([['m1', 1], ['m2', 2]]))
  await site.within(0, Promise.all([cache.deletePrefix('m'), cache.deleteTag('x'), cache.touch('tripped', 60_000), cache.sweep(), cache.flush()]))
  expect(transactions(site)).toBe(0)
  expect(site.factory.count('open')).toBe(0)
  expect(site.errors.length, 'what it does not ask for cannot fail').toBe(1)
})

it('the first transaction after its time is the only one, until it has ended', async () => {
  const { site, cache } = await broken()
  site.factory.heal()
  const slow = site.factory.fail({ operation: 'transaction', phase: 'late', after: 2_000 })
  await site.pass(5_500)
  expect(transactions(site)).toBe(1)
  for (let step = 0; step < 20; step++) {
    expect(await site.within(0, cache.get('old'))).toBeUndefined()
    await site.within(0, cache.set(`k${step}`, step))
  }
  expect(transactions(site), 'one at a time').toBe(1)
  slow.end()
  await site.pass(3_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.within(1_000, cache.get('old')), 'reads go through again').toBe(0)
  expect(await site.values()).toMatchObject({ old: 0, tripped: 1, k0: 0, k19: 19 })
})

it('a probe that fails opens it again for as long, and is not told', async () => {
  const { site, cache } = await broken()
  await site.pass(26_000)
  const probes = transactions(site)
  expect(probes).toBeGreaterThanOrEqual(4)
  expect(probes, 'one each 5 s, and its retry').toBeLessThanOrEqual(10)
  expect(site.reports).toHaveLength(1)
  expect(site.statuses).toHaveLength(1)
  site.factory.heal()
  await site.pass(6_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(site.statuses.map(({ persistence }) => persistence)).toEqual(['memory', 'indexeddb'])
})

it('persistence returns without any call, and the app hears of it', async () => {
  const { site, cache } = await broken()
  const told: unknown[] = []
  cache.subscribe((event) => told.push(event))
  site.factory.heal()
  await site.pass(6_000)
  expect(told.filter((event) => (event as { type: string }).type === 'status')).toEqual([{ type: 'status', status: { persistence: 'indexeddb' }, local: true }])
  expect(await site.values()).toEqual({ old: 0, other: 0, tripped: 1 })
  expect(await site.within(1_000, (await site.reload<unknown>()).get('tripped'))).toBe(1)
})

it('what memory holds is written with its times and tags, and what has expired is not', async () => {
  const { site, cache } = await broken()
  await site.within(0, cache.set('timed', 'v', { ttl: 60_000, staleIfError: 60_000, tags: ['x'] }))
  await site.within(0, cache.set('short', 'v', { ttl: 1_000 }))
  const before = await site.within(0, cache.info('timed'))
  site.factory.heal()
  await site.pass(6_000)
  expect(await site.values()).toEqual({ old: 0, other: 0, tripped: 1, timed: 'v' })
  const next = await site.reload<unknown>()
  expect(await site.within(1_000, next.info('timed'))).toEqual({ ...before, tier: 'store' })
})

it('what was removed or changed meanwhile is removed and changed on disk, in that order', async () => {
  const { site, cache } = await broken()
  await site.within(0, cache.delete('old'))
  await site.within(0, cache.set('other', 'new'))
  await site.within(0, cache.set('gone', 1))
  await site.within(0, cache.delete('gone'))
  site.factory.heal()
  await site.pass(6_000)
  expect(await site.values()).toEqual({ other: 'new', tripped: 1 })
  expect(site.storage.size, 'nothing is owed any more').toBe(0)
})

it('a clear while it is open is done first, and what came after it is written', async () => {
  const { site, cache } = await broken()
  await site.within(0, cache.clear())
  await site.within(0, cache.set('after', 1))
  expect(await site.within(0, cache.get('old'))).toBeUndefined()
  site.factory.heal()
  await site.pass(6_000)
  expect(await site.values()).toEqual({ after: 1 })
})

it('what another tab has changed meanwhile is not replaced by an older value', async () => {
  const { site, cache } = await broken()
  await site.within(0, cache.set('old', 'mine'))
  await site.within(0, cache.delete('other'))
  site.factory.heal()
  const other = site.open<unknown>()
  await site.within(1_000, other.set('old', 'theirs'))
  await site.within(1_000, other.set('other', 'theirs'))
  await site.within(1_000, other.flush())
  await site.pass(8_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  // The other page has begun with an empty log, so nobody knows which came first: a removal may take a newer value with it.
  for (const found of [(await site.values())['old'], await site.within(1_000, cache.get('old')), await site.within(1_000, other.get('old'))]) {
    expect(['theirs', undefined]).toContain(found)
  }
})

it('a thousand entries that memory holds are written in few transactions', async () => {
  const { site, cache } = await broken(NO_TRANSACTIONS, { maxEntries: 2_000 })
  await site.within(0, cache.setMany(Array.from({ length: 1_000 }, (_, place) => [`k${place}`, place])))
  site.factory.heal()
  await site.pass(8_000)
  expect((await site.disk()).records).toHaveLength(1_003)
  expect(transactions(site)).toBeLessThan(60)
})

it('writes that come while what memory holds is written are kept, and the last value of a key stays', async () => {
  const { site, cache } = await broken()
  for (let place = 0; place < 50; place++) await site.within(0, cache.set(`k${place}`, 'first'))
  site.factory.heal()
  await site.pass(4_950)
  for (let step = 0; step < 40; step++) {
    void cache.set(`k${step}`, 'last')
    await turns(step)
    await site.pass(5)
  }
  await site.within(1_000, cache.flush())
  await site.pass(1_000)
  const values = await site.values()
  for (let step = 0; step < 50; step++) expect(values[`k${step}`], `k${step}`).toBe(step < 40 ? 'last' : 'first')
})

it('a fault while what memory holds is written opens it again, and nothing is lost', async () => {
  const { site, cache } = await broken()
  await site.within(0, cache.setMany([['a', 1], ['b', 2]]))
  site.factory.heal()
  const again = site.factory.fail({ operation: 'put', phase: 'commit', when: ({ store }) => store === 'entries' })
  await site.pass(20_000)
  expect(cache.status.persistence).toBe('memory')
  again.end()
  await site.pass(10_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toEqual({ old: 0, other: 0, tripped: 1, a: 1, b: 2 })
})

it('a cache that is closed while it is open writes what it holds if it can, and ends soon either way', async () => {
  for (const heals of [true, false]) {
    const { site, cache } = await broken()
    await site.within(0, cache.set('kept', 1))
    if (heals) site.factory.heal()
    await site.within(10_000, cache.close())
    await site.pass(60_000)
    expect(transactions(site)).toBeLessThanOrEqual(4)
    site.factory.heal()
    const next = await site.reload<unknown>()
    expect([undefined, 1], 'never anything older').toContain(await site.within(5_000, next.get('kept')))
    await site.within(5_000, next.close())
  }
})

it('a destroyed cache asks the disk no more', async () => {
  const { site, cache } = await broken()
  await site.within(20_000, cache.destroy().catch(() => {}))
  site.factory.forget()
  await site.pass(120_000)
  expect(site.factory.calls).toEqual([])
})

it.each(['request', 'sync'] as const)('persistence returns although memory holds an entry that is too large for the engine (%s)', async (phase) => {
  const { site, cache } = await broken(NO_WRITES)
  await site.within(0, cache.setMany([['large', 1], ['small', 2]]))
  site.factory.heal()
  site.factory.fail({ operation: 'put', phase, message: 'The serialized keys and/or value are too large', when: ({ key }) => key === 'large' })
  await site.pass(6_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  await site.within(1_000, cache.set('after', 3))
  expect(await site.values()).toEqual({ old: 0, other: 0, tripped: 1, small: 2, after: 3 })
  expect(cache.peek('large'), 'memory serves it').toBe(1)
})

it('an unknown fault is tried once more, then opens it for 5 s, and tells name, message and phase', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  const rule = site.factory.fail({ ...NO_WRITES, error: 'StrangeError', message: 'nobody knows' })
  const error = await rejection(site.within(1_000, cache.set('a', 1)))
  expect(error).toMatchObject({ code: 'write-failed', fault: { class: 'unknown', phase: 'commit', action: 'retried' }, cause: { name: 'StrangeError', message: 'nobody knows' } })
  expect(error.message).toContain('StrangeError')
  expect(rule.fired).toBeLessThanOrEqual(3)
  rule.end()
  await site.pass(6_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toEqual({ a: 1 })
})

it('a burst of failing reads is one report with their number', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  site.factory.fail(NO_TRANSACTIONS)
  const keys = Array.from({ length: 500 }, (_, place) => `k${place}`)
  expect(await site.within(1_000, cache.getMany(keys))).toEqual(new Map())
  expect(site.reports).toMatchObject([{ code: 'read-failed', phase: 'transaction', action: 'retried', count: 500 }])
  expect(transactions(site), 'two, and a look at the log by each connection').toBeLessThanOrEqual(4)
})

it('what is written and read while it is open is bounded by memory, however long', async () => {
  const { site, cache } = await broken(NO_TRANSACTIONS, { maxEntries: 10 })
  for (let step = 0; step < 30_000; step++) void cache.set(`k${step}`, step)
  await site.pass(0)
  expect(cache.stats().memory.size).toBe(10)
  site.factory.heal()
  await site.pass(8_000)
  const values = await site.values()
  expect(values).toMatchObject({ k29999: 29_999 })
  // Those that went from memory are lost, and those of an older value are not there.
  expect(Object.keys(values).length).toBeLessThanOrEqual(13)
  expect(Date.now()).toBeGreaterThan(START)
})

it('what memory writes when it is over keeps to the bound on disk', async () => {
  const site = createSite()
  const cache = site.open<unknown>({ maxStoredEntries: 10 })
  // Without a read, and without an end to any of them, no sweep comes.
  await site.within(100, cache.set('before', 0))
  site.factory.fail(NO_TRANSACTIONS)
  await rejection(site.within(1_000, cache.set('tripped', 1)))
  for (let nth = 0; nth < 500; nth++) await cache.set(`k${nth}`, nth)
  await turns(50)
  site.factory.heal()
  await site.pass(600_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(Object.keys(await site.values()).length).toBeLessThanOrEqual(10 + 1 + 100)
})
