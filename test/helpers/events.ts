// What the subscribers of a cache are told.

import { expect } from 'vitest'
import type { Cache, CacheEvent } from '../../src/index.ts'

export interface Followed {
  /** Since the last look, `local` apart, which must be as expected. */
  told(): unknown[]
  end(): void
}

/** @param local whether all of it must come from this cache, or all of it from others */
export function follow(cache: Cache<never>, key?: string, local = true): Followed {
  let events: CacheEvent[] = []
  const listener = (event: CacheEvent): void => void events.push(event)
  return {
    end: key === undefined ? cache.subscribe(listener) : cache.subscribe(key, listener),
    told() {
      const since = events
      events = []
      expect(since.filter((event) => event.local !== local), local ? 'events of others' : 'events of its own').toEqual([])
      return since.map(({ local: _, ...event }) => event)
    },
  }
}
