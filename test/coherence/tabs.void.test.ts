// Loads of which nothing is kept any more: nobody waits for their end.

import { expect, it } from 'vitest'
import { createWorld } from './support/world.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { turns } from '../helpers/deferred.ts'
import { MEMORY_ALONE, placeOf } from '../helpers/caches.ts'

it('memory alone: a call after a delete begins its own load at once', async () => {
  const cache = placeOf(MEMORY_ALONE).open<string>()
  const { runs, loader } = heldLoader<string>()
  const first = cache.getOrLoad('a', loader)
  await until(() => runs.length === 1)
  await cache.delete('a')
  const second = cache.getOrLoad('a', loader)
  await turns(50)
  expect(runs.length).toBe(2)
  for (const { resolve } of runs) resolve('v')
  await Promise.all([first, second])
})

it('two tiers: a call after a delete begins its own load at once', async () => {
  const world = createWorld()
  const { cache } = world.tab<string>()
  const { runs, loader } = heldLoader<string>()
  const first = cache.getOrLoad('a', loader)
  await until(() => runs.length === 1)
  await cache.delete('a')
  const second = cache.getOrLoad('a', loader)
  await turns(50)
  const begun = runs.length
  runs[0]!.resolve('v')
  await turns(50)
  runs[1]?.resolve('v')
  await Promise.all([first, second])
  expect(begun).toBe(2)
})

it('two tiers: a refresh beside an ordinary load begins at once', async () => {
  const world = createWorld()
  const { cache } = world.tab<string>()
  const { runs, loader } = heldLoader<string>()
  const first = cache.getOrLoad('a', loader)
  await until(() => runs.length === 1)
  const second = cache.getOrLoad('a', loader, { refresh: true })
  await turns(50)
  const begun = runs.length
  runs[0]!.resolve('v')
  await turns(50)
  runs[1]?.resolve('v')
  await Promise.all([first, second])
  expect(begun).toBe(2)
})
