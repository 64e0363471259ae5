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

/** Two tabs that hear each other. */
async function hearing(options: object = {}): Promise<{ site: Site; one: Cache<string>; other: Cache<string> }> {
  new Network().install()
  const site = createSite()
  return { site, one: await site.ready<string>(options), other: await site.ready<string>(options) }
}

it.each([
  ['the room that is made for it', 10],
  ['the bound on disk', 1],
])('a set that a full disk refuses is heard of by a tab that holds an older value, which %s has taken from disk', async (_what, maxStoredEntries) => {
  const { site, one, other } = await hearing({ maxStoredEntries })
  await site.within(1_000, one.set('a', 'old', { ttl: 3_600_000 }))
  await site.pass(50)
  expect(await site.within(1_000, other.get('a'))).toBe('old')
  await site.within(1_000, one.set('b', 'x'))
  await site.within(1_000, one.flush())
  site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, one.set('a', 'new', { ttl: 3_600_000 })))
  await site.pass(1_000)
  expect(await site.within(1_000, one.get('a'))).toBe('new')
  expect(await site.within(1_000, other.get('a'))).not.toBe('old')
})

it('nor is what another tab has loaded since before it stored in its place', async () => {
  const { site, one, other } = await hearing()
  const { runs, loader } = heldLoader<string>()
  const loading = other.getOrLoad('a', loader)
  await until(() => runs.length > 0)
  const full = site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, one.set('a', 'new')))
  await site.pass(100)
  full.end()
  runs[0]!.resolve('old')
  await site.within(1_000, loading)
  await site.pass(130_000)
  expect(await site.within(1_000, one.get('a'))).toBe('new')
  expect(await site.within(1_000, other.get('a'))).not.toBe('old')
})

it.each(['update', 'touch'] as const)('a refused %s, which takes from disk what memory does not hold, is told in this tab as in others', async (what) => {
  const { site, one, other } = await hearing({ maxEntries: 1 })
  await site.within(1_000, one.set('room', 'x', { ttl: 1_000_000 }))
  for (const key of ['a', 'b']) await site.within(1_000, one.set(key, 'old'))
  await site.pass(50)
  const told: [who: string, type: string][] = []
  one.subscribe('a', ({ type }) => told.push(['one', type]))
  other.subscribe('a', ({ type }) => told.push(['other', type]))
  site.factory.fail(FULL_DISK)
  await rejection(what === 'update' ? site.within(1_000, one.update('a', 'new')) : site.within(1_000, one.touch('a', 1e9)))
  await site.pass(100)
  expect([await site.within(1_000, one.get('a')), await site.within(1_000, other.get('a'))]).toEqual([undefined, undefined])
  expect(told.sort()).toEqual([['one', 'delete'], ['other', 'delete']])
})
