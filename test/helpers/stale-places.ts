// Where a stale entry can lie when getOrLoad is asked for it: each arrangement of tiers, and each that outlives the page
// after a reload too, when memory has nothing of it yet.

import type { Cache, CacheError, CacheOptions, SetOptions } from '../../src/index.ts'
import { ARRANGEMENTS, placeOf, type Arrangement } from './caches.ts'
import type { ManualClock } from './clock.ts'

export interface StalePlace extends Arrangement {
  readonly reloaded: boolean
}

export const PLACES: readonly StalePlace[] = ARRANGEMENTS.flatMap((arrangement) => {
  const place = { ...arrangement, reloaded: false }
  return arrangement.second === 'nothing' ? [place] : [place, { ...arrangement, title: `${arrangement.title}, after a reload`, reloaded: true }]
})

export interface Stale<V> {
  readonly cache: Cache<V>
  readonly clock: ManualClock
  /** What onError was told. */
  readonly errors: CacheError[]
}

/** A cache whose key `a` has just come to the end of its ttl, of 10 ms. */
export async function staleIn<V>(place: StalePlace, value: V, life: SetOptions, options: CacheOptions<V> = {}): Promise<Stale<V>> {
  const { open, reload, clock } = placeOf(place)
  const errors: CacheError[] = []
  const all: CacheOptions<V> = { onError: (error) => void errors.push(error), ...options }
  const cache = open<V>(all)
  await cache.set('a', value, { ttl: 10, ...life })
  // Where memory holds one entry, this is the one.
  if (place.memory === 'one') await cache.set('other', value)
  clock.advance(10)
  return { cache: place.reloaded ? await reload(cache, all) : cache, clock, errors }
}
