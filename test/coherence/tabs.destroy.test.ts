// destroy() is a logout: in every tab memory is empty and the cache closed, and nothing is left on disk, whatever was under way.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { damageOnPurpose } from '../helpers/caches.ts'
import { controlledCodec } from '../helpers/codecs.ts'
import { turns } from '../helpers/deferred.ts'
import { follow } from '../helpers/events.ts'
import { databaseNames, settled } from '../helpers/indexed-db.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { createWorld, type Tab, type World } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

async function holding(world: World, count: number): Promise<Tab<unknown>[]> {
  const tabs = world.tabs<unknown>(count)
  await tabs[0]!.cache.setMany([['a', 1], ['b', 2]], { ttl: 60_000, tags: ['x'] })
  await world.settle()
  for (const { cache, events } of tabs) {
    await cache.getMany(['a', 'b'])
    events.length = 0
  }
  return tabs
}

/** What each object store holds. */
async function rowsIn(database: IDBDatabase): Promise<unknown[][]> {
  const stores = [...database.objectStoreNames]
  const transaction = database.transaction(stores)
  return Promise.all(stores.map((store) => settled<unknown[]>(transaction.objectStore(store).getAll())))
}

describe('destroy in one tab', () => {
  it('closes the cache in every tab: an event, memory empty, later calls rejected, nothing on disk', async () => {
    const world = createWorld()
    const tabs = await holding(world, 3)
    const own: unknown[] = []
    tabs[0]!.cache.subscribe((event) => own.push(event))
    await world.await(tabs[0]!.cache.destroy())
    await world.settle()
    expect(own).toEqual([{ type: 'destroy', local: true }])
    for (const { cache, events } of tabs) {
      expect(cache.peek('a')).toBeUndefined()
      expect(cache.stats().memory.size).toBe(0)
      if (cache !== tabs[0]!.cache) expect(events).toEqual([{ type: 'destroy', local: false }])
      for (const call of [cache.get('a'), cache.set('a', 1), cache.getOrLoad('a', () => 1), cache.size(), cache.flush(), cache.clear()]) {
        await expect(call).rejects.toMatchObject({ code: 'closed' })
      }
      await cache.close()
    }
    expect(await databaseNames()).toEqual([])
    expect(world.network.open).toBe(0)
    expect(world.faults).toEqual([])
  })

  it('reaches every data version of the name, and no other name', async () => {
    // The look at the disk afterwards knows one name.
    damageOnPurpose()
    const world = createWorld()
    const [one] = await holding(world, 1)
    const version = world.tab<unknown>({ version: '2' })
    const another = world.tab<unknown>({ name: 'another' })
    for (const { cache } of [version, another]) await cache.set('a', 1)
    await world.await(one!.cache.destroy())
    await world.settle()
    expect(version.events).toEqual([{ type: 'destroy', local: false }])
    await expect(version.cache.get('a')).rejects.toMatchObject({ code: 'closed' })
    expect(another.events).toEqual([])
    expect(await another.cache.get('a')).toBe(1)
    expect(await databaseNames()).toEqual([expect.stringContaining('another')])
  })

  it('takes writes under way in every tab with it, and none of them ends unhandled', async () => {
    const world = createWorld()
    const tabs = await holding(world, 3)
    const writes = tabs.flatMap(({ cache }, id) => [
      cache.set(`set ${id}`, 'secret', { tags: ['x'] }),
      cache.add(`add ${id}`, 'secret'),
      cache.update('a', 'secret'),
      cache.touch('b', 5_000),
      cache.take('a'),
      cache.deleteTag('x'),
    ])
    const destroying = tabs[1]!.cache.destroy()
    for (const { cache } of tabs) cache.set('late', 'secret').catch(() => {})
    await world.await(destroying)
    await Promise.allSettled(writes)
    await world.settle()
    expect(await databaseNames()).toEqual([])
    for (const { cache } of tabs) expect(['late', 'set 0', 'add 0', 'a'].map(cache.peek)).toEqual([undefined, undefined, undefined, undefined])
  })

  it('takes with it what a tab that is being closed has still to encode', async () => {
    const world = createWorld()
    const { codec, hold, release } = controlledCodec()
    const [one, other] = world.tabs<unknown>(2, { codec })
    await other!.cache.set('a', 1)
    hold('late')
    const setting = one!.cache.set('late', 'secret')
    await turns()
    const closing = one!.cache.close()
    await world.await(other!.cache.destroy())
    release()
    await expect(setting).rejects.toMatchObject({ code: 'closed' })
    await world.await(closing)
    expect(await databaseNames()).toEqual([])
  })

  it('voids loads under way in every tab: callers get the value, nothing is stored', async () => {
    const world = createWorld()
    const tabs = await holding(world, 3)
    const { runs, loader } = heldLoader<unknown>()
    const loading = tabs.map(({ cache }, id) => cache.getOrLoad(`load ${id}`, loader))
    await until(() => runs.length === 3)
    await world.await(tabs[2]!.cache.destroy())
    await world.settle()
    runs.forEach(({ resolve }, id) => resolve(`value ${id}`))
    expect(await Promise.all(loading)).toEqual(['value 0', 'value 1', 'value 2'])
    await world.settle()
    expect(await databaseNames()).toEqual([])
    tabs.forEach(({ cache }, id) => expect(cache.peek(`load ${id}`)).toBeUndefined())
  })

  it('reads under way become misses or are refused', async () => {
    const world = createWorld()
    const tabs = await holding(world, 2)
    const fresh = world.tab<unknown>()
    const reading = [fresh.cache.get('a'), fresh.cache.getMany(['b'])].map((read) => read.catch((error: { code: string }) => error.code))
    await world.await(tabs[0]!.cache.destroy())
    await Promise.all(reading)
    await world.settle()
    expect(fresh.cache.peek('a')).toBeUndefined()
    expect(fresh.cache.peek('b')).toBeUndefined()
    expect(await databaseNames()).toEqual([])
  })

  it('in all tabs at once, and told more than once', async () => {
    const world = createWorld()
    world.network.chaos = { duplicate: 1 }
    const tabs = await holding(world, 4)
    const told = tabs.map(({ cache }) => follow(cache as Tab<never>['cache']))
    const listener = tabs.pop()!
    told.pop()
    await world.await(Promise.all(tabs.map(({ cache }) => cache.destroy())))
    await world.settle()
    expect(told.map((each) => each.told())).toEqual(Array(3).fill([{ type: 'destroy' }]))
    expect(listener.events).toEqual([{ type: 'destroy', local: false }])
    expect(await databaseNames()).toEqual([])
    expect(world.faults).toEqual([])
  })

  it('another connection that blocks the deletion keeps nothing to read: no rows, no names of keys', async () => {
    const world = createWorld()
    const tabs = await holding(world, 2)
    const [database = ''] = await databaseNames()
    const blocker = await settled(indexedDB.open(database))
    void tabs[0]!.cache.set('secret key', 1)
    void tabs[1]!.cache.delete('other secret key')
    await world.await(tabs[0]!.cache.destroy())
    await world.settle()
    const left = JSON.stringify(await rowsIn(blocker))
    blocker.close()
    await turns()
    expect(await databaseNames()).toEqual([])
    expect(left).not.toContain('"value"')
    expect(left).not.toContain('secret key')
  })

  it.each([
    ['hears of it then', true],
    ['hears of nothing but the deletion', false],
  ])('what a tab that %s wrote last goes too, however long another connection keeps the database', async (_, hears) => {
    const world = createWorld()
    const [one, other] = await holding(world, 2)
    const [database = ''] = await databaseNames()
    const blocker = await settled(indexedDB.open(database))
    world.network.deaf = true
    const deleteDatabase = indexedDB.deleteDatabase.bind(indexedDB)
    // Every row has been cleared by then.
    vi.spyOn(indexedDB, 'deleteDatabase').mockImplementation((name) => {
      other!.cache.set('late', 'secret').catch(() => {})
      if (hears) setImmediate(() => world.network.inject({ destroy: true }))
      return deleteDatabase(name)
    })
    await world.await(one!.cache.destroy())
    await world.settle()
    const left = await rowsIn(blocker)
    blocker.close()
    await turns()
    expect(left).toEqual([[], []])
    expect(await databaseNames()).toEqual([])
  })

  it('a new cache of the name afterwards begins with nothing, and is not closed by what came late', async () => {
    const world = createWorld()
    const tabs = await holding(world, 2)
    await world.await(tabs[0]!.cache.destroy())
    await world.settle()
    const { cache, events } = world.tab<unknown>()
    expect(await cache.size()).toBe(0)
    await cache.set('a', 'new')
    await world.settle()
    expect(await cache.get('a')).toBe('new')
    expect(events).toEqual([])
  })

  it('a destroy that a tab on its way out missed leaves it with nothing to serve when it is back', async () => {
    const world = createWorld()
    const [one, other] = await holding(world, 2)
    one!.page('pagehide')
    await world.await(other!.cache.destroy())
    await world.settle()
    one!.page('pageshow')
    expect(await one!.cache.get('a')).toBeUndefined()
    expect(one!.cache.peek('b')).toBeUndefined()
  })

  it('a page that goes, and destroys as it does, reaches every tab, and keeps no channel open', async () => {
    const world = createWorld()
    const tabs = await holding(world, 3)
    tabs[0]!.page('pagehide')
    const destroying = tabs[0]!.cache.destroy()
    expect(world.network.open).toBe(2)
    await world.await(destroying)
    await world.settle()
    for (const { cache, events } of tabs.slice(1)) {
      expect(events).toEqual([{ type: 'destroy', local: false }])
      await expect(cache.set('a', 'again')).rejects.toMatchObject({ code: 'closed' })
    }
    expect(await databaseNames()).toEqual([])
    expect(world.network.open).toBe(0)
  })

  it('without a channel the others lose the data on disk, and serve nothing of it once they look there', async () => {
    const world = createWorld({ channel: false })
    const [one, other] = await holding(world, 2)
    await world.await(one!.cache.destroy())
    expect(await databaseNames()).toEqual([])
    other!.page('visibilitychange')
    expect(await other!.cache.getMany(['a', 'b'])).toEqual(new Map())
    await other!.cache.set('c', 1)
    expect(await other!.cache.get('c')).toBe(1)
  })
})
