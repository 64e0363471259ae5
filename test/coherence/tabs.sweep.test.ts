// Background sweeps of several tabs: the disk is swept by one at a time, memory by each.

import { afterEach, expect, it, vi } from 'vitest'
import { createCache } from '../../src/index.ts'
import { countDisk, databaseNames } from '../helpers/indexed-db.ts'
import { NAME } from '../helpers/caches.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { createWorld } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

it('a tab whose turn it is not frees its memory all the same, and the disk when its turn has come', async () => {
  const world = createWorld()
  const [one, other] = world.tabs<number>(2, { sweepInterval: 1_000 })
  await one!.cache.set('a', 1, { ttl: 500 })
  await world.settle()
  await other!.cache.get('a')
  const [database] = await databaseNames()
  let release!: () => void
  void navigator.locks.request(`sweep ${database}`, {}, () => new Promise<void>((resolve) => (release = resolve)))
  await world.settle()
  await world.pass(1_000)
  for (const { cache } of [one!, other!]) expect(cache.stats().memory).toMatchObject({ size: 0, expirations: 1 })
  expect(await countDisk(NAME)).toMatchObject({ records: 1 })
  release()
  await world.settle()
  await world.pass(1_000)
  await world.settle()
  expect(await countDisk(NAME)).toEqual({ records: 0, expiry: 0, tags: 0 })
})

it('a load under way keeps no tab from sweeping, whatever its key', async () => {
  const world = createWorld()
  const [one, other] = world.tabs<string>(2, { sweepInterval: 1_000 })
  await one!.cache.set('a', 'x', { ttl: 500 })
  await world.settle()
  const { runs, loader } = heldLoader<string>()
  const loading = other!.cache.getOrLoad('sweep', loader)
  await until(() => runs.length > 0)
  await world.pass(1_000)
  await world.settle()
  expect(await countDisk(NAME)).toMatchObject({ records: 0 })
  runs[0]!.resolve('value')
  await loading
})

it('a cache without a name asks for no lock', async () => {
  const world = createWorld()
  const request = vi.spyOn(navigator.locks, 'request')
  const cache = createCache<number>({ clock: world.clock, sweepInterval: 1_000 })
  await cache.set('a', 1, { ttl: 500 })
  await cache.getOrLoad('b', () => 2, { ttl: 500 })
  await world.pass(1_000)
  expect(cache.stats().memory).toMatchObject({ size: 0, expirations: 2 })
  expect(request).not.toHaveBeenCalled()
  await cache.close()
})
