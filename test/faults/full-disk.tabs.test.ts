// Tabs on a full disk that do not hear each other: what one removes the others do not serve, nor bring back.

import { expect, it, vi } from 'vitest'
import { Network } from '../coherence/support/channel.ts'
import { turns } from '../helpers/deferred.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import type { Cache } from '../../src/index.ts'
import { createSite, FULL_DISK, NO_TRANSACTIONS, NO_WRITES, rejection, type Site } from './support/site.ts'

/** Two tabs that hold `a` and `b`; then the disk is full, and refuses one a value, which removes `a` there. */
async function removedOnFullDisk(refused: string): Promise<{ site: Site; one: Cache<unknown>; other: Cache<unknown> }> {
  const site = createSite()
  const [one, other] = [await site.ready<unknown>(), await site.ready<unknown>()]
  await site.within(1_000, one.setMany([['a', 'old'], ['b', 'old']]))
  for (const tab of [one, other]) await site.within(1_000, tab.getMany(['a', 'b']))
  site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, one.set(refused, 'refused')))
  expect(await site.within(1_000, one.delete('a'))).toBe(true)
  return { site, one, other }
}

it('a tab that has removed entries on a full disk finds what another has removed there', async () => {
  const { site, one, other } = await removedOnFullDisk('unsaved')
  expect(await site.within(1_000, other.delete('b'))).toBe(true)
  expect(await site.values()).toEqual({})
  // A load looks at the log first.
  await site.within(1_000, one.getOrLoad('loaded', () => 2).catch(() => {}))
  expect(await site.within(1_000, one.get('b')), 'removed by the other').toBeUndefined()
})

it('what such a tab loads meanwhile is not stored, where the other has removed its key', async () => {
  const { site, one, other } = await removedOnFullDisk('unsaved')
  const { runs: started, loader } = heldLoader<unknown>()
  const loading = one.getOrLoad('b', loader as never, { refresh: true })
  await until(() => started.length > 0)
  expect(await site.within(1_000, other.delete('b'))).toBe(true)
  site.factory.heal()
  await site.pass(65_000)
  started[0]!.resolve('from before the removal')
  await site.within(1_000, loading)
  await site.within(1_000, one.flush())
  expect(await site.values()).not.toHaveProperty('b')
  expect(await site.within(1_000, (await site.reload<unknown>()).get('b'))).toBeUndefined()
})

it('what such a tab alone holds is not stored when there is room again, where the other has removed it', async () => {
  const { site, other } = await removedOnFullDisk('b')
  await site.within(1_000, other.delete('b'))
  site.factory.heal()
  await site.pass(65_000)
  expect(await site.values()).not.toHaveProperty('b')
})

it.each([['a full disk', FULL_DISK], ['a disk that takes no writes', NO_WRITES], ['a disk that is out of order', NO_TRANSACTIONS]])('on %s two interfaces that load again at each event do not keep each other loading', async (_what, rule) => {
  new Network().install()
  const site = createSite()
  const tabs = [await site.ready<unknown>(), await site.ready<unknown>()]
  site.factory.fail(rule)
  const loader = vi.fn(async () => 1)
  for (const cache of tabs) {
    const read = (): unknown => cache.getOrLoad('k', loader)
    void read()
    cache.subscribe('k', read)
  }
  for (let round = 0; round < 60; round++) {
    await site.pass(10)
    await turns(20)
  }
  expect(loader.mock.calls.length).toBeLessThan(10)
})
