// The bound on disk, where pages each write less than a tenth of it and live for less than a sweep's interval.

import { expect, it } from 'vitest'
import { countDisk } from '../helpers/indexed-db.ts'
import { createCache } from '../../src/index.ts'

it('an app that opens and closes caches often keeps the bound on disk about', async () => {
  for (let session = 0; session < 30; session++) {
    const cache = createCache<number>({ name: 'test', maxStoredEntries: 100, ttl: 60_000 })
    await cache.setMany(Array.from({ length: 50 }, (_, id) => [`${session}:${id}`, id] as const))
    await cache.close()
  }
  expect((await countDisk('test')).records).toBeLessThanOrEqual(100 + 110 + 50)
})

it('pages and service workers that are left without close keep it about', async () => {
  let most = 0
  for (let session = 0; session < 60; session++) {
    const cache = createCache<number>({ name: 'test', maxStoredEntries: 100, ttl: 60_000 })
    await cache.getOrLoad(`${session}`, () => 1)
    for (let id = 0; id < 30; id++) await cache.set(`${session}:${id}`, id)
    await new Promise((end) => setTimeout(end, 5))
    most = Math.max(most, (await countDisk('test')).records)
  }
  expect(most).toBeLessThanOrEqual(100 + 110 + 31)
})

it('a flush that runs beside another, and a close, wait until the bound holds', async () => {
  const cache = createCache<number>({ name: 'test', maxStoredEntries: 3 })
  for (let id = 0; id < 30; id++) await cache.set(`${id}`, id)
  const kept: number[] = []
  const flush = async (): Promise<void> => {
    await cache.flush()
    kept.push((await countDisk('test')).records)
  }
  await Promise.all([flush(), flush(), cache.close()])
  expect(kept).toEqual([3, 3])
})
