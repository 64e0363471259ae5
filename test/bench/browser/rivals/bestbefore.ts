// The library itself, as a user creates it.

import { createCache } from '../../../../src/index.ts'
import { TTL_MS } from '../page/workload.ts'
import type { Rival } from './rival.ts'

export const bestbefore: Rival = {
  async open(name, mostEntries = 10_000) {
    const faults: unknown[] = []
    const cache = createCache<string>({ name, ttl: TTL_MS, maxStoredEntries: mostEntries, onError: (error) => faults.push(error) })
    return {
      set: ({ key, value }) => cache.set(key, value),
      get: (key) => cache.get(key),
      setEach: (pairs) => Promise.all(pairs.map(({ key, value }) => cache.set(key, value))),
      getEach: (keys) => Promise.all(keys.map((key) => cache.get(key))),
      async close() {
        await cache.close()
        if (faults.length > 0) throw new Error(`Reported: ${faults.join('; ')}`)
      },
    }
  },
}
