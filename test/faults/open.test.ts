// Databases that do not open: memory serves at once, nothing is tried without end, and persistence returns by itself where it can.

import { afterEach, expect, it } from 'vitest'
import { turns } from '../helpers/deferred.ts'
import { settled } from '../helpers/indexed-db.ts'
import { databaseName } from '../../src/store/schema.ts'
import { createSite, expectMemoryServes, NAME, type Site } from './support/site.ts'

const DATABASE = databaseName(NAME, '')
const MINUTE = 60_000

const memoryOf = (faultClass: string) => ({
  persistence: 'memory',
  reason: expect.stringMatching(/\w{3}/),
  fault: { class: faultClass, phase: 'open', action: 'memory' },
})
const reportOf = (faultClass: string) => ({ code: 'open-failed', class: faultClass, phase: 'open', action: 'memory' })

afterEach(() => {
  // A test may have replaced it.
  Reflect.deleteProperty(globalThis, 'indexedDB')
})

it.each<[what: string, property: PropertyDescriptor]>([
  ['is undefined', { value: undefined }],
  ['is null', { value: null }],
  ['is a getter that throws', { get: () => { throw new DOMException('denied', 'SecurityError') } }],
])('F1: where indexedDB %s a cache runs on memory and says why', async (_what, property) => {
  const site = createSite()
  Object.defineProperty(globalThis, 'indexedDB', { ...property, configurable: true })
  const cache = site.open<unknown>()
  expect(cache.status).toMatchObject({ persistence: 'memory', reason: expect.stringMatching(/\w{3}/) })
  await expectMemoryServes(site, cache)
  await site.within(0, Promise.all([cache.sweep(), cache.flush(), cache.clear(), cache.size()]))
  await site.pass(10 * MINUTE)
  expect(site.errors.length).toBeLessThanOrEqual(1)
  await site.within(1_000, cache.destroy())
  Object.defineProperty(globalThis, 'indexedDB', { value: site.factory, configurable: true, writable: true })
})

it.each(['SecurityError', 'TypeError', 'ReferenceError', 'InvalidStateError'])('F2: open() that throws a %s is not tried again: memory serves for good', async (error) => {
  const site = createSite()
  site.factory.fail({ operation: 'open', phase: 'sync', error })
  const cache = site.open<unknown>()
  await site.within(0, cache.set('a', 1))
  expect(cache.status).toEqual(memoryOf('unavailable'))
  expect(site.statuses).toEqual([memoryOf('unavailable')])
  await expectMemoryServes(site, cache)
  await site.pass(60 * MINUTE)
  expect(cache.peek('a')).toBe(1)
  expect(site.factory.count('open')).toBe(1)
  expect(site.reports).toMatchObject([reportOf('unavailable')])
})

it('F3: open() that fails with InvalidStateError, as in an old private mode, is not tried again', async () => {
  const site = createSite()
  const message = 'A mutation operation was attempted on a database that did not allow mutations.'
  site.factory.fail({ operation: 'open', phase: 'request', error: 'InvalidStateError', message })
  const cache = site.open<unknown>()
  expect(await site.within(0, Promise.all([cache.set('a', 1), cache.get('b')]))).toEqual([undefined, undefined])
  expect(cache.status).toEqual(memoryOf('unavailable'))
  await expectMemoryServes(site, cache)
  await site.pass(60 * MINUTE)
  expect(site.factory.count('open')).toBe(1)
  expect(site.reports).toMatchObject([reportOf('unavailable')])
})

it.each([['UnknownError', 1], ['UnknownError', 2], ['UnknownError', 3], ['AbortError', 1], ['AbortError', 3]])(
  'F4: open() that fails with %s %i times is tried again, and what waited is done',
  async (error, times) => {
    const site = createSite()
    const opens = (): number => site.factory.count('open')
    site.factory.fail({ operation: 'open', phase: 'request', error, times, message: 'Internal error opening backing store for indexedDB.open.' })
    const cache = site.open<unknown>()
    const calls = Promise.all([cache.set('a', 1), cache.get('b'), cache.add('c', 2)])
    await site.pass(40)
    expect(opens(), 'pauses between').toBe(1)
    expect(await site.within(1_500, calls)).toEqual([undefined, undefined, true])
    expect(opens()).toBe(times + 1)
    expect(cache.status).toEqual({ persistence: 'indexeddb' })
    expect(site.errors).toEqual([])
    expect(await site.values()).toEqual({ a: 1, c: 2 })
  },
)

it('F4: reopens wait 50, 250 and 1000 ms', async () => {
  const site = createSite()
  site.factory.fail({ operation: 'open', phase: 'request' })
  const at: number[] = []
  const open = site.factory.open
  site.factory.open = (...args) => {
    at.push(Date.now())
    return open(...args)
  }
  void site.open().get('a')
  for (let step = 0; step < 150; step++) await site.pass(10)
  expect(at.slice(1).map((time, place) => time - at[place]!)).toEqual([50, 250, 1_000].map((ms) => expect.closeTo(ms, -1.5)))
})

it('F5: open() that always fails with UnknownError: memory after three reopens, one probe a minute, and all is back when it opens', async () => {
  const site = createSite()
  const rule = site.factory.fail({ operation: 'open', phase: 'request' })
  const cache = site.open<unknown>()
  const first = [cache.set('a', 1), cache.get('b'), cache.delete('c'), cache.getOrLoad('d', () => 4)]
  expect(await site.within(3_000, Promise.all(first))).toEqual([undefined, undefined, false, 4])
  expect(site.factory.count('open')).toBe(4)
  expect(cache.status).toEqual(memoryOf('heal'))
  await expectMemoryServes(site, cache)
  for (let step = 0; step < 50; step++) await site.within(0, cache.set(`k${step}`, step))
  await site.pass(55_000)
  expect(site.factory.count('open'), 'no probe before its time').toBe(4)
  await site.pass(10 * MINUTE)
  expect(site.factory.count('open')).toBeGreaterThan(8)
  expect(site.factory.count('open')).toBeLessThanOrEqual(4 + 11 * 4)
  expect(site.reports, 'told once').toMatchObject([reportOf('heal')])
  expect(site.statuses).toHaveLength(1)

  rule.end()
  await site.pass(65_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(site.statuses.map(({ persistence }) => persistence)).toEqual(['memory', 'indexeddb'])
  expect(await site.values(), 'what memory holds is written').toMatchObject({ a: 1, d: 4, k0: 0, k49: 49 })
  const next = await site.reload<unknown>()
  expect(await site.within(1_000, next.get('a'))).toBe(1)
})

it('F6: a store that neither opens nor lists nor deletes its databases keeps no call waiting', async () => {
  const site = createSite()
  site.factory.fail({ operation: ['open', 'databases', 'deleteDatabase'], phase: 'request' })
  const cache = site.open<unknown>()
  await site.within(3_000, cache.set('a', 1))
  await expectMemoryServes(site, cache)
  await site.within(1_000, Promise.all([cache.sweep(), cache.flush()]))
  await site.within(10_000, cache.destroy().catch((error: unknown) => expect(error).toMatchObject({ name: 'CacheError' })))
  await expect(cache.get('a')).rejects.toMatchObject({ code: 'closed' })
})

it('F7: a database that the engine found damaged and began anew is told of as lost data, and the cache refills', async () => {
  const site = createSite()
  const open = site.factory.open
  site.factory.open = (...args) => {
    const request = open(...args)
    request.addEventListener('upgradeneeded', (event) => Object.assign(event, { dataLoss: 'total', dataLossMessage: 'Corruption: bad MANIFEST' }))
    return request
  }
  const cache = site.open<unknown>()
  expect(await site.within(1_000, cache.getOrLoad('a', () => 1))).toBe(1)
  await site.within(1_000, cache.flush())
  expect(await site.values()).toEqual({ a: 1 })
  expect(cache.status).toMatchObject({ persistence: 'indexeddb' })
  expect(site.reports.map(({ code }) => code)).toEqual(['data-lost'])
  expect(`${site.errors[0]!.message} ${String(site.errors[0]!.cause)}`).toContain('bad MANIFEST')
})

it('F7: a database that is new, or whole, is not told of', async () => {
  const site = createSite()
  await site.within(1_000, site.open().set('a', 1))
  await site.within(1_000, (await site.reload()).get('a'))
  expect(site.errors).toEqual([])
})

it('F8: an open that tells nothing is waited for 3 s; then memory serves, and a late success is taken up', async () => {
  const site = createSite()
  const rule = site.factory.fail({ operation: 'open', phase: 'hang' })
  const cache = site.open<unknown>()
  const start = Date.now()
  expect(await site.within(3_200, Promise.all([cache.set('a', 1), cache.get('b'), cache.add('c', 3)]))).toEqual([undefined, undefined, true])
  expect(Date.now() - start).toBeGreaterThanOrEqual(2_500)
  expect(cache.status).toEqual(memoryOf('stalled'))
  expect(site.reports).toMatchObject([reportOf('stalled')])
  await expectMemoryServes(site, cache)
  await site.pass(7_000)
  rule.end()
  await site.pass(1_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(site.factory.connected).toHaveLength(1)
  expect(await site.values(), 'what memory holds is written').toMatchObject({ a: 1, c: 3 })
})

it('F8: opens that hang for an hour do not pile up, and all but one of those that succeed late are let go', async () => {
  const site = createSite()
  const rule = site.factory.fail({ operation: 'open', phase: 'hang' })
  const cache = site.open<unknown>()
  await site.within(3_200, cache.set('a', 1))
  await site.pass(60 * MINUTE)
  expect(site.factory.count('open')).toBeLessThanOrEqual(61)
  expect(site.reports).toHaveLength(1)
  rule.end()
  await site.pass(2 * MINUTE)
  expect(site.factory.connected).toHaveLength(1)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toEqual({ a: 1 })
})

it('F8: a database that opens after the cache was closed is let go, and close() does not wait for it', async () => {
  const site = createSite()
  const rule = site.factory.fail({ operation: 'open', phase: 'hang' })
  const cache = site.open<unknown>()
  const setting = cache.set('a', 1).catch((error: unknown) => error)
  await site.within(7_000, cache.close())
  await site.within(0, setting)
  rule.end()
  await site.pass(1_000)
  expect(site.factory.connected).toEqual([])
})

it.each([2_900, 3_100, 20_000])('F8: an open that takes %i ms', async (after) => {
  const site = createSite()
  const rule = site.factory.fail({ operation: 'open', phase: 'late', after })
  const cache = site.open<unknown>()
  await site.within(3_200, cache.set('a', 1))
  await site.pass(after)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(site.factory.connected).toHaveLength(1)
  expect(rule.fired).toBe(1)
  expect(await site.values()).toEqual({ a: 1 })
  expect(site.reports).toMatchObject(after < 3_000 ? [] : [reportOf('stalled')])
})

it('F9: an open that is blocked by another tab is waited for 3 s; then memory serves, and it is taken up when it comes', async () => {
  const site = createSite()
  await site.within(1_000, site.open().set('old', 1))
  await site.crash()
  // A tab of another app that does not listen: the deletion waits for it, and whoever opens waits for the deletion.
  const stubborn = await settled(site.factory.base.open(DATABASE))
  const deleting = settled(site.factory.base.deleteDatabase(DATABASE))
  const cache = site.open<unknown>()
  expect(await site.within(3_200, Promise.all([cache.get('old'), cache.set('a', 1)]))).toEqual([undefined, undefined])
  expect(cache.status).toEqual(memoryOf('stalled'))
  await expectMemoryServes(site, cache)
  stubborn.close()
  await deleting
  await site.pass(1_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(site.reports).toMatchObject([reportOf('stalled')])
  expect(await site.values()).toEqual({ a: 1 })
})

/** A newer version of the app has the database. */
async function newerSchema(site: Site): Promise<IDBDatabase> {
  const request = site.factory.base.open(DATABASE, 7)
  request.onupgradeneeded = () => {
    if (request.result.objectStoreNames.contains('entries')) return
    const entries = request.result.createObjectStore('entries', { keyPath: 'key' })
    entries.createIndex('expiresAt', 'expiresAt')
    entries.createIndex('tags', 'tags', { multiEntry: true })
  }
  return settled(request)
}

const keysIn = (database: IDBDatabase): Promise<IDBValidKey[]> => settled(database.transaction('entries').objectStore('entries').getAllKeys())

it('F10: a newer version of the app is not blocked; the cache lets go at once, and runs on memory', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 1))
  let newer: IDBDatabase | undefined
  void newerSchema(site).then((database) => (newer = database))
  await turns(50)
  expect(newer, 'not blocked').toBeDefined()
  expect(site.factory.connected).toEqual([])
  await site.within(1_000, cache.set('b', 2))
  expect(await site.within(0, cache.get('a'))).toBe(1)
  expect(cache.status).toEqual(memoryOf('newer-schema'))
  await expectMemoryServes(site, cache)
  expect(await keysIn(newer!), 'the newer database is left alone').toEqual(['a'])
  expect(site.reports).toMatchObject([reportOf('newer-schema')])
  newer!.close()
})

it('F11: a database of a newer version is neither deleted nor tried again: memory serves and says why', async () => {
  const site = createSite()
  const newer = await newerSchema(site)
  await settled(newer.transaction('entries', 'readwrite').objectStore('entries').put({ key: 'theirs' }))
  newer.close()
  const cache = site.open<unknown>()
  await site.within(1_000, cache.set('a', 1))
  expect(cache.status).toEqual(memoryOf('newer-schema'))
  expect(cache.status.reason).toContain('VersionError')
  await expectMemoryServes(site, cache)
  await site.within(1_000, Promise.all([cache.clear(), cache.sweep(), cache.flush()]))
  await site.pass(60 * MINUTE)
  expect(site.factory.count('open')).toBe(1)
  expect(site.factory.count('deleteDatabase')).toBe(0)
  expect(site.reports).toMatchObject([reportOf('newer-schema')])
  const again = await newerSchema(site)
  expect(await keysIn(again)).toEqual(['theirs'])
  again.close()
})
