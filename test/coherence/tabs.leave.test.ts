// A page that goes: it tells what it has committed, and lets go of channel and database for the back/forward cache.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { NAME } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { deferred, turns } from '../helpers/deferred.ts'
import { captureConnections, databaseNames, failWrites, lookAtDisk, settled } from '../helpers/indexed-db.ts'
import { away, createWorld } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a page that goes', () => {
  it('hidden: what was committed is told at once', async () => {
    const world = createWorld()
    const [one, other] = await away(world)
    world.network.deaf = false
    const before = world.network.posted.length
    await one.cache.delete('a')
    expect(world.network.posted).toHaveLength(before)
    one.page('visibilitychange', true)
    expect(world.network.posted).toHaveLength(before + 1)
    await world.settle()
    expect(other.cache.peek('a')).toBeUndefined()
    expect(one.events).toEqual([])
  })

  it('on pagehide it lets go of channel and database, and takes both up when it is back', async () => {
    const world = createWorld()
    const [one, other] = await away(world)
    world.network.deaf = false
    await one.cache.set('b', 'last')
    one.page('pagehide')
    expect(world.network.open).toBe(1)
    await world.settle()
    expect(other.events).toContainEqual({ type: 'set', key: 'b', local: false })
    await other.cache.close()
    const [database = ''] = await databaseNames()
    expect(database).toContain(NAME)
    const deletion = indexedDB.deleteDatabase(database)
    deletion.onblocked = () => expect.fail('still open')
    await settled(deletion)
    one.page('pageshow')
    expect(world.network.open).toBe(1)
    await one.cache.set('c', 'new')
    const { cache } = world.tab<unknown>()
    expect(await cache.get('c')).toBe('new')
    await cache.delete('c')
    await world.settle()
    expect(one.cache.peek('c')).toBeUndefined()
  })

  it('on pagehide with a write under way: the others are told of it once it is on disk', async () => {
    const world = createWorld()
    const [one, other] = await away(world)
    world.network.deaf = false
    const deleting = one.cache.delete('a')
    one.page('pagehide')
    await deleting
    await world.settle()
    expect(other.cache.peek('a')).toBeUndefined()
    expect(world.network.open, 'no channel stays open').toBe(1)
  })

  it('on pagehide it lets go of the locks of its loads, and waits for none: the others load at once', async () => {
    const world = createWorld()
    const [loading, waiting, other] = world.tabs<string>(3)
    const never = deferred<string>()
    const loads = [loading!.cache.getOrLoad('a', () => never.promise)]
    await turns()
    loads.push(waiting!.cache.getOrLoad('a', async () => 'waited'))
    await turns()
    const load = other!.cache.getOrLoad('a', async () => 'other')
    await turns()
    expect(world.locks.waitingFor(world.locks.held[0]!)).toBe(2)
    waiting!.page('pagehide')
    expect(world.locks.waitingFor(world.locks.held[0]!)).toBe(1)
    loading!.page('pagehide')
    expect(await load).toBe('other')
    for (const { page } of [loading!, waiting!]) page('pageshow')
    never.resolve('never')
    expect(await Promise.all(loads)).toEqual(['never', expect.any(String)])
    await world.settle()
    expect(world.locks.held).toEqual([])
    expect(await other!.cache.get('a')).not.toBe('never')
  })

  it('a load that begins in the page’s own listener of pagehide asks for no lock; one that begins when the page is back does', async () => {
    const world = createWorld()
    const [one] = world.tabs<string>(1, { ttl: SECOND, staleWhileRevalidate: 60 * SECOND })
    await one!.cache.set('a', 'stale')
    await world.settle()
    await world.pass(2 * SECOND)
    const never = deferred<string>()
    one!.page('pagehide')
    expect(await one!.cache.getOrLoad('a', () => never.promise)).toBe('stale')
    await turns()
    expect(world.locks.held).toEqual([])
    one!.page('pageshow')
    const load = one!.cache.getOrLoad('b', () => never.promise)
    await turns()
    expect(world.locks.held).toHaveLength(1)
    never.resolve('loaded')
    expect(await load).toBe('loaded')
  })

  it('pagehide closes the handle, and nothing opens it again until the page needs it', async () => {
    const world = createWorld()
    const connections = captureConnections()
    const { cache, page } = world.tab<unknown>()
    await cache.set('a', 1)
    await world.settle()
    const closed = connections.map((connection) => vi.spyOn(connection, 'close'))
    page('pagehide')
    await world.settle()
    expect(closed.map((close) => close.mock.calls.length)).toEqual([1])
    page('pageshow')
    expect(await cache.get('missing')).toBeUndefined()
    expect(connections).toHaveLength(2)
  })

  it.each<[what: string, act: (cache: Cache<unknown>) => unknown]>([
    ['a read', (cache) => cache.get('a')],
    ['a write', (cache) => cache.set('a', 1)],
    ['a write that waits for another', (cache) => [cache.set('a', 1), turns(1).then(() => cache.set('b', 2))]],
    ['an update', (cache) => cache.update('a', 1)],
    ['a flush', (cache) => [cache.set('a', 1), cache.flush()]],
    ['a sweep', (cache) => cache.sweep()],
    ['a load', (cache) => cache.getOrLoad('a', async () => turns(3))],
  ])('pagehide during %s: no handle stays open', async (_what, act) => {
    const codec = { encode: async (value: unknown) => value, decode: (value: unknown) => value }
    for (const options of [{}, { codec }]) {
      for (const isOpen of [false, true]) {
        for (const wait of [0, 1, 2, 3, 5]) {
          const world = createWorld()
          const connections = captureConnections()
          const close = vi.spyOn(IDBDatabase.prototype, 'close')
          const { cache, page } = world.tab<unknown>(options)
          if (isOpen) await cache.get('missing')
          act(cache)
          if (wait) await turns(wait)
          page('pagehide')
          await world.settle()
          await turns(80)
          expect(connections.filter((each) => !close.mock.contexts.includes(each)), `${isOpen}, ${wait}`).toEqual([])
          page('pageshow')
          await cache.set('b', 2)
          expect(await cache.get('b')).toBe(2)
          await cache.close()
          vi.restoreAllMocks()
        }
      }
    }
  })

  it('what memory alone holds, as storage fails, stays when the user looks at another page, and is written in the end', async () => {
    const world = createWorld()
    const { cache, page } = world.tab<unknown>()
    await cache.set('a', 'before')
    const faults = failWrites('UnknownError')
    await world.await(cache.set('a', 'refused').catch(() => {}))
    await world.await(cache.set('b', 'resolved'))
    expect(cache.status.persistence).toBe('memory')
    page('visibilitychange', true)
    page('visibilitychange')
    await turns()
    expect([await cache.get('a'), await cache.get('b')]).toEqual(['refused', 'resolved'])
    faults.end()
    await world.pass(60 * SECOND)
    await world.settle()
    expect((await lookAtDisk(NAME)).records).toMatchObject([{ key: 'a', value: 'refused' }, { key: 'b', value: 'resolved' }])
  })

  it('a closed cache listens to its page no more', async () => {
    const world = createWorld()
    const [one] = await away(world)
    await one.cache.close()
    const opened = vi.spyOn(indexedDB, 'open')
    for (const type of ['pagehide', 'pageshow', 'visibilitychange', 'resume'] as const) one.page(type)
    await world.settle()
    expect(opened).not.toHaveBeenCalled()
    expect(world.network.open).toBe(1)
  })

  it('one that has not used the database yet does not open it for a page event', async () => {
    const world = createWorld()
    const { page } = world.tab<unknown>()
    for (const type of ['pageshow', 'visibilitychange', 'pagehide', 'pageshow'] as const) page(type)
    await world.settle()
    expect(await databaseNames()).toEqual([])
  })
})
