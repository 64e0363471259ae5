// What a cachedFetch stands on: memory alone; a database that must answer, as nothing fits in memory; or that database,
// opened anew for every request, as after a reload. Importing this installs the fake IndexedDB.

import 'fake-indexeddb/auto'
import { createCachedFetch } from '../../src/http/index.ts'
import { createCache, type Cache, type CacheOptions, type Clock } from '../../src/index.ts'

type CachedFetchOptions = NonNullable<Parameters<typeof createCachedFetch>[1]>
type Stored = Parameters<typeof createCachedFetch>[0] extends Cache<infer V> ? V : never

/** A cachedFetch and what it stands on. */
export interface Standing {
  readonly fetch: typeof fetch
  /** Which tiers have answered so far. */
  hits(): Hits
  close(): Promise<void>
}

export interface Hits {
  readonly memory: number
  readonly store: number
}

export interface Arrangement {
  readonly title: string
  /** Whether what is stored outlives the cache. */
  readonly persists: boolean
  /** @param id names the database, if there is one */
  open(clock: Clock, id: string, options?: CachedFetchOptions): Standing
}

export const MEMORY: Arrangement = { title: 'memory', persists: false, open: (clock, _id, options) => standOn({ clock }, options) }

export const PERSISTED: Arrangement = { title: 'persisted', persists: true, open: (clock, id, options) => standOn(onDisk(clock, id), options) }

export const RELOAD: Arrangement = {
  title: 'reload',
  persists: true,
  open(clock, id, options) {
    const hits = { memory: 0, store: 0 }
    let standing: Standing | undefined
    const close = async (): Promise<void> => {
      const last = standing
      if (!last) return
      standing = undefined
      hits.memory += last.hits().memory
      hits.store += last.hits().store
      await last.close()
    }
    return {
      fetch: async (input, init) => {
        await close()
        standing = standOn(onDisk(clock, id), options)
        return standing.fetch(input, init)
      },
      hits: () => hits,
      close,
    }
  },
}

export const ARRANGEMENTS: readonly Arrangement[] = [MEMORY, PERSISTED, RELOAD]

type Settings = CacheOptions<Stored> & { readonly clock: Clock }

function onDisk(clock: Clock, name: string): Settings {
  return { clock, name, maxWeight: 1, weigh: () => 2 }
}

function standOn(settings: Settings, options: CachedFetchOptions = {}): Standing {
  const cache = createCache(settings)
  return {
    fetch: createCachedFetch(cache, { ...options, clock: settings.clock }),
    hits() {
      const { memory, store } = cache.stats()
      return { memory: memory.hits + memory.stale, store: store.hits + store.stale }
    },
    close: () => cache.close(),
  }
}
