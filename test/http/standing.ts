// A cachedFetch on a place of the cache's own tests, which outlives it and is checked after each test.

import { createCachedFetch, type CachedFetch, type CachedFetchOptions, type HttpEntry } from '../../src/http/index.ts'
import type { Cache, CacheOptions } from '../../src/index.ts'
import { ALL_FROM_DISK, MEMORY_ALONE, NAME, TWO_TIERS, type Arrangement, type Place } from '../helpers/caches.ts'
import { countDisk, lookAtDisk } from '../helpers/indexed-db.ts'

export const TIERS: readonly Arrangement[] = [MEMORY_ALONE, TWO_TIERS, ALL_FROM_DISK]

export interface Standing {
  readonly fetch: CachedFetch
  readonly cache: Cache<HttpEntry>
  /** Makes a request and reads its body. */
  text(url: string, init?: RequestInit): Promise<string>
  /** The body with what Cache-Status says, this cache's name left out. */
  ask(url: string, init?: RequestInit): Promise<readonly [body: string, cacheStatus: string]>
}

export function standOn(place: Place, options: CachedFetchOptions = {}, cache: Cache<HttpEntry> = place.open<HttpEntry>()): Standing {
  const fetch = createCachedFetch(cache, { clock: place.clock, ...options })
  return {
    fetch,
    cache,
    text: async (url, init) => (await fetch(url, init)).text(),
    async ask(url, init) {
      const response = await fetch(url, init)
      return [await response.text(), cacheStatusOf(response)]
    },
  }
}

export function cacheStatusOf({ headers }: Response): string {
  return (headers.get('cache-status') ?? '').replace(/^bestbefore; /, '')
}

/** As after a reload: nothing is in memory. */
export async function reload(place: Place, { cache }: Standing, options?: CachedFetchOptions, cacheOptions?: CacheOptions<HttpEntry>): Promise<Standing> {
  return standOn(place, options, await place.reload(cache, cacheOptions))
}

/** Keys on disk once all is written. */
export async function keysOnDisk({ cache }: Pick<Standing, 'cache'>): Promise<string[]> {
  await cache.flush()
  return (await lookAtDisk(NAME)).records.map(({ key }) => String(key))
}

export async function rowsOnDisk({ cache }: Pick<Standing, 'cache'>): Promise<{ records: number; expiry: number; tags: number }> {
  await cache.flush()
  return countDisk(NAME)
}

export const NO_ROWS = { records: 0, expiry: 0, tags: 0 }

export const as = (user: string): { headers: Record<string, string> } => ({ headers: { Authorization: `Bearer ${user}` } })
