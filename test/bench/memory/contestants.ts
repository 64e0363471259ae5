// The libraries, each loaded alone by the process that needs it, with the options that a user would give it.

import type { ContestantName } from './plan.ts'

export interface Value {
  readonly id: number
  readonly weight: number
}

/** What all of them have in common. */
export interface Contestant {
  get(key: string): Value | undefined
  set(key: string, value: Value): unknown
  readonly size: number
}

export interface Settings {
  readonly maxEntries: number
  /** ms; those without a ttl leave it. */
  readonly ttl: number
  /** A bound of weight beside that of entries. */
  readonly maxWeight?: number
  /** More keys come than `maxEntries`. */
  readonly evicts: boolean
}

export type Create = (settings: Settings) => Contestant

export const contestants: Readonly<Record<ContestantName, () => Promise<Create>>> = {
  map: async () => (settings) => (settings.evicts ? createFifo(settings) : new Map()),

  async bestbefore() {
    const { createMemoryCache } = await import('../../../src/index.ts')
    return ({ maxEntries, ttl, maxWeight }) =>
      maxWeight === undefined ? createMemoryCache<Value>({ maxEntries, ttl }) : createMemoryCache<Value>({ maxEntries, ttl, maxWeight, weigh: ({ weight }) => weight })
  },

  async 'lru-cache'() {
    const { LRUCache } = await import('lru-cache')
    return ({ maxEntries: max, ttl, maxWeight: maxSize }) =>
      maxSize === undefined ? new LRUCache<string, Value>({ max, ttl }) : new LRUCache<string, Value>({ max, ttl, maxSize, sizeCalculation: ({ weight }) => weight })
  },

  async 'tiny-lru'() {
    const { lru } = await import('tiny-lru')
    // Unless told to, it keeps an entry's old expiry when the entry is set again, which is less work and another meaning.
    return ({ maxEntries, ttl }) => lru<Value>(maxEntries, ttl, true)
  },

  async 'quick-lru'() {
    const { default: QuickLRU } = await import('quick-lru')
    return ({ maxEntries: maxSize, ttl: maxAge }) => new QuickLRU<string, Value>({ maxSize, maxAge })
  },

  async ttlcache() {
    const { TTLCache } = await import('@isaacs/ttlcache')
    return ({ maxEntries: max, ttl }) => new TTLCache<string, Value>({ max, ttl })
  },

  async mnemonist() {
    const { LRUMap } = await import('mnemonist')
    return ({ maxEntries }) => new LRUMap<string, Value>(maxEntries)
  },

  async 'lru.min'() {
    const { createLRU } = await import('lru.min')
    return ({ maxEntries: max }) => createLRU<string, Value>({ max })
  },
}

/** The limit of what a bounded cache can do: a Map that forgets its oldest key, whether it was used or not. */
function createFifo({ maxEntries }: Settings): Contestant {
  const map = new Map<string, Value>()
  // One iterator for all: a new one would step over all that was deleted before it, from the start.
  const oldest = map.keys()
  return {
    get: (key) => map.get(key),
    set(key, value) {
      map.set(key, value)
      if (map.size > maxEntries) map.delete(oldest.next().value!)
    },
    get size() {
      return map.size
    },
  }
}
