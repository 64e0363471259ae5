// Listeners of the app that are async, and that change the cache themselves: what they reject with is reported, and all hear all in order.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createMemoryCache, type Cache } from '../../src/index.ts'
import { ARRANGEMENTS, placeOf } from '../helpers/caches.ts'
import { turns } from '../helpers/deferred.ts'
import { follow } from '../helpers/events.ts'

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)
const mistake = new Error('of the app')
const rejects = async (): Promise<void> => {
  throw mistake
}

beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(() => {
  process.off('unhandledRejection', note)
  vi.unstubAllGlobals()
})

it.each(ARRANGEMENTS.slice(0, 2))('$title: what the promise of a listener rejects with is reported', async (arrangement) => {
  const report = vi.fn()
  vi.stubGlobal('reportError', report)
  const cache = placeOf(arrangement).open<number>()
  cache.subscribe(rejects)
  cache.subscribe('a', rejects)
  await cache.set('a', 1)
  await turns()
  expect([unhandled, report.mock.calls]).toEqual([[], [[mistake], [mistake]]])
})

it.each(ARRANGEMENTS.slice(0, 2))('$title: likewise of onRemove', async (arrangement) => {
  const report = vi.fn()
  vi.stubGlobal('reportError', report)
  const cache = placeOf(arrangement).open<number>({ onRemove: rejects })
  await cache.set('a', 1)
  await cache.set('a', 2)
  await turns()
  expect([unhandled, report.mock.calls]).toEqual([[], [[mistake]]])
  await cache.close()
})

it('createMemoryCache: likewise of onRemove', async () => {
  const report = vi.fn()
  vi.stubGlobal('reportError', report)
  const cache = createMemoryCache<number>({ onRemove: rejects })
  cache.set('a', 1)
  cache.set('a', 2)
  await turns()
  expect([unhandled, report.mock.calls]).toEqual([[], [[mistake]]])
})

it.each(ARRANGEMENTS.slice(0, 2))('$title: a listener that sets what is deleted: others hear of the set last', async (arrangement) => {
  const cache = placeOf(arrangement).open<number>()
  await cache.set('a', 1)
  const end = cache.subscribe(() => {
    end()
    void cache.set('a', 2)
  })
  const { told } = follow(cache as Cache<never>)
  await cache.delete('a')
  expect(told().map((event) => (event as { type: string }).type)).toEqual(['delete', 'set'])
  expect(await cache.get('a')).toBe(2)
})
