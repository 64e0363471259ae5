// What is removed while a load looks at what is stored.

import { describe, expect, it } from 'vitest'
import { MEMORY_ALONE, PLAIN_STORE, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { controlled } from '../helpers/stores.ts'
import { createPlainStore } from '../store/plain-store.ts'
import { deferred, turns } from '../helpers/deferred.ts'
import { heldLoader, rejectionOf, until } from '../helpers/loads.ts'
import type { Cache, Loader } from '../../src/index.ts'

it.each<[string, (cache: Cache<string>) => Promise<unknown>]>([
  ['delete', (cache) => cache.delete('a')],
  ['deletePrefix', (cache) => cache.deletePrefix('a')],
  ['clear', (cache) => cache.clear()],
  ['deleteTag', (cache) => cache.deleteTag('x')],
])('a stale value that %s removes during the first look stands in for nothing', async (_what, remove) => {
  const place = placeOf(PLAIN_STORE)
  const control = controlled<string>(createPlainStore<string>(place.rows as never))
  const before = place.open<string>({ staleIfError: 60_000 })
  await before.set('a', 'old', { ttl: 10, tags: ['x'] })
  await before.close()
  place.clock.advance(10)
  const cache = place.open<string>({ store: control.store })
  control.hold('after', 'get')
  const seen: unknown[] = []
  const loading = rejectionOf(cache.getOrLoad('a', ({ stale }) => {
    seen.push(stale)
    throw new Error('down')
  }))
  await turns()
  void remove(cache)
  await turns()
  control.release()
  expect(await loading).toMatchObject({ message: 'down' })
  expect(seen).toEqual([undefined])
})

it('a value that is removed during the look is not served either where another load has ended meanwhile', async () => {
  const place = placeOf(PLAIN_STORE)
  const control = controlled<string>(createPlainStore<string>(place.rows as never))
  const before = place.open<string>()
  await before.set('a', 'old')
  await before.close()
  const cache = place.open<string>({ store: control.store })
  const gate = deferred<string>()
  const other = cache.getOrLoad('b', () => gate.promise)
  await turns()
  control.hold('after', 'get')
  const loading = cache.getOrLoad('a', () => 'loaded')
  await turns()
  const deleting = cache.delete('a')
  gate.resolve('b')
  await Promise.all([other, deleting])
  control.release()
  expect(await loading).toBe('loaded')
})

it('a caller after deleteTag() gets no value of a load from before it that names the tag at its end', async () => {
  const cache = placeOf(MEMORY_ALONE).open<string>()
  const { runs, loader } = heldLoader<string>()
  const before = cache.getOrLoad('list', loader)
  await until(() => runs.length > 0)
  await cache.deleteTag('items')
  const after = cache.getOrLoad('list', loader)
  await Promise.resolve()
  runs[0]!.context.setOptions({ tags: ['items'] })
  runs[0]!.resolve('old')
  expect(await before).toBe('old')
  await until(() => runs.length > 1)
  runs[1]!.resolve('new')
  expect(await after).toBe('new')
  expect(await cache.get('list')).toBe('new')
})

it('a caller who joins the look at the disk is not given what had expired before the call', async () => {
  const { open, clock } = placeOf(TWO_TIERS)
  const before = open<string>({ ttl: 100 })
  await before.set('a', 'old')
  await before.close()
  const cache = open<string>({ ttl: 100 })
  const first = cache.getOrLoad('a', () => 'new')
  clock.advance(5_000)
  expect(await cache.getOrLoad('a', () => 'new')).toBe('new')
  await first
})

describe.each([MEMORY_ALONE, TWO_TIERS])('$title: a load that names its tag at its end, after that was removed', (arrangement) => {
  const tagged = <V>(loader: Loader<V>): Loader<V> => async (context) => {
    const value = await loader(context)
    context.setOptions({ tags: ['t'] })
    return value
  }

  it('the caller who joined it and asks again has no more time than it gave', async () => {
    const cache = placeOf(arrangement).open<number>()
    const { runs, loader } = heldLoader<number>()
    const first = cache.getOrLoad('a', tagged(loader))
    await until(() => runs.length === 1)
    await cache.deleteTag('t')
    const start = performance.now()
    const second = rejectionOf(cache.getOrLoad('a', tagged(loader), { timeout: 2_000 }))
    await new Promise((resolve) => setTimeout(resolve, 1_900))
    runs[0]!.resolve(1)
    await first
    expect(await second).toMatchObject({ code: 'load-timeout' })
    expect(performance.now() - start).toBeLessThan(3_500)
    runs[1]?.resolve(2)
  })

  it.each(['close', 'destroy'] as const)('the caller who joined it is answered though a %s came meanwhile', async (end) => {
    const { open, faults } = placeOf(arrangement)
    const cache = open<number>()
    const { runs, loader } = heldLoader<number>()
    const first = cache.getOrLoad('a', tagged(loader))
    await until(() => runs.length === 1)
    await cache.set('b', 1)
    const second = cache.getOrLoad('a', tagged(loader))
    await cache[end]()
    runs[0]!.resolve(1)
    expect([await first, await second, runs.length, faults]).toEqual([1, 1, 1, []])
  })
})
