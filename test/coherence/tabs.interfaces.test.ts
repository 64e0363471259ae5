// Interfaces in two tabs that read again when an event comes, as the README has them: they show what the cache gives, and events
// that tell of no change do not keep them loading.

import { afterEach, expect, it, vi } from 'vitest'
import type { Cache, LoaderContext } from '../../src/index.ts'
import { damageOnPurpose } from '../helpers/caches.ts'
import { bound } from '../helpers/codecs.ts'
import { turns } from '../helpers/deferred.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { createWorld, type World } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Loads a key at once and at each event of it; returns how often it was asked for, when nothing happens any more. */
async function countLoads<V>(world: World, caches: readonly Cache<V>[], load: (context: LoaderContext<V>) => V): Promise<number> {
  const loader = vi.fn(async (context: LoaderContext<V>) => {
    await turns(1)
    return load(context)
  })
  const ends = caches.map((cache) => {
    const read = (): unknown => cache.getOrLoad('k', loader)
    void read()
    return cache.subscribe('k', read)
  })
  for (let round = 0; round < 20; round++) {
    await world.settle()
    await turns(20)
  }
  for (const end of ends) end()
  await world.settle()
  return loader.mock.calls.length
}

it.each<[what: string, options: object, value: () => unknown]>([
  ['that cannot be cloned', {}, () => ({ call: () => 1 })],
  ['that the codec refuses', { codec: { encode: () => Promise.reject(new Error('no WebCrypto')), decode: (stored: unknown) => stored } }, () => 1],
])('a value %s is loaded once by each tab, or little more', async (_what, options, value) => {
  damageOnPurpose()
  const world = createWorld()
  const caches = world.tabs<unknown>(2, options).map(({ cache }) => cache)
  expect(await countLoads(world, caches, value)).toBeLessThan(8)
})

it.each([1, 2])('what is not to be kept is loaded once by each of %i tabs', async (count) => {
  const world = createWorld()
  const caches = world.tabs<string>(count).map(({ cache }) => cache)
  const load = ({ setOptions }: LoaderContext<string>): string => {
    setOptions({ ttl: 0 })
    return 'text'
  }
  expect(await countLoads(world, caches, load)).toBe(count)
})

it('a load that brings what is not to be kept removes what was there', async () => {
  const world = createWorld()
  const [one, other] = world.tabs<string>(2)
  await one!.cache.set('k', 'old')
  await other!.cache.get('k')
  expect(await one!.cache.getOrLoad('k', () => 'new', { refresh: true, ttl: 0 })).toBe('new')
  await world.settle()
  expect([await one!.cache.get('k'), await other!.cache.get('k')]).toEqual([undefined, undefined])
})

it.each([
  ['nothing', undefined, {}],
  ['another value', 'before', {}],
  ['another value, in a codec', 'before', { codec: bound }],
])('what a load brings beside its value, and the disk refuses with it, is taken back by an event; in its place was %s', async (_what, before, options) => {
  const world = createWorld()
  const [one, other] = world.tabs<string>(2, options)
  if (before) await one!.cache.set('item', before)
  await one!.cache.get('list')
  await world.settle()
  const told: string[] = []
  const shown: (string | undefined)[] = []
  one!.cache.subscribe('item', async ({ type }) => {
    told.push(type)
    shown.push(await one!.cache.get('item'))
  })
  const { runs, loader } = heldLoader<string>()
  const loading = one!.cache.getOrLoad('list', loader)
  await until(() => runs.length > 0)
  // The message of it takes 5 ms.
  await other!.cache.delete('list')
  runs[0]!.context.also('item', 'loaded')
  runs[0]!.resolve('list')
  await loading
  await one!.cache.flush()
  await world.settle()
  expect(await one!.cache.get('item')).toBe(before)
  expect([told, shown.at(-1)]).toEqual([['set', before ? 'set' : 'delete'], before])
})

it.each<[what: string, change: (cache: Cache<number>) => Promise<unknown>[], told: readonly string[]]>([
  ['a prefix', (cache) => [cache.set('list/1', 1), cache.deletePrefix('list/'), cache.set('list/1', 2)], ['deletePrefix', 'set']],
  ['a tag', (cache) => [cache.set('list/1', 1, { tags: ['x'] }), cache.deleteTag('x'), cache.set('list/1', 2, { tags: ['x'] })], ['deleteTag', 'set']],
  ['the key', (cache) => [cache.set('list/1', 1), cache.delete('list/1'), cache.set('list/1', 2)], ['set']],
])('what is set again after a removal of %s is told of after it', async (_what, change, told) => {
  const world = createWorld()
  const [one, other] = world.tabs<number>(2)
  await other!.cache.get('x')
  await Promise.all(change(one!.cache))
  await world.settle()
  expect(other!.events.map(({ type }) => type)).toEqual(told)
  expect(await other!.cache.get('list/1')).toBe(2)
})
