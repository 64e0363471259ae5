// A change that is still under way when its key is removed, or set again: it neither overtakes nor tells what came after it.

import { describe, expect, it } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { placeOf, TWO_TIERS, PLAIN_STORE } from '../helpers/caches.ts'
import { follow } from '../helpers/events.ts'
import { heldLoader, until } from '../helpers/loads.ts'

describe.each([TWO_TIERS, PLAIN_STORE])('$title', (arrangement) => {
  it.each<[string, (cache: Cache<number>) => Promise<unknown>]>([
    ['add', (cache) => cache.add('a', 2)],
    ['update', (cache) => cache.update('a', 2)],
  ])('%s, then delete before it has ended: the last event tells that it is gone', async (what, change) => {
    const cache = placeOf(arrangement).open<number>()
    if (what === 'update') await cache.set('a', 1)
    const { told } = follow(cache as Cache<never>)
    await Promise.all([change(cache), cache.delete('a')])
    await cache.flush()
    expect(await cache.get('a')).toBe(undefined)
    expect((told() as { type: string }[]).at(-1)!.type).toBe('delete')
  })
})

it.each([TWO_TIERS, PLAIN_STORE])('$title: what is loaded after the delete is kept', async (arrangement) => {
  const cache = placeOf(arrangement).open<number>()
  const adding = cache.add('a', 1)
  const deleting = cache.delete('a')
  const { runs, loader } = heldLoader<number>()
  const loading = cache.getOrLoad('a', loader)
  await Promise.all([adding, deleting])
  await until(() => runs.length > 0)
  runs[0]!.resolve(7)
  expect(await loading).toBe(7)
  await cache.flush()
  expect(await cache.get('a')).toBe(7)
})
