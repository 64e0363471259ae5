// Calls, faults and other tabs that come at one moment: what the soak has found, each as a story of its own.

import { expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { createMarker, type Marker } from '../../src/store/marker.ts'
import { databaseName } from '../../src/store/schema.ts'
import { Network } from '../coherence/support/channel.ts'
import { turns } from '../helpers/deferred.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { createSite, FULL_DISK, NAME, NO_TRANSACTIONS, NO_WRITES, rejection, type Site } from './support/site.ts'

const DATABASE = databaseName(NAME, '')
/** Leaves a cache with one entry in memory, so that what it has lost shows. */
const SMALL = { maxEntries: 1 }

/** A cache that holds what the disk has refused, and is about to store it again: the database opens slowly. */
async function probing(options: object = SMALL): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite()
  const cache = await site.ready<unknown>(options)
  site.factory.fail(NO_TRANSACTIONS)
  await rejection(site.within(1_000, cache.set('a', 'first')))
  site.factory.heal()
  site.factory.fail({ operation: 'open', phase: 'late', after: 500, times: 1 })
  await site.pass(5_000)
  expect(cache.status.persistence).toBe('memory')
  return { site, cache }
}

it('a value that is set while an older one is stored again is what the disk gets, though memory had no room for it', async () => {
  const { site, cache } = await probing()
  await site.within(1_000, Promise.all([cache.set('a', 'second'), cache.set('b', 'pushes it out')]))
  await site.pass(2_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.within(1_000, cache.get('a'))).not.toBe('first')
  expect((await site.values())['a']).not.toBe('first')
})

it('what is removed while it is stored again does not come back', async () => {
  const { site, cache } = await probing()
  await site.within(1_000, cache.delete('a'))
  await site.pass(2_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.within(1_000, cache.get('a'))).toBeUndefined()
  expect(await site.values()).toEqual({})
})

it('what memory has decided while it is stored again is what the disk gets', async () => {
  const { site, cache } = await probing({})
  expect(await site.within(0, Promise.all([cache.add('a', 'second'), cache.add('b', 'new'), cache.update('c', 'nothing'), cache.touch('a', 0)]))).toEqual([false, true, undefined, true])
  await site.pass(2_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toEqual({ b: 'new' })
})

it('an update that storage does not answer, and that a later set has overtaken, does not claim to have replaced it', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  site.factory.fail({ operation: 'open', phase: 'hang' })
  site.factory.forceClose()
  await turns(20)
  const updating = cache.update('a', 'updated')
  await turns(20)
  const setting = cache.set('a', 'later')
  expect(await site.within(5_000, updating)).toBeUndefined()
  await site.within(5_000, setting)
  expect(cache.peek('a')).toBe('later')
})

it('a read after a write for which room is being made waits for it, though another write is waiting', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>(SMALL)
  await site.within(1_000, cache.setMany(Array.from({ length: 10 }, (_, place) => [`k${place}`, place]), { ttl: 1_000 }))
  await site.within(1_000, cache.set('a', 'old'))
  site.factory.fail({ ...FULL_DISK, times: 1 })
  const slow = site.factory.fail({ operation: 'count', phase: 'late', after: 300, times: 1 })
  const writing = cache.set('a', 'new')
  await until(() => slow.fired > 0)
  const others = cache.set('b', 1)
  await turns(1)
  expect(await site.within(2_000, cache.get('a'))).toBe('new')
  await site.within(2_000, Promise.all([writing, others]))
})

it('reads that ride in a sweep which fails are answered all the same', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany(Array.from({ length: 100 }, (_, place) => [`old ${place}`, place]), { ttl: 1_000 }))
  await site.within(1_000, cache.setMany([['a', 1], ['b', 2]]))
  const next = await site.reload<unknown>()
  await site.within(1_000, next.get('nothing'))
  await site.pass(2_000)
  const failing = site.factory.fail({ operation: 'get', phase: 'request', times: 1, when: ({ mode, store }) => mode === 'readwrite' && store === 'entries' })
  const sweeping = next.sweep()
  const reading = Promise.all([next.get('a'), next.get('b')])
  expect(await site.within(2_000, reading)).toEqual([1, 2])
  expect(failing.fired, 'a read rode').toBe(1)
  await site.within(2_000, sweeping)
  expect(await site.values()).toEqual({ a: 1, b: 2 })
})

it('a request that throws in the middle of several reads leaves nothing unhandled', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany([['a', 1], ['b', 2], ['c', 3]]))
  const next = await site.reload<unknown>()
  await site.within(1_000, next.get('nothing'))
  site.factory.fail({ operation: 'get', phase: 'sync', error: 'TransactionInactiveError', nth: 2 })
  expect(await site.within(2_000, next.getMany(['a', 'b', 'c']))).toEqual(new Map([['a', 1], ['b', 2], ['c', 3]]))
})

it('what another tab wrote before does not stand in for a newer value that found no room, though the log is gone', async () => {
  const site = createSite()
  new Network().install()
  const [one, other, third] = [await site.ready<unknown>(SMALL), await site.ready<unknown>(), await site.ready<unknown>()]
  await site.within(1_000, third.setMany(Array.from({ length: 20 }, (_, place) => [`k${place}`, place]), { ttl: 1_000_000 }))
  await site.within(1_000, third.set('a', 'theirs'))
  await site.pass(300)
  // Two tabs find no room: from now on they remove, and do no more.
  const full = site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, one.set('x', 1)))
  await rejection(site.within(1_000, other.set('y', 1)))
  full.end()
  await site.within(1_000, third.set('z', 1))
  await site.pass(300)
  await site.within(1_000, other.delete('nothing'))
  expect(await site.within(1_000, one.get('a'))).toBe('theirs')
  await site.within(1_000, one.set('a', 'mine'))
  await site.within(1_000, one.set('x', 'pushes it out'))
  await site.pass(300)
  expect(await site.within(1_000, one.get('a'))).not.toBe('theirs')
})

/** A page whose cache is the first that is opened on it. */
function onPage<T>(open: () => T): { page: EventTarget; cache: T } {
  const page = new EventTarget()
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  const cache = open()
  vi.stubGlobal('addEventListener', undefined)
  return { page, cache }
}

it.each<[call: string, ask: (cache: Cache<unknown>) => Promise<unknown>]>([
  ['get', (cache) => cache.get('a')],
  ['take', (cache) => cache.take('a')],
  ['update', (cache) => cache.update('a', 'mine')],
])('a page that comes back while it cannot ask what it has missed serves nothing that may be out of date: %s', async (_call, ask) => {
  const site = createSite()
  const network = new Network()
  network.install()
  const { page, cache } = onPage(() => site.open<unknown>())
  await site.within(1_000, cache.get('a'))
  const other = await site.ready<unknown>()
  await site.within(1_000, other.set('a', 'old'))
  await site.pass(100)
  expect(await site.within(1_000, cache.get('a'))).toBe('old')
  expect(cache.peek('a')).toBe('old')
  page.dispatchEvent(new Event('pagehide'))
  await site.within(1_000, other.set('a', 'new'))
  await site.pass(100)
  site.factory.fail({ operation: 'open', phase: 'request', error: 'InvalidStateError' })
  page.dispatchEvent(new Event('pageshow'))
  expect(await site.within(5_000, ask(cache))).toBeUndefined()
  expect(cache.peek('a')).toBeUndefined()
})

it('a page whose database has never opened serves nothing that may be out of date when it comes back, and all while it is there', async () => {
  const site = createSite()
  const network = new Network()
  network.install()
  const other = await site.ready<unknown>()
  const broken = site.factory.fail({ operation: 'open', phase: 'request', error: 'InvalidStateError' })
  const { page, cache } = onPage(() => site.open<unknown>())
  await site.within(5_000, cache.set('a', 'old'))
  for (const type of ['resume', 'pageshow']) page.dispatchEvent(new Event(type))
  expect(cache.peek('a')).toBe('old')
  page.dispatchEvent(new Event('pagehide'))
  await site.within(1_000, other.delete('a'))
  await site.pass(100)
  page.dispatchEvent(new Event('pageshow'))
  expect(cache.peek('a')).toBeUndefined()
  await site.within(5_000, cache.set('b', 'kept'))
  page.dispatchEvent(new Event('resume'))
  expect(cache.peek('b')).toBe('kept')
  broken.end()
})

it('an entry that is added during a load is not overwritten by it, however slow the disk is', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  const { runs, loader } = heldLoader<unknown>()
  const loading = cache.getOrLoad('a', loader)
  await until(() => runs.length > 0)
  site.factory.fail({ operation: 'commit', phase: 'late', after: 400, times: 1, when: ({ mode }) => mode === 'readwrite' })
  const adding = cache.add('a', 'added')
  await turns(20)
  runs[0]!.resolve('loaded')
  expect(await site.within(1_000, loading)).toBe('loaded')
  expect(await site.within(2_000, adding)).toBe(true)
  await site.within(2_000, cache.flush())
  expect(await site.within(1_000, cache.get('a'))).toBe('added')
  expect(await site.values()).toEqual({ a: 'added' })
})

it('an entry that is added as a load ends is not overwritten by it where storage was never there', async () => {
  const site = createSite()
  site.factory.fail({ operation: 'open', phase: 'request', error: 'InvalidStateError' })
  const cache = site.open<unknown>()
  const { runs, loader } = heldLoader<unknown>()
  const loading = cache.getOrLoad('a', loader)
  await until(() => runs.length > 0)
  runs[0]!.resolve('loaded')
  const adding = cache.add('a', 'added')
  expect(await site.within(1_000, loading)).toBe('loaded')
  expect(await site.within(1_000, adding)).toBe(true)
  expect(await site.within(1_000, cache.get('a'))).toBe('added')
})

it('what a tab removes during a load stays removed, though another tab changed the key before, and storage rests', async () => {
  const site = createSite()
  const network = new Network()
  network.install()
  const cache = await site.ready<unknown>()
  const { runs, loader } = heldLoader<unknown>()
  const loading = cache.getOrLoad('a', loader)
  await until(() => runs.length > 0)
  network.inject({ database: DATABASE, ids: [], changes: [{ type: 'delete', key: 'a' }] })
  site.factory.fail(NO_WRITES)
  await rejection(site.within(1_000, cache.clear()))
  runs[0]!.resolve('loaded')
  expect(await site.within(1_000, loading)).toBe('loaded')
  expect(await site.within(1_000, cache.get('a'))).toBeUndefined()
  expect(cache.peek('a')).toBeUndefined()
})

it('a write that fails when a read has already failed for good resolves, as those do that come later', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  site.factory.fail(NO_TRANSACTIONS)
  const reading = cache.get('a')
  await turns(1)
  const both = await site.within(1_000, Promise.allSettled([reading, cache.set('b', 1)]))
  expect(both).toMatchObject([{ value: undefined }, { status: 'fulfilled' }])
  expect(cache.status.persistence).toBe('memory')
  expect(cache.peek('b')).toBe(1)
  expect(site.reports).toMatchObject([{ code: 'read-failed' }])
})

it('the note of a page that lives on, and comes again, is left alone by a page that has seen to it once', async () => {
  const site = createSite()
  const [one, other, next] = ['one', 'other', 'next'].map(() => createMarker(DATABASE)) as [Marker, Marker, Marker]
  other.set()
  expect(one.recall()).toBe(true)
  one.clear()
  expect(site.storage.size).toBe(0)
  other.set()
  one.set()
  one.clear()
  expect(next.recall()).toBe(true)
})

it('destroy() is done where the engine does not list databases', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 1))
  Object.assign(site.factory, { databases: undefined })
  await site.within(5_000, cache.destroy())
  expect((await site.factory.base.databases()).map(({ name }) => name)).toEqual([])
})

it.each([
  ['is empty: done', false],
  ['could not be emptied: it rejects', true],
])('destroy() of a database whose deletion tells nothing, and that %s', async (_what, full) => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 1))
  site.factory.fail({ operation: 'deleteDatabase', phase: 'hang' })
  if (full) site.factory.fail(NO_WRITES)
  const ends = await site.within(20_000, Promise.allSettled([cache.destroy()]))
  expect(ends).toMatchObject([{ status: full ? 'rejected' : 'fulfilled' }])
  expect(await site.values()).toEqual(full ? { a: 1 } : {})
})

/** A cache whose database has gone, and does not open again: what it is asked for is under way until the time limit. */
async function stalling(): Promise<{ site: Site; network: Network; cache: Cache<unknown> }> {
  const site = createSite()
  const network = new Network()
  network.install()
  const cache = await site.ready<unknown>()
  site.factory.fail({ operation: 'open', phase: 'hang' })
  site.factory.forceClose()
  await turns(20)
  return { site, network, cache }
}

it.each<[what: string, meanwhile: (cache: Cache<unknown>, network: Network) => unknown]>([
  ['a removal of a tag that it does not have', (cache) => cache.deleteTag('other')],
  ['a change of the key in another tab', (_cache, network) => network.inject({ database: DATABASE, ids: [], changes: [{ type: 'set', key: 'a' }] })],
  ['a removal of a tag in another tab', (_cache, network) => network.inject({ database: DATABASE, ids: [], changes: [{ type: 'deleteTag', tag: 'other' }] })],
  ['another add of the key', (cache) => expect(cache.add('a', 'too late')).resolves.toBe(false)],
])('an entry that is added as storage fails is there, whatever comes meanwhile: %s', async (_what, meanwhile) => {
  const { site, network, cache } = await stalling()
  const adding = cache.add('a', 'added', { tags: ['own'] })
  await turns(20)
  const ends = meanwhile(cache, network)
  expect(await site.within(5_000, adding)).toBe(true)
  await site.within(5_000, Promise.resolve(ends))
  expect(cache.status.persistence).toBe('memory')
  expect(await site.within(1_000, cache.get('a'))).toBe('added')
  expect(await site.within(1_000, cache.update('a', 'updated'))).toBe('added')
  site.factory.heal()
  await site.pass(70_000)
  expect(await site.values()).toEqual({ a: 'updated' })
})

it.each<[what: string, meanwhile: (cache: Cache<unknown>) => Promise<unknown>, left: unknown]>([
  ['a removal of its tag', (cache) => cache.deleteTag('own'), undefined],
  ['its removal', (cache) => cache.delete('a'), undefined],
  ['a later value', (cache) => cache.set('a', 'later'), 'later'],
  ['a later value, before other changes', (cache) => Promise.all([cache.touch('a', 1_000_000), cache.set('a', 'later'), cache.touch('a', 2_000_000)]), 'later'],
])('what comes after an entry that is added as storage fails counts: %s', async (_what, meanwhile, left) => {
  const { site, cache } = await stalling()
  const adding = cache.add('a', 'added', { tags: ['own'] })
  await turns(20)
  const ends = meanwhile(cache)
  expect(await site.within(5_000, adding)).toBe(true)
  await site.within(5_000, ends.catch(() => {}))
  expect(await site.within(1_000, cache.get('a'))).toBe(left)
})

it('a value set after an update and a touch that are under way as storage fails stays', async () => {
  const { site, cache } = await stalling()
  const calls = [cache.update('a', 'updated'), cache.touch('a', 1_000_000), cache.set('a', 'later')]
  await site.within(5_000, Promise.all(calls))
  expect(cache.peek('a')).toBe('later')
})

it.each<[what: string, change: (cache: Cache<unknown>) => Promise<unknown>, options: object, also: boolean]>([
  ['its key', (cache) => cache.set('a', 'newer'), {}, false],
  ['a key that is stored with it', (cache) => cache.set('b', 'newer'), {}, true],
  ['a tag of it that nobody knew', (cache) => cache.deleteTag('x'), { tags: ['x'] }, false],
])('what a load has brought is not seen once another tab has told of a change during it: %s', async (_what, change, options, also) => {
  const site = createSite()
  const network = new Network()
  network.install()
  const [cache, other] = [await site.ready<unknown>(), await site.ready<unknown>()]
  for (const storageRests of [false, true]) {
    const { runs, loader } = heldLoader<unknown>()
    const loading = cache.getOrLoad('a', loader, { refresh: true })
    await until(() => runs.length > 0)
    await site.within(1_000, change(other))
    await site.pass(20)
    if (storageRests) {
      site.factory.fail(NO_WRITES)
      await rejection(site.within(1_000, cache.set('nothing', 1)))
    } else site.factory.fail({ operation: 'commit', phase: 'late', after: 300, times: 1, when: ({ mode }) => mode === 'readwrite' })
    runs[0]!.context.setOptions(options)
    if (also) runs[0]!.context.also('b', 'loaded')
    runs[0]!.resolve('loaded')
    expect(await loading).toBe('loaded')
    await turns(20)
    expect([cache.peek('a'), cache.peek('b')]).not.toContain('loaded')
    expect([await site.within(1_000, cache.get('a')), await site.within(1_000, cache.get('b'))]).not.toContain('loaded')
  }
})

it('what another tab changed before a load began, and told of during it, does not keep the load from being stored', async () => {
  const site = createSite()
  const network = new Network()
  network.install()
  const [cache, other] = [await site.ready<unknown>(), await site.ready<unknown>()]
  await site.within(1_000, other.set('a', 'older'))
  const { runs, loader } = heldLoader<unknown>()
  const loading = cache.getOrLoad('a', loader, { refresh: true })
  await until(() => runs.length > 0)
  network.inject({ database: DATABASE, ids: [], changes: [{ type: 'set', key: 'a' }] })
  runs[0]!.resolve('loaded')
  await loading
  expect(await site.within(1_000, cache.get('a'))).toBe('loaded')
  expect(await site.values()).toEqual({ a: 'loaded' })
})

it('what a tab has heard of before it set a key does not come back after it, though the tab missed what came before that', async () => {
  const site = createSite()
  const network = new Network()
  network.install()
  const [cache, other] = [await site.ready<unknown>(SMALL), await site.ready<unknown>()]
  network.deaf = true
  await site.within(0, other.set('x', 'missed'))
  await site.pass(20)
  network.deaf = false
  await site.within(0, other.set('a', 'older'))
  await site.pass(20)
  site.factory.fail(NO_TRANSACTIONS)
  await rejection(site.within(0, cache.set('a', 'newer')))
  await site.within(0, cache.set('b', 'pushes it out'))
  site.factory.heal()
  await site.pass(10_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.within(1_000, cache.get('a'))).toBeUndefined()
  expect(await site.values()).toEqual({ b: 'pushes it out', x: 'missed' })
})

const LATER: [what: string, change: (cache: Cache<unknown>) => Promise<unknown>][] = [
  ['a removal', (cache) => cache.delete('a')],
  ['a removal by prefix', (cache) => cache.deletePrefix('a')],
  ['a set', (cache) => cache.set('a', 'later')],
]

/** What was set is not there any more, once storage is back. */
async function expectOvertaken(site: Site, cache: Cache<unknown>): Promise<void> {
  site.factory.heal()
  await site.pass(60_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.within(1_000, cache.get('a'))).not.toBe('older')
  expect((await site.values())['a']).not.toBe('older')
}

it.each(LATER)('%s that storage refuses comes after a write that is under way by then', async (_what, change) => {
  const site = createSite()
  const cache = await site.ready<unknown>(SMALL)
  // A read that is not answered has storage left alone, while a write has to open the database anew.
  site.factory.fail({ operation: 'get', phase: 'hang', times: 1 })
  void cache.get('nothing')
  await site.pass(9_500)
  site.factory.fail({ ...NO_TRANSACTIONS, times: 1 })
  site.factory.fail({ operation: 'open', phase: 'late', after: 2_500, times: 1 })
  const setting = cache.set('a', 'older')
  await site.pass(1_500)
  expect(cache.status.persistence).toBe('memory')
  const changing = change(cache)
  // Memory has no room for it.
  void cache.set('b', 'pushes it out')
  await site.within(5_000, Promise.all([setting, changing]))
  await expectOvertaken(site, cache)
})

it.each(LATER)('%s that storage refuses comes after a write that waits for another by then', async (_what, change) => {
  const site = createSite()
  const cache = await site.ready<unknown>(SMALL)
  // The other takes so long, and has to be tried again, that the one that waits is let through as the probe.
  site.factory.fail({ operation: 'put', phase: 'late', after: 6_000, times: 1 })
  site.factory.fail({ operation: 'commit', phase: 'commit', times: 1, when: ({ mode }) => mode === 'readwrite' })
  const first = cache.set('x', 1)
  await turns(5)
  const waiting = cache.set('a', 'older')
  const reads = site.factory.fail({ ...NO_TRANSACTIONS, times: 2 })
  await site.within(0, cache.get('nothing'))
  expect([reads.fired, cache.status.persistence]).toEqual([2, 'memory'])
  const changing = change(cache)
  void cache.set('b', 'pushes it out')
  await site.within(10_000, Promise.all([first, waiting, changing]))
  await expectOvertaken(site, cache)
})

it('what is added while an earlier addition waits, and storage is left alone meanwhile, is decided after it', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 'there'))
  site.factory.fail({ operation: 'get', phase: 'hang', times: 1 })
  void cache.get('nothing')
  await site.pass(9_500)
  site.factory.fail({ operation: 'put', phase: 'late', after: 3_000, times: 1 })
  void cache.set('x', 'under way')
  await turns(5)
  const first = cache.add('a', 'first')
  await site.pass(1_000)
  expect(cache.status.persistence).toBe('memory')
  const second = cache.add('a', 'second')
  expect(await site.within(5_000, Promise.all([first, second]))).toEqual([false, false])
  expect(cache.peek('a')).toBe('there')
})

it('what is taken on a full disk between two values that it refuses is the first of them, not what they were to replace', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('a', 'on disk'))
  site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, cache.set('x', 1)))
  site.factory.fail({ operation: 'delete', phase: 'late', after: 3_000, times: 1 })
  void cache.delete('x')
  await turns(5)
  void cache.set('a', 'first')
  const taking = cache.take('a')
  void cache.set('a', 'second')
  expect(await site.within(5_000, taking)).toBe('first')
  expect(await site.within(1_000, cache.get('a'))).toBe('second')
})

it.each<[what: string, look: (site: Site, cache: Cache<unknown>) => Promise<unknown>]>([
  [
    'takes longer than anyone waits for it',
    async (site, cache) => {
      const rule = site.factory.fail({ operation: 'getAll', phase: 'late', after: 4_000, nth: 1 })
      expect(await site.within(10_000, cache.getOrLoad('b', () => 2))).toBe(2)
      await site.pass(2_000)
      expect(rule.fired).toBe(1)
      // The next look is quick.
      expect(await site.within(1_000, cache.getOrLoad('c', () => 3))).toBe(3)
    },
  ],
  [
    'is part of a removal on a full disk that is done once more',
    async (site, cache) => {
      site.factory.fail(FULL_DISK)
      const rule = site.factory.fail({ operation: 'getAll', phase: 'commit', error: 'AbortError', when: ({ store, mode }) => store === 'changes' && mode === 'readwrite', nth: 1 })
      await site.within(10_000, cache.delete('x'))
      expect(rule.fired).toBe(1)
    },
  ],
])('what a look at the log finds is not lost if it %s', async (_what, look) => {
  const site = createSite()
  const one = await site.ready<unknown>()
  const other = await site.ready<unknown>()
  await site.within(1_000, one.setMany([['a', 'old'], ['x', 1]]))
  // Nobody tells of it.
  await site.within(1_000, other.set('a', 'new'))
  await look(site, one)
  expect(await site.within(1_000, one.get('a'))).toBe('new')
})

type Calls = (cache: Cache<unknown>) => readonly Promise<unknown>[]

it.each<[what: string, calls: Calls, ends: readonly unknown[]]>([
  ['add, set', (cache) => [cache.add('a', 2), cache.set('a', 3)], [false, undefined]],
  ['update, take', (cache) => [cache.update('a', 2), cache.take('a')], [1, 2]],
  ['add of a missing key, delete', (cache) => [cache.add('b', 2), cache.delete('b')], [true, true]],
  ['touch, set', (cache) => [cache.touch('a', 100), cache.set('a', 3)], [true, undefined]],
])('where storage is left alone, calls that nobody awaits are decided in their order: %s', async (_what, calls, ends) => {
  const site = createSite()
  site.factory.fail({ operation: 'open', phase: 'sync', error: 'SecurityError' })
  const cache = site.open<unknown>()
  await site.within(0, cache.set('a', 1))
  expect(cache.status.persistence).toBe('memory')
  expect(await site.within(0, Promise.all(calls(cache)))).toEqual(ends)
})

it.each<[what: string, calls: Calls, ends: readonly unknown[]]>([
  ['set, add, set', (cache) => [cache.set('a', 1), cache.add('a', 2), cache.set('a', 3)], [undefined, false, undefined]],
  ['add, take', (cache) => [cache.add('a', 1), cache.take('a')], [true, 1]],
  ['add, add, delete', (cache) => [cache.add('a', 1), cache.add('a', 2), cache.delete('a')], [true, false, true]],
  ['add, add, set', (cache) => [cache.add('a', 1), cache.add('a', 2), cache.set('a', 3)], [true, false, undefined]],
  ['set, update, take', (cache) => [cache.set('a', 1), cache.update('a', 2), cache.take('a')], [undefined, 1, 2]],
  ['set, update, update, set', (cache) => [cache.set('a', 1), cache.update('a', 2), cache.update('a', 3), cache.set('a', 4)], [undefined, 1, 2, undefined]],
  ['set, touch, add, set', (cache) => [cache.set('a', 1), cache.touch('a', 0), cache.add('a', 2), cache.set('a', 3)], [undefined, true, true, undefined]],
])('where a fault shows during calls that nobody awaits, they are decided in their order: %s', async (_what, calls, ends) => {
  const site = createSite()
  site.factory.fail({ operation: 'open', phase: 'sync', error: 'SecurityError' })
  const cache = site.open<unknown>()
  expect(await site.within(0, Promise.all(calls(cache)))).toEqual(ends)
})

it('touch with a ttl of 0 while storage is left alone, with a codec: the value goes from disk too', async () => {
  const site = createSite()
  const codec = { encode: async (value: unknown) => [value], decode: (stored: unknown) => (stored as unknown[])[0] }
  const cache = await site.ready<unknown>({ codec })
  await site.within(1_000, cache.set('a', 'old'))
  site.factory.fail(NO_TRANSACTIONS)
  await rejection(site.within(1_000, cache.set('b', 1)))
  const told = site.errors.length
  expect(await site.within(0, cache.touch('a', 0))).toBe(true)
  await site.pass(10)
  expect(site.errors.slice(told)).toEqual([])
  site.factory.heal()
  await site.pass(60_000)
  expect(cache.status.persistence).toBe('indexeddb')
  expect(Object.keys(await site.values())).toEqual(['b'])
})

it('a load that began before its database opened, late, does not bring back what another tab has removed since, and told', async () => {
  const site = createSite()
  const network = new Network()
  network.install()
  const other = await site.ready<unknown>()
  const cache = site.open<unknown>()
  site.factory.fail({ operation: 'open', phase: 'late', after: 5_000, times: 1 })
  const { runs, loader } = heldLoader<unknown>()
  const loading = cache.getOrLoad('a', loader)
  await site.pass(4_500)
  expect(runs).toHaveLength(1)
  await site.pass(5_000)
  expect(cache.status.persistence).toBe('indexeddb')
  await site.within(1_000, Promise.all([other.set('a', 'newer'), other.delete('a')]))
  await site.pass(100)
  runs[0]!.resolve('from before')
  expect(await loading).toBe('from before')
  await site.pass(100)
  expect(await site.values()).not.toHaveProperty('a')
  expect([await site.within(1_000, cache.get('a')), await site.within(1_000, other.get('a'))]).toEqual([undefined, undefined])
})
