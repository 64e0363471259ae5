// Iterations, while entries are removed here or in another tab: none that was removed is given.

import { expect, it } from 'vitest'
import { ALL_FROM_STORE, collected, placeOf } from '../helpers/caches.ts'
import { turns } from '../helpers/deferred.ts'
import { controlled } from '../helpers/stores.ts'
import { createPlainStore } from '../store/plain-store.ts'
import { createWorld } from './support/world.ts'

it('what is removed while an iteration asks once more for it is not given', async () => {
  const place = placeOf(ALL_FROM_STORE)
  const control = controlled<number>(createPlainStore<number>(place.rows as never))
  const cache = place.open<number>({ store: control.store })
  await cache.setMany([['a', 1], ['b', 2]])
  const entries = cache.entries()
  expect((await entries.next()).value).toEqual(['a', 1])
  await cache.set('b', 20)
  control.hold('after', 'get')
  const rest = collected(entries)
  await turns()
  expect(control.held).toBe(1)
  await cache.delete('b')
  control.release()
  expect(await rest).toEqual([])
})

it('an iteration that goes on as its page returns gives nothing that another tab removed meanwhile', async () => {
  const world = createWorld()
  const [one, other] = world.tabs<number>(2, { maxWeight: 1, weigh: () => 2 })
  await other!.cache.setMany([['a', 1], ['b', 2], ['c', 3]])
  await world.settle()
  await one!.cache.get('a')
  const entries = one!.cache.entries()
  expect((await entries.next()).value).toEqual(['a', 1])
  one!.page('pagehide')
  await world.settle()
  await other!.cache.delete('b')
  await other!.cache.set('c', 30)
  await world.settle()
  one!.page('pageshow')
  expect(await world.await(collected(entries))).toEqual([['c', 30]])
})
