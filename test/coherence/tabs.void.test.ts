// Loads of which nothing is kept any more: nobody waits for their end.

import { expect, it } from 'vitest'
import type { Cache, LoadOptions } from '../../src/index.ts'
import { createWorld } from './support/world.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { deferred, turns, type Deferred } from '../helpers/deferred.ts'
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

it('a stale value that another tab removes, and tells of, while it is decoded stands in for nothing', async () => {
  const world = createWorld()
  let gate: Deferred | undefined
  let decoding = false
  const codec = {
    encode: (value: string) => value,
    async decode(stored: unknown) {
      decoding = true
      await gate?.promise
      return stored as string
    },
  }
  const [one, other] = [world.tab<string>({ codec }), world.tab<string>({ codec })]
  await other.cache.set('k', 'old', { ttl: 10, staleIfError: 10_000 })
  await one.cache.get('x')
  await world.pass(10)
  gate = deferred()
  decoding = false
  const { runs, loader } = heldLoader<string>()
  const loading = one.cache.getOrLoad('k', loader)
  await until(() => decoding)
  const removing = other.cache.delete('k')
  gate.resolve()
  await removing
  await until(() => runs.length > 0)
  expect(runs[0]!.context.stale).toBeUndefined()
  runs[0]!.reject(new Error('offline'))
  await expect(loading).rejects.toThrow('offline')
})
