// A database that is deleted under a cache begins a new log, whose numbers may be lower than those the tab knows.

import { afterEach, expect, test, vi } from 'vitest'
import { createCache } from '../../src/index.ts'
import { databaseNames } from '../helpers/indexed-db.ts'

afterEach(() => vi.restoreAllMocks())

test.each([[0.2, 0.8], [0.8, 0.2]])('loads are stored after the database was deleted: its log began at %d, the new one begins at %d', async (first, second) => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(first)
  const cache = createCache<number>({ name: 'numbers' })
  await cache.getOrLoad('one', async () => 1)
  await cache.flush()
  for (const name of await databaseNames()) await new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve))
  random.mockReturnValue(second)
  for (const key of ['two', 'three']) {
    await cache.getOrLoad(key, async () => 2)
    await cache.flush()
  }
  expect(await cache.has('three')).toBe(true)
  await cache.close()
})
