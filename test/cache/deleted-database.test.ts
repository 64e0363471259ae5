// A database that is deleted under a cache begins a new log, whose numbers may be lower than those the tab knows.

import { afterEach, expect, test, vi } from 'vitest'
import { createCache, type Cache } from '../../src/index.ts'
import { turns } from '../helpers/deferred.ts'
import { databaseNames } from '../helpers/indexed-db.ts'

afterEach(() => vi.restoreAllMocks())

async function deleteDatabases(): Promise<void> {
  for (const name of await databaseNames()) await new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve))
}

test('what memory holds goes with the database, at once, and the load after it is stored', async () => {
  const cache = createCache<number>({ name: 'numbers' })
  await cache.set('one', 1)
  const events: unknown[] = []
  cache.subscribe((event) => events.push(event))
  await deleteDatabases()
  expect(cache.peek('one')).toBeUndefined()
  expect(events).toEqual([{ type: 'deletePrefix', prefix: '', local: false }])
  await cache.getOrLoad('two', async () => 2)
  await cache.flush()
  expect(await cache.size()).toBe(1)
  expect(events.slice(1)).toEqual([{ type: 'set', key: 'two', local: true }])
  await cache.close()
  const next = createCache<number>({ name: 'numbers' })
  expect(await next.get('two')).toBe(2)
  await next.close()
})

test.each([[0.2, 0.8], [0.8, 0.2]])('loads are stored after the database was deleted: its log began at %d, the new one begins at %d', async (first, second) => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(first)
  const cache = createCache<number>({ name: 'numbers' })
  await cache.getOrLoad('one', async () => 1)
  await cache.flush()
  await deleteDatabases()
  random.mockReturnValue(second)
  await cache.getOrLoad('two', async () => 2)
  await cache.close()
  const next = createCache<number>({ name: 'numbers' })
  expect(await next.get('two')).toBe(2)
  await next.close()
})

test.each(Array.from({ length: 8 }, (_, wait) => wait))('it may be deleted at any moment of a look at the log: after %i turns', async (wait) => {
  const faults: unknown[] = []
  const open = (): Cache<number> => createCache<number>({ name: 'numbers', onError: (error) => faults.push(error) })
  const cache = open()
  await cache.set('one', 1)
  const deleting = deleteDatabases()
  await turns(wait)
  // It trims, for which it looks.
  await cache.flush()
  await deleting
  await turns()
  faults.length = 0
  await cache.set('two', 2)
  await cache.flush()
  expect(await cache.sweep()).toBe(0)
  expect([faults, cache.status.persistence]).toEqual([[], 'indexeddb'])
  await cache.close()
  const next = open()
  expect(await next.get('two')).toBe(2)
  await next.close()
})
