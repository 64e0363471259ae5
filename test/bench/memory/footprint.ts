// What an entry costs beside its key and its value: both are there before the cache is, and counted out.

import { setTimeout as sleep } from 'node:timers/promises'
import { contestants, type Contestant } from './contestants.ts'
import { createKeys } from './keys.ts'
import { LONG_TTL, type Answer, type ContestantName } from './plan.ts'
import { collect } from './timing.ts'
import { valueAt } from './workloads.ts'

/** At the least, of as many small caches as it takes: some kilobytes of the engine's own come and go. */
const MEASURED_ENTRIES = 200_000

/** @returns `bytes` per entry of a cache that is full for the first time */
export async function footprint(name: ContestantName, entries: number): Promise<Answer> {
  const keys = createKeys('strings', entries, 1)
  const create = await contestants[name]()
  const fill = (): Contestant => {
    const cache = create({ maxEntries: entries, ttl: LONG_TTL, evicts: false })
    keys.forEach((key, index) => cache.set(key, valueAt(index)))
    return cache
  }
  // Code that is compiled is not an entry's: a first cache pays for it. This function would hold it while it waits.
  const warmUp = () => void fill()
  warmUp()
  const before = await bytesInUse()
  const caches = Array.from({ length: Math.ceil(MEASURED_ENTRIES / entries) }, fill)
  const bytes = (await bytesInUse()) - before
  for (const cache of caches) {
    if (cache.get(keys[0]!) === undefined || cache.size !== entries) throw new Error(`${name}: holds ${cache.size} entries, not ${entries}`)
  }
  return { bytes: bytes / entries / caches.length }
}

/** Typed arrays lie outside of the heap. Timers of a library can hold a cache for some ms. */
async function bytesInUse(): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    await sleep(10)
    collect()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
