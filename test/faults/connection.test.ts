// Connections that die: the same work is done once more on a new one, and nobody notices. Where that does not help, memory serves.

import { expect, it } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { databaseName } from '../../src/store/schema.ts'
import { turns } from '../helpers/deferred.ts'
import { settled } from '../helpers/indexed-db.ts'
import type { Rule } from './support/rule.ts'
import { collected, createSite, expectMemoryServes, NAME, rejection, type Site } from './support/site.ts'

const DATABASE = databaseName(NAME, '')
const LOST = 'Connection to Indexed Database server lost. Refresh the page to try again'
const WITHOUT = 'Attempt to get a record from database without an in-progress transaction'
const ALL_REQUESTS = ['get', 'getKey', 'getAll', 'getAllKeys', 'count', 'put', 'add', 'delete', 'clear'] as const

/** Every call that asks the disk, on entries `old` (tag x), `p1` and `p2` with nothing in memory. */
const CALLS: [call: string, run: (cache: Cache<unknown>) => Promise<unknown>, brings: unknown, left: string[]][] = [
  ['get', (cache) => cache.get('old'), 0, ['old', 'p1', 'p2']],
  ['getMany', async (cache) => [...(await cache.getMany(['old', 'p1']))].length, 2, ['old', 'p1', 'p2']],
  ['has', (cache) => cache.has('old'), true, ['old', 'p1', 'p2']],
  ['info', async (cache) => (await cache.info('old'))?.tags, ['x'], ['old', 'p1', 'p2']],
  ['keys', async (cache) => (await collected(cache.keys())).sort(), ['old', 'p1', 'p2'], ['old', 'p1', 'p2']],
  ['size', (cache) => cache.size(), 3, ['old', 'p1', 'p2']],
  ['set', (cache) => cache.set('new', 1), undefined, ['new', 'old', 'p1', 'p2']],
  ['setMany', (cache) => cache.setMany([['new', 1], ['old', 1]]), undefined, ['new', 'old', 'p1', 'p2']],
  ['add', (cache) => cache.add('old', 1), false, ['old', 'p1', 'p2']],
  ['update', (cache) => cache.update('old', 1), 0, ['old', 'p1', 'p2']],
  ['touch', (cache) => cache.touch('old', 60_000), true, ['old', 'p1', 'p2']],
  ['take', (cache) => cache.take('old'), 0, ['p1', 'p2']],
  ['delete', (cache) => cache.delete('old'), true, ['p1', 'p2']],
  ['deleteMany', (cache) => cache.deleteMany(['old', 'p1']), 2, ['p2']],
  ['deletePrefix', (cache) => cache.deletePrefix('p'), undefined, ['old']],
  ['deleteTag', (cache) => cache.deleteTag('x'), undefined, ['p1', 'p2']],
  ['clear', (cache) => cache.clear(), undefined, []],
  ['sweep', (cache) => cache.sweep(), 0, ['old', 'p1', 'p2']],
  ['getOrLoad', (cache) => cache.getOrLoad('new', () => 1), 1, ['new', 'old', 'p1', 'p2']],
]

/** A page that has just opened the database, with nothing in memory. */
async function filled(options: object = {}): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite()
  const before = site.open<unknown>()
  await site.within(1_000, before.set('old', 0, { tags: ['x'] }))
  await site.within(1_000, before.setMany([['p1', 0], ['p2', 0]]))
  await site.crash()
  return { site, cache: await site.ready<unknown>(options) }
}

async function expectUnnoticed(site: Site, cache: Cache<unknown>, left: string[]): Promise<void> {
  await site.within(1_000, cache.flush())
  expect(Object.keys(await site.values())).toEqual(left)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(site.errors).toEqual([])
  expect(site.statuses).toEqual([])
}

it('F10: a deletion by another tab is not blocked, and the cache goes on with a new database', async () => {
  const { site, cache } = await filled()
  await site.within(1_000, cache.get('old'))
  let deleted = false
  const deletion = site.factory.base.deleteDatabase(DATABASE)
  deletion.onblocked = () => expect.fail('blocked')
  deletion.onsuccess = () => (deleted = true)
  await turns(50)
  expect(deleted).toBe(true)
  await site.within(1_000, cache.set('new', 1))
  expect(await site.within(1_000, cache.get('p1'))).toBeUndefined()
  await expectUnnoticed(site, cache, ['new'])
})

it.each(CALLS)('F12: %s on a connection that was closed silently reopens once, and its caller sees success', async (_call, run, brings, left) => {
  const { site, cache } = await filled()
  for (const connection of site.factory.connected) connection.close()
  expect(await site.within(1_000, run(cache))).toEqual(brings)
  expect(site.factory.count('open')).toBe(1)
  await expectUnnoticed(site, cache, left)
})

it('F12: transaction() that throws InvalidStateError on every connection is tried twice, then memory serves', async () => {
  const { site, cache } = await filled()
  const rule = site.factory.fail({ operation: 'transaction', phase: 'sync', error: 'InvalidStateError', message: 'The database connection is closing.' })
  expect(await rejection(site.within(1_000, cache.set('old', 1)))).toMatchObject({
    code: 'write-failed',
    fault: { class: 'stale-handle', phase: 'transaction', action: 'retried' },
  })
  expect(site.factory.count('transaction', ({ mode }) => mode === 'readwrite')).toBe(2)
  expect(cache.status).toMatchObject({ persistence: 'memory', fault: { class: 'stale-handle', phase: 'transaction' } })
  const { fired } = rule
  await expectMemoryServes(site, cache)
  expect(rule.fired, 'no storm').toBe(fired)
})

it('F13: a forced close with a write under way: it is done on a new connection, and read from there', async () => {
  const { site, cache } = await filled()
  const rule = site.factory.fail({ operation: 'put', phase: 'hang', nth: 1 })
  const writing = cache.set('old', 'new')
  const adding = cache.add('added', 1)
  await turns(50)
  expect(rule.fired).toBe(1)
  site.factory.forceClose()
  await site.within(1_000, Promise.all([writing, adding]))
  expect(await site.within(1_000, cache.get('old'))).toBe('new')
  expect(await site.within(1_000, cache.get('added'))).toBe(1)
  await expectUnnoticed(site, cache, ['added', 'old', 'p1', 'p2'])
})

it('F13: a forced close with reads and an iteration under way: they are answered from a new connection', async () => {
  const { site, cache } = await filled()
  const rule = site.factory.fail({ operation: ['get', 'getAll', 'getAllKeys'], phase: 'hang', times: 1 })
  const reading = Promise.all([cache.get('old'), cache.has('p1'), collected(cache.keys())])
  await turns(50)
  expect(rule.fired).toBe(1)
  site.factory.forceClose()
  expect(await site.within(1_000, reading)).toEqual([0, true, ['old', 'p1', 'p2']])
  await expectUnnoticed(site, cache, ['old', 'p1', 'p2'])
})

it.each(CALLS)('F14: %s on a connection whose server was lost is done once more on a new one, and its caller sees success', async (_call, run, brings, left) => {
  const { site, cache } = await filled()
  site.factory.fail({ operation: ALL_REQUESTS, phase: 'request', message: LOST, when: ({ connection }) => connection < 3 })
  expect(await site.within(1_000, run(cache))).toEqual(brings)
  await expectUnnoticed(site, cache, left)
  expect(site.factory.count('open')).toBe(1)
})

it('F14: a connection whose server was lost may throw at transaction() too', async () => {
  const { site, cache } = await filled()
  site.factory.fail({ operation: 'transaction', phase: 'sync', message: LOST, when: ({ connection }) => connection < 3 })
  expect(await site.within(1_000, cache.get('old'))).toBe(0)
  await expectUnnoticed(site, cache, ['old', 'p1', 'p2'])
})

it('F14: where the new connection is lost as well, memory serves; after 5 s persistence is back, with what memory holds', async () => {
  const { site, cache } = await filled()
  const rule = site.factory.fail({ operation: ALL_REQUESTS, phase: 'request', message: LOST })
  expect(await site.within(1_000, Promise.all([cache.get('old'), cache.get('p1')])), 'reads become misses').toEqual([undefined, undefined])
  expect(site.reports).toEqual([{ code: 'read-failed', class: 'stale-handle', phase: 'read', action: 'retried', count: 2 }])
  expect(cache.status).toMatchObject({ persistence: 'memory', fault: { class: 'stale-handle' } })
  await expectMemoryServes(site, cache)
  await site.within(0, cache.set('kept', 1))
  const { fired } = rule
  await site.pass(4_000)
  expect(rule.fired, 'no probe before its time').toBe(fired)
  rule.end()
  await site.pass(2_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toEqual({ kept: 1, old: 0, p1: 0, p2: 0 })
  expect(await site.within(100, cache.get('old'))).toBe(0)
})

it.each<[where: string, rule: Rule]>([
  ['a request', { operation: ALL_REQUESTS, phase: 'request', message: WITHOUT, times: 1 }],
  ['the commit', { operation: 'commit', phase: 'commit', message: WITHOUT, times: 1 }],
  ['transaction()', { operation: 'transaction', phase: 'sync', message: WITHOUT, times: 1 }],
  ['put()', { operation: 'put', phase: 'sync', error: 'TransactionInactiveError', times: 1 }],
])('F15: a transaction that is gone at %s is done once more', async (_where, fault) => {
  const { site, cache } = await filled()
  const rule = site.factory.fail(fault)
  await site.within(1_000, Promise.all([cache.set('old', 1), cache.take('p1'), cache.add('new', 1)]))
  expect(rule.fired).toBe(1)
  expect(await site.within(1_000, cache.get('old'))).toBe(1)
  await expectUnnoticed(site, cache, ['new', 'old', 'p2'])
})

it('F15: a write whose transaction is gone time after time rejects, and the older value does not come back', async () => {
  const { site, cache } = await filled()
  site.factory.fail({ operation: ALL_REQUESTS, phase: 'request', message: WITHOUT })
  expect(await rejection(site.within(1_000, cache.set('old', 1)))).toMatchObject({ code: 'write-failed', fault: { class: 'stale-handle', action: 'retried' } })
  expect(await site.within(0, cache.get('old'))).toBe(1)
  expect(site.reports).toHaveLength(1)
  site.factory.heal()
  const next = await site.reload<unknown>()
  expect(await site.within(1_000, next.get('old'))).not.toBe(0)
})

/** A database as a page leaves it that goes away in the middle of an upgrade, or that foreign code has made. */
async function makeBroken(site: Site, missing: string): Promise<void> {
  const request = site.factory.base.open(DATABASE, 1)
  request.onupgradeneeded = () => {
    const database = request.result
    if (missing === 'stores') return
    if (missing !== 'changes') database.createObjectStore('changes', { keyPath: 'id', autoIncrement: true })
    if (missing === 'entries') return
    const entries = database.createObjectStore('entries', { keyPath: 'key' })
    if (missing !== 'expiresAt') entries.createIndex('expiresAt', 'expiresAt')
    if (missing !== 'tags') entries.createIndex('tags', 'tags', { multiEntry: true })
  }
  ;(await settled(request)).close()
}

it.each(['stores', 'entries', 'changes', 'expiresAt', 'tags'])('F16: a database that lacks its %s is deleted and made anew, once', async (missing) => {
  const site = createSite()
  await makeBroken(site, missing)
  const cache = site.open<unknown>()
  expect(await site.within(1_000, Promise.all([cache.get('b'), cache.set('a', 1, { ttl: 60_000, tags: ['x'] })]))).toEqual([undefined, undefined])
  await site.within(1_000, Promise.all([cache.sweep(), cache.deleteTag('y')]))
  expect(site.factory.count('deleteDatabase')).toBe(1)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toEqual({ a: 1 })
  expect(await site.within(1_000, (await site.reload<unknown>()).get('a'))).toBe(1)
})

it.each<[how: string, rule: Rule, longest: number]>([
  ['is refused', { operation: 'deleteDatabase', phase: 'request' }, 3_500],
  ['throws', { operation: 'deleteDatabase', phase: 'sync' }, 3_500],
  ['tells nothing', { operation: 'deleteDatabase', phase: 'hang' }, 7_000],
])('F16: where the deletion %s, memory serves', async (_how, rule, longest) => {
  const site = createSite()
  await makeBroken(site, 'stores')
  site.factory.fail(rule)
  const cache = site.open<unknown>()
  const calls = await site.within(longest, Promise.allSettled([cache.set('a', 1), cache.get('b')]))
  expect(calls[1]).toEqual({ status: 'fulfilled', value: undefined })
  expect(cache.status).toMatchObject({ persistence: 'memory', reason: expect.any(String) })
  await expectMemoryServes(site, cache)
  expect(site.factory.count('deleteDatabase'), 'once for each call that was under way').toBeLessThanOrEqual(2)
  expect(site.reports).toHaveLength(1)
  await site.within(10_000, cache.close())
  site.factory.heal()
  await settled(site.factory.base.deleteDatabase(DATABASE))
})

it('F16: a database that lacks its stores time after time is not made anew without end', async () => {
  const site = createSite()
  await makeBroken(site, 'stores')
  const open = site.factory.open
  site.factory.open = (...args) => {
    void makeBroken(site, 'stores')
    return open(...args)
  }
  const cache = site.open<unknown>()
  await site.within(7_000, Promise.allSettled([cache.set('a', 1), cache.get('b')]))
  await turns(50)
  expect(cache.status).toMatchObject({ persistence: 'memory' })
  await expectMemoryServes(site, cache)
  await site.pass(10 * 60_000)
  expect(site.factory.count('deleteDatabase'), 'once for each time that it is tried').toBeLessThanOrEqual(1 + 120)
  await site.within(10_000, cache.close())
  site.factory.open = open
  await settled(site.factory.base.deleteDatabase(DATABASE))
})

/** The user clears the site's data while the page is open. */
async function clearSiteData(site: Site): Promise<void> {
  site.factory.forceClose()
  await settled(site.factory.base.deleteDatabase(DATABASE))
  site.storage.clear()
}

it('F17: when site data is cleared memory forgets it too, and what comes after is stored anew', async () => {
  const { site, cache } = await filled()
  await site.within(1_000, cache.set('new', 1))
  expect(await site.within(1_000, cache.get('old'))).toBe(0)
  await clearSiteData(site)
  await turns(50)
  expect(cache.peek('new')).toBeUndefined()
  expect(await site.within(1_000, cache.getMany(['old', 'new', 'p1']))).toEqual(new Map())
  expect(await site.within(1_000, cache.size())).toBe(0)
  await site.within(1_000, cache.set('after', 2))
  await site.within(1_000, cache.flush())
  await site.pass(5 * 60_000)
  expect(await site.values(), 'nothing comes back').toEqual({ after: 2 })
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
})

it('F17: what memory alone held when site data was cleared is not written later', async () => {
  const { site, cache } = await filled()
  const rule = site.factory.fail({ operation: 'put', phase: 'commit' })
  await rejection(site.within(1_000, cache.set('secret', 1)))
  expect(cache.peek('secret')).toBe(1)
  rule.end()
  await clearSiteData(site)
  await site.pass(5 * 60_000)
  expect(await site.within(1_000, cache.get('secret'))).toBeUndefined()
  expect(await site.values()).toEqual({})
})

it('F17: a load under way when site data is cleared answers its callers, and is not stored', async () => {
  const { site, cache } = await filled()
  let arrive: ((value: number) => void) | undefined
  const loading = cache.getOrLoad('secret', () => new Promise<number>((resolve) => (arrive = resolve)))
  await turns(100)
  await clearSiteData(site)
  await turns(50)
  arrive!(1)
  expect(await site.within(1_000, loading)).toBe(1)
  await site.within(1_000, cache.flush())
  expect(cache.peek('secret')).toBeUndefined()
  expect(await site.values()).toEqual({})
})
