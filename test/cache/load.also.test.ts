// Entries that a loader stores beside its own: with it or not at all.

import { describe, expect, it, vi } from 'vitest'
import { createCache, type Cache, type LoaderContext, type SetOptions } from '../../src/index.ts'
import { ARRANGEMENTS, collected, damageOnPurpose, ENCODED, NAME, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { isPending, turns } from '../helpers/deferred.ts'
import { heldLoader, until } from '../helpers/loads.ts'

const entriesOf = async (cache: Cache<unknown>) => Object.fromEntries(await collected(cache.entries()))

/** A list that is loaded; its items are stored with it. */
const listLoader = ({ also }: LoaderContext<unknown>): string => {
  also('item/1', 'one')
  also('item/2', 'two')
  return 'list'
}

/** A load under way, and what it stores once it ends. */
async function startLoad(cache: Cache<unknown>) {
  const { runs, loader } = heldLoader<unknown>()
  const loading = cache.getOrLoad('list', loader, { tags: ['items'] })
  await until(() => runs.length > 0)
  return {
    async end(): Promise<Record<string, unknown>> {
      const [{ context, resolve }] = runs as [(typeof runs)[0]]
      resolve(listLoader(context))
      expect(await loading).toBe('list')
      await turns()
      await cache.flush()
      return entriesOf(cache)
    },
  }
}

describe.each([...ARRANGEMENTS, ENCODED])('$title', (arrangement) => {
  it('stores them with the loaded value, with its lifetime and tags', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open()
    await cache.getOrLoad(
      'list',
      async (context) => {
        const list = listLoader(context)
        context.setOptions({ ttl: 1_000 })
        clock.advance(50)
        return list
      },
      { ttl: 5, staleIfError: 500, tags: ['items'] },
    )
    await cache.flush()
    expect(await entriesOf(cache)).toEqual({ list: 'list', 'item/1': 'one', 'item/2': 'two' })
    const life = { createdAt: clock.time, staleAt: clock.time + 1_000, expiresAt: clock.time + 1_500, tags: ['items'] }
    for (const key of ['list', 'item/1', 'item/2']) expect(await cache.info(key)).toMatchObject(life)
    await cache.deleteTag('items')
    expect(await entriesOf(cache)).toEqual({})
  })

  it('serves them without a load of their own', async () => {
    const cache = placeOf(arrangement).open()
    await cache.getOrLoad('list', listLoader)
    expect(await cache.getOrLoad('item/1', () => expect.fail('called'))).toBe('one')
  })

  it('of two values of a key the later counts; its own key has the loaded one', async () => {
    const cache = placeOf(arrangement).open()
    await cache.getOrLoad('a', ({ also }) => {
      for (const [key, value] of [['b', 1], ['a', 2], ['b', 3]] as const) also(key, value)
      return 4
    })
    await cache.flush()
    expect(await entriesOf(cache)).toEqual({ a: 4, b: 3 })
  })

  it('replaces what is there', async () => {
    const cache = placeOf(arrangement).open()
    await cache.set('item/1', 'older', { tags: ['x'] })
    await cache.getOrLoad('list', listLoader)
    await cache.deleteTag('x')
    expect(await cache.get('item/1')).toBe('one')
  })

  it('nothing is stored where nothing was found, or the loader fails, nor after it has ended', async () => {
    const cache = placeOf(arrangement).open()
    let late!: LoaderContext<unknown>['also']
    await cache.getOrLoad('list', (context) => {
      listLoader(context)
      late = context.also
      return undefined
    })
    await cache.getOrLoad('list', (context) => Promise.reject(new Error(listLoader(context)))).catch(() => {})
    late('item/3', 'three')
    await turns()
    expect(await entriesOf(cache)).toEqual({})
  })

  it.each<[what: string, change: (cache: Cache<unknown>) => unknown, left: Record<string, unknown>]>([
    ['delete', (cache) => cache.delete('item/2'), {}],
    ['deleteMany', (cache) => cache.deleteMany(['x', 'item/2']), {}],
    ['take', (cache) => cache.take('item/2'), {}],
    ['deletePrefix', (cache) => cache.deletePrefix('item/'), {}],
    ['deleteTag', (cache) => cache.deleteTag('items'), {}],
    ['clear', (cache) => cache.clear(), {}],
    ['set', (cache) => cache.set('item/2', 'newer'), { 'item/2': 'newer' }],
    ['set with ttl 0', (cache) => cache.set('item/2', 'newer', { ttl: 0 }), {}],
    ['setMany', (cache) => cache.setMany([['x', 1], ['item/2', 'newer']]), { x: 1, 'item/2': 'newer' }],
    ['add', (cache) => cache.add('item/2', 'newer'), { 'item/2': 'newer' }],
    ['another load', (cache) => cache.getOrLoad('item/2', () => 'newer'), { 'item/2': 'newer' }],
    ['an entry of another load', (cache) => cache.getOrLoad('x', ({ also }) => also('item/2', 'newer') ?? 1), { x: 1, 'item/2': 'newer' }],
  ])('%s of one of the keys during the load keeps all of it from being stored', async (_what, change, left) => {
    const cache = placeOf(arrangement).open()
    const load = await startLoad(cache)
    await change(cache)
    expect(await load.end()).toEqual(left)
  })

  it.each<[what: string, change: (cache: Cache<unknown>) => Promise<unknown>]>([
    ['update', (cache) => cache.update('item/2', 'newer')],
    ['touch', (cache) => cache.touch('item/2', 1_000)],
  ])('%s of one of the keys during the load: likewise', async (_what, change) => {
    const cache = placeOf(arrangement).open()
    await cache.set('item/2', 'newer')
    const load = await startLoad(cache)
    await change(cache)
    expect(await load.end()).toEqual({ 'item/2': 'newer' })
  })

  it('a change that is still under way counts', async () => {
    const cache = placeOf(arrangement).open()
    const load = await startLoad(cache)
    const adding = cache.add('item/2', 'newer')
    expect(await load.end()).toEqual({ 'item/2': 'newer' })
    expect(await adding).toBe(true)
  })

  it.each<[what: string, change: (cache: Cache<unknown>) => unknown]>([
    ['a removal of what is none of its keys', (cache) => Promise.all([cache.delete('item/3'), cache.deletePrefix('it em'), cache.deleteTag('item/2')])],
    ['a set of what is none of its keys', (cache) => cache.set('item/22', 1).then(() => cache.delete('item/22'))],
    ['an add that finds something', (cache) => cache.add('before', 2)],
    ['reads of its keys', (cache) => Promise.all([cache.get('item/1'), cache.getOrLoad('item/2', () => undefined)])],
  ])('%s does not', async (_what, change) => {
    const cache = placeOf(arrangement).open()
    await cache.set('before', 1)
    const load = await startLoad(cache)
    await change(cache)
    expect(await load.end()).toEqual({ before: 1, list: 'list', 'item/1': 'one', 'item/2': 'two' })
  })

  it('changes before the load do not count, whatever loads were under way then', async () => {
    const cache = placeOf(arrangement).open()
    const { runs, loader } = heldLoader<unknown>()
    const other = cache.getOrLoad('other', loader)
    await until(() => runs.length > 0)
    await cache.deletePrefix('item/')
    const load = await startLoad(cache)
    expect(await load.end()).toEqual({ list: 'list', 'item/1': 'one', 'item/2': 'two' })
    runs[0]!.resolve(undefined)
    await other
  })

  it('refuses what set refuses, in the loader', async () => {
    const cache = placeOf(arrangement).open()
    const refusals = await cache.getOrLoad('list', ({ also }) => {
      const refusalOf = (key: unknown, value: unknown): unknown => {
        try {
          also(key as string, value)
        } catch (error) {
          return error
        }
        return expect.fail('not refused')
      }
      return [refusalOf(1, 1), refusalOf('a', undefined)].map(String)
    })
    expect(refusals).toEqual(['TypeError: Cannot load entry: key must be of type string: received 1', 'TypeError: Cannot load entry: value must be defined: received undefined'])
    expect(await entriesOf(cache)).toEqual({ list: refusals })
  })

  it('refuses a weight that is none', async () => {
    const cache = placeOf(arrangement).open<unknown>({ maxWeight: 10, weigh: (value) => value as number })
    await expect(cache.getOrLoad('a', ({ also }) => also('b', -1) ?? 1)).rejects.toThrow(RangeError)
    expect(await entriesOf(cache)).toEqual({})
  })
})

describe.each([TWO_TIERS, ENCODED])('in tabs: $title', (arrangement) => {
  /** Another tab, which nobody hears. */
  const openOther = (place: ReturnType<typeof placeOf>): Cache<unknown> => {
    vi.stubGlobal('BroadcastChannel', undefined)
    try {
      return place.open()
    } finally {
      vi.unstubAllGlobals()
    }
  }

  it.each<[what: string, change: (cache: Cache<unknown>) => unknown, left: Record<string, unknown>]>([
    ['delete', (cache) => cache.delete('item/2'), {}],
    ['deletePrefix', (cache) => cache.deletePrefix('item/'), {}],
    ['deleteTag', (cache) => cache.deleteTag('items'), {}],
    ['clear', (cache) => cache.clear(), {}],
    ['set', (cache) => cache.set('item/2', 'newer'), { 'item/2': 'newer' }],
    ['set of the key', (cache) => cache.set('list', 'newer'), { list: 'newer' }],
  ])('%s in another one during the load, of which no message tells, keeps all of it from being stored', async (_what, change, left) => {
    const place = placeOf(arrangement)
    const cache = place.open()
    const other = openOther(place)
    await other.set('item/1', 'there before')
    const load = await startLoad(cache)
    await change(other)
    const there = { 'item/1': 'there before', ...left }
    const expected = _what === 'deletePrefix' || _what === 'clear' ? left : there
    expect(await load.end()).toEqual(expected)
    expect(await entriesOf(other)).toEqual(expected)
  })

  it('all of it is there on the next page', async () => {
    const place = placeOf(arrangement)
    const cache = place.open()
    await (await startLoad(cache)).end()
    expect(await entriesOf(await place.reload(cache))).toEqual({ list: 'list', 'item/1': 'one', 'item/2': 'two' })
  })

  it('other entries are stored in one transaction with it: one that the loader cannot store keeps all from the disk', async () => {
    damageOnPurpose()
    const place = placeOf(arrangement)
    const cache = place.open()
    await cache.getOrLoad('list', ({ also }) => {
      also('item/1', 'one')
      return () => {}
    })
    await cache.flush()
    expect(place.faults).toEqual([arrangement.encoded ? 'codec-failed' : 'not-cloneable'])
    expect(await entriesOf(await place.reload(cache))).toEqual({})
  })
})

it('a value that the store could not keep is refused; memory alone, and a codec, take it', async () => {
  const load = async (cache: Cache<unknown>): Promise<unknown> => {
    const value = { call: () => {} }
    return cache.getOrLoad('a', ({ also }) => also('b', value) ?? 1).catch((error) => error.code)
  }
  expect(await load(placeOf(TWO_TIERS).open())).toBe('not-cloneable')
  expect(await load(createCache())).toBe(1)
  expect(await load(createCache({ name: NAME, codec: { encode: String, decode: String } }))).toBe(1)
})

it('a caller that leaves takes the other entries with it', async () => {
  const cache = createCache<unknown>()
  const { runs, loader } = heldLoader<unknown>()
  const controller = new AbortController()
  const loading = cache.getOrLoad('list', loader, { signal: controller.signal })
  await until(() => runs.length > 0)
  controller.abort()
  await loading.catch(() => {})
  runs[0]!.resolve(listLoader(runs[0]!.context))
  await turns()
  expect(await entriesOf(cache)).toEqual({})
  expect(await isPending(cache.flush())).toBe(false)
})

it.each<[what: string, changes: number, options: SetOptions, also: boolean, stored: boolean]>([
  ['more changes than are remembered: any may have been one of its keys', 25_000, {}, true, false],
  ['more changes than are remembered: any may have been of one of its tags', 25_000, { tags: ['x'] }, false, false],
  ['any number of changes: a load of one key without tags knows better', 25_000, {}, false, true],
  ['as many changes as are remembered', 9_000, { tags: ['x'] }, true, true],
])('%s', async (_what, changes, options, also, stored) => {
  const cache = createCache<unknown>()
  const { runs, loader } = heldLoader<unknown>()
  const earlier = heldLoader<unknown>()
  void cache.getOrLoad('earlier', earlier.loader)
  await cache.setMany(Array.from({ length: 15_000 }, (_, number) => [`${number}`, 0] as const))
  const loading = cache.getOrLoad('a', loader, options)
  await until(() => runs.length > 0)
  await cache.setMany(Array.from({ length: changes }, (_, number) => [`${number}`, 1] as const))
  if (also) runs[0]!.context.also('b', 1)
  runs[0]!.resolve(1)
  await loading
  await turns()
  expect([await cache.has('a'), await cache.has('b')]).toEqual([stored, stored && also])
})

it('of many entries the time grows with their number alone, whatever else has changed meanwhile', async () => {
  const { open } = placeOf(TWO_TIERS)
  const [cache, another] = [open<number>({ maxEntries: 10_000 }), open<number>()]
  const msOf = async (count: number): Promise<number> => {
    const { runs, loader } = heldLoader<number>()
    const loading = cache.getOrLoad(`list ${count}`, loader)
    await until(() => runs.length > 0)
    for (let nth = 0; nth < 100; nth++) await another.set(`other ${nth}`, nth)
    for (let nth = 0; nth < count; nth++) runs[0]!.context.also(`${count} ${nth}`, nth)
    const since = performance.now()
    runs[0]!.resolve(1)
    await loading
    await cache.flush()
    return performance.now() - since
  }
  const few = await msOf(100)
  const many = await msOf(1_000)
  expect(await cache.get('1000 999')).toBe(999)
  // A hundred times as much if each of them asked about all.
  expect(many / few).toBeLessThan(40)
})
