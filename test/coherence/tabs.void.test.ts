// Loads of which nothing is kept any more: nobody waits for their end.

import { expect, it } from 'vitest'
import type { Cache, LoadOptions } from '../../src/index.ts'
import { createWorld } from './support/world.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { turns } from '../helpers/deferred.ts'
import { MEMORY_ALONE, placeOf } from '../helpers/caches.ts'

it.each<[how: string, open: () => Cache<string>, overtake: (cache: Cache<string>) => Promise<unknown>, options?: LoadOptions]>([
  ['memory alone: a call after a delete', () => placeOf(MEMORY_ALONE).open<string>(), (cache) => cache.delete('a')],
  ['two tiers: a call after a delete', () => createWorld().tab<string>().cache, (cache) => cache.delete('a')],
  ['two tiers: a refresh beside an ordinary load', () => createWorld().tab<string>().cache, async () => {}, { refresh: true }],
])('%s begins its own load at once', async (_how, open, overtake, options) => {
  const cache = open()
  const { runs, loader } = heldLoader<string>()
  const first = cache.getOrLoad('a', loader)
  await until(() => runs.length === 1)
  await overtake(cache)
  const second = cache.getOrLoad('a', loader, options)
  await turns(50)
  const begun = runs.length
  runs[0]!.resolve('v')
  await turns(50)
  runs[1]?.resolve('v')
  await Promise.all([first, second])
  expect(begun).toBe(2)
})
