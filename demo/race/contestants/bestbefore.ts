// bestbefore as a user creates it; only its clock is the race's.

import { createCache } from '../../../src/index.ts'
import type { Contestant } from '../contestant.ts'

export const bestbefore: Contestant = {
  async open(name, now) {
    const cache = createCache<string>({ name, clock: { now: () => now } })
    return {
      set: ({ key, value, expiresAt }) => cache.set(key, value, { ttl: expiresAt - now }),
      fill: (items) => Promise.all(items.map(({ key, value, expiresAt }) => cache.set(key, value, { ttl: expiresAt - now }))),
      get: (key) => cache.get(key),
      removeExpired: () => cache.sweep(),
      async keys() {
        const keys: string[] = []
        for await (const key of cache.keys()) keys.push(key)
        return keys
      },
      close: () => cache.close(),
    }
  },
  remove: (name) => createCache({ name }).destroy(),
}
