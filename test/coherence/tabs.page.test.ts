// A page that comes back: what it missed while messages did not reach it, it learns from the log on disk before memory serves
// again.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { LOG_LENGTH } from '../../src/store/log.ts'
import { isPending, turns } from '../helpers/deferred.ts'
import { databaseNames, settled } from '../helpers/indexed-db.ts'
import { heldLoader, rejectionOf, until } from '../helpers/loads.ts'
import { away, createWorld, tierOf, type Tab } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

async function tiersOf(cache: Cache<unknown>): Promise<(string | undefined)[]> {
  return Promise.all(['a', 'b', 'c'].map((key) => tierOf(cache as Cache<never>, key)))
}

/** A transaction of another page that all others wait for, until it is let go. */
async function holdDisk(): Promise<() => void> {
  const [database = ''] = await databaseNames()
  const connection = await settled(indexedDB.open(database))
  const entries = connection.transaction(['entries', 'changes'], 'readwrite').objectStore('entries')
  let held = true
  const hold = (): void => {
    if (held) entries.get('x').onsuccess = hold
    else connection.close()
  }
  hold()
  return () => {
    held = false
  }
}

describe('a page that comes back', () => {
  it.each<[type: Parameters<Tab<unknown>['page']>[0]]>([['pageshow'], ['visibilitychange'], ['resume']])('on %s it drops what changed meanwhile and nothing else', async (type) => {
    const world = createWorld()
    const [one, other] = await away(world)
    await other.cache.set('a', 'new', { tags: ['x'] })
    await other.cache.delete('b')
    await world.settle()
    expect(one.cache.peek('a')).toBe('old')
    one.page(type)
    expect(await Promise.all([one.cache.get('a'), one.cache.get('b'), one.cache.get('c')])).toEqual(['new', undefined, 1])
    expect(await tierOf(one.cache as Cache<never>, 'c')).toBe('memory')
    expect(one.events).toEqual([{ type: 'set', key: 'a', local: false }, { type: 'delete', key: 'b', local: false }])
  })

  it.each<[what: string, change: (cache: Cache<unknown>) => Promise<unknown>, left: (string | undefined)[]]>([
    ['deletePrefix', (cache) => cache.deletePrefix('a'), [undefined, 'memory', 'memory']],
    ['deleteTag', (cache) => cache.deleteTag('x'), [undefined, 'memory', 'memory']],
    ['clear', (cache) => cache.clear(), [undefined, undefined, undefined]],
    ['touch', (cache) => cache.touch('b', 5_000), ['memory', 'store', 'memory']],
    ['changes of other keys', (cache) => cache.setMany([['d', 1], ['aa', 1]]), ['memory', 'memory', 'memory']],
    ['nothing', async () => {}, ['memory', 'memory', 'memory']],
  ])('after %s', async (_what, change, left) => {
    const world = createWorld()
    const [one, other] = await away(world)
    await change(other.cache)
    one.page('pageshow')
    expect(await tiersOf(one.cache)).toEqual(left)
  })

  it.each(['peek', 'get', 'getMany', 'info', 'has', 'getOrLoad', 'keys'] as const)('%s serves nothing from memory before it is checked', async (read) => {
    const world = createWorld()
    const [one, other] = await away(world)
    await other.cache.deletePrefix('a')
    one.page('pageshow')
    const reads: Record<typeof read, () => unknown> = {
      peek: () => one.cache.peek('a') ?? 'gone',
      get: async () => (await one.cache.get('a')) ?? 'gone',
      getMany: async () => ((await one.cache.getMany(['a'])).size ? 'there' : 'gone'),
      info: async () => (await one.cache.info('a')) ?? 'gone',
      has: async () => ((await one.cache.has('a')) ? 'there' : 'gone'),
      getOrLoad: () => one.cache.getOrLoad('a', () => 'gone', { ttl: 0 }),
      keys: async () => {
        for await (const key of one.cache.keys()) if (key === 'a') return 'there'
        return 'gone'
      },
    }
    expect(await reads[read]()).toBe('gone')
  })

  it('once more than the log holds was missed, everything is dropped', async () => {
    const world = createWorld()
    const [one, other] = await away(world)
    for (let commit = 0; commit < LOG_LENGTH; commit++) await other.cache.set('d', commit)
    one.page('pageshow')
    expect(await tiersOf(one.cache)).toEqual(['memory', 'memory', 'memory'])
    for (let commit = 0; commit < LOG_LENGTH + 100; commit++) await other.cache.set('d', commit)
    await other.cache.delete('a')
    one.page('pageshow')
    expect(await tiersOf(one.cache)).toEqual([undefined, 'store', 'store'])
    expect(one.events.at(-1)).toEqual({ type: 'deletePrefix', prefix: '', local: false })
  })

  it.each<[what: string, miss: (cache: Cache<unknown>) => Promise<unknown>]>([
    ['a clear', (cache) => cache.clear()],
    ['more than the log holds', async (cache) => {
      await cache.deletePrefix('')
      for (let commit = 0; commit < LOG_LENGTH + 100; commit++) await cache.set('d', commit)
    }],
  ])('%s is not missed because this tab has committed something since', async (_what, miss) => {
    const world = createWorld()
    const [one, other] = await away(world)
    await miss(other.cache)
    await one.cache.set('e', 1)
    one.page('pageshow')
    await world.settle()
    expect([one.cache.peek('a'), one.cache.peek('b')]).toEqual([undefined, undefined])
  })

  it('nor because a later message arrived', async () => {
    const world = createWorld()
    const [one, other] = await away(world)
    await other.cache.clear()
    await world.settle()
    world.network.deaf = false
    await other.cache.set('e', 1)
    await world.settle()
    one.page('pageshow')
    await world.settle()
    expect([one.cache.peek('a'), one.cache.peek('b')]).toEqual([undefined, undefined])
  })

  it('what was told and what was committed here is not dropped again', async () => {
    const world = createWorld()
    const [one, other] = await away(world)
    await other.cache.set('d', 1)
    await world.settle()
    world.network.deaf = false
    await one.cache.set('b', 'own')
    await other.cache.set('a', 'told')
    await world.settle()
    expect(await one.cache.get('a')).toBe('told')
    one.events.length = 0
    one.page('pageshow')
    expect(await tiersOf(one.cache)).toEqual(['memory', 'memory', 'memory'])
    expect(one.events).toEqual([{ type: 'set', key: 'd', local: false }])
  })

  it('several events at once check once: nothing is told twice', async () => {
    const world = createWorld()
    const [one, other] = await away(world)
    await other.cache.delete('a')
    one.page('resume')
    one.page('pageshow')
    one.page('visibilitychange')
    await world.settle()
    expect(one.events).toEqual([{ type: 'delete', key: 'a', local: false }])
  })

  it('a database that was deleted and made anew meanwhile has nothing in common with the old one', async () => {
    const world = createWorld()
    const [one, other] = await away(world)
    one.page('pagehide')
    await world.await(other.cache.destroy())
    const again = world.tab<unknown>()
    for (let commit = 0; commit < 10; commit++) await again.cache.set('b', commit)
    one.page('pageshow')
    await world.settle()
    expect(one.cache.peek('a')).toBeUndefined()
    expect(await one.cache.get('a')).toBeUndefined()
  })

  it('a call whose signal aborts while memory is checked ends at once and loads nothing', async () => {
    const world = createWorld()
    const [one] = await away(world)
    const { runs, loader } = heldLoader<unknown>()
    const controller = new AbortController()
    one.page('pageshow')
    const loading = one.cache.getOrLoad('new', loader, { signal: controller.signal })
    controller.abort()
    expect(await isPending(loading)).toBe(false)
    expect(await rejectionOf(loading)).toMatchObject({ name: 'AbortError' })
    expect(runs).toEqual([])
  })

  it('the time of a call passes while memory is checked, and goes on with its load', async () => {
    const world = createWorld()
    const [one] = await away(world)
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const letGo = await holdDisk()
    one.page('pageshow')
    const { runs, loader } = heldLoader<unknown>()
    const codes = [100, 500].map((timeout) => one.cache.getOrLoad('new', loader, { timeout }).catch((error: { code: string }) => error.code))
    await turns()
    await world.pass((now = 100))
    expect(await codes[0]).toBe('load-timeout')
    letGo()
    await until(() => runs.length > 0)
    await world.pass(399)
    expect(await isPending(codes[1]!)).toBe(true)
    await world.pass(1)
    expect(await codes[1]).toBe('load-timeout')
  })

  it.each(['close', 'destroy'] as const)('a load that waits for the check when %s comes keeps nothing', async (ending) => {
    const world = createWorld()
    const [one] = await away(world)
    one.page('pageshow')
    const loading = one.cache.getOrLoad('new', async () => 'loaded').catch(() => 'refused')
    await world.await(one.cache[ending]())
    await loading
    await turns()
    expect(one.cache.peek('new')).toBeUndefined()
  })
})
