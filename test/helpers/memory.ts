// Memory caches for tests: with a clock that the test moves, looked into after every test.
// Importing this registers the look.

import { afterEach } from 'vitest'
import { createMemoryCache, type MemoryCache } from '../../src/memory/memory-cache.ts'
import type { MemoryCacheOptions } from '../../src/options.ts'
import { ManualClock } from './clock.ts'
import { look } from './inside.ts'

const made: MemoryCache<never>[] = []

afterEach(() => {
  for (const cache of made.splice(0)) look(cache)
})

export interface TestCache<V> {
  readonly cache: MemoryCache<V>
  readonly clock: ManualClock
  /** What onRemove was told since the last look: 'key value cause' each. */
  readonly removals: () => string[]
}

export function testCache<V = number>(options: MemoryCacheOptions<V> = {}): TestCache<V> {
  const clock = new ManualClock()
  let told: string[] = []
  const onRemove = (key: string, value: V, cause: string): void => {
    told.push(`${key} ${String(value)} ${cause}`)
  }
  const cache = createMemoryCache<V>({ clock, onRemove, ...options })
  made.push(cache as MemoryCache<never>)
  const removals = (): string[] => {
    const since = told
    told = []
    return since
  }
  return { cache, clock, removals }
}

/** Sets keys to 0, 1, 2 ... in the order given, so that the last one is the most recently used. */
export function fill(cache: MemoryCache<number>, keys: Iterable<string>, ttl?: number): void {
  let value = 0
  for (const key of keys) cache.set(key, value++, ttl === undefined ? {} : { ttl })
}
