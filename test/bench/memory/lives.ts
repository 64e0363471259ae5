// Entries that come and expire, one after the other. Time is the benchmark's own: each operation moves it, so that on average
// one entry expires for each that is set, whatever their number.

import { createMemoryCache } from '../../../src/index.ts'
import { createRandom } from '../random.ts'
import type { Value } from './contestants.ts'
import { createKeys } from './keys.ts'
import type { ExpiryTask } from './plan.ts'
import { valueAt } from './workloads.ts'

/** ms; random ttls are up to twice as long. */
const TTL = 60_000
const START = 1_700_000_000_000
/** A key is set again only long after it expired. */
const KEYS_PER_ENTRY = 3
/** The limit frees at most as many in one operation. */
const MOST_AT_ONCE = 2

/** Entry n is set in operation n. */
export interface Lives {
  readonly keys: readonly string[]
  /** How many are there at a time. */
  readonly entries: number
  readonly total: number
  /** ms. */
  readonly ttls: Float64Array
  /** Epoch ms of operation n. */
  at(n: number): number
}

/** Something that entries live and expire in. */
export interface Home {
  readonly size: number
  set(n: number): void
  /** Gets an entry of the last quarter of a lifetime before operation n. */
  get(n: number): void
  /** Everything expires from now on. */
  leap(): void
  /** Frees all that has expired. */
  sweep(): void
  /** Entries that have expired and been freed. */
  expired(): number
}

export function createLives({ entries, ttls: kind, seed }: ExpiryTask, total: number): Lives {
  const random = createRandom(seed)
  const step = TTL / entries
  return {
    keys: createKeys('strings', entries * KEYS_PER_ENTRY, seed),
    entries,
    total,
    ttls: Float64Array.from({ length: total }, () => (kind === 'shared' ? TTL : 1 + Math.floor(random() * 2 * TTL))),
    at: (n) => START + Math.floor(n * step),
  }
}

export function createHome(contestant: ExpiryTask['contestant'], lives: Lives): Home {
  return contestant === 'map' ? createMapHome(lives) : createCacheHome(lives)
}

function createCacheHome({ keys, entries, ttls, at }: Lives): Home {
  let now = 0
  let leapt = 0
  const cache = createMemoryCache<Value>({ maxEntries: Infinity, clock: { now: () => now } })
  return {
    get size() {
      return cache.size
    },
    set(n) {
      now = at(n) + leapt
      cache.set(keys[n % keys.length]!, valueAt(n), { ttl: ttls[n]! })
    },
    get(n) {
      cache.get(keys[earlier(n, entries) % keys.length]!)
    },
    leap() {
      leapt = 10 * TTL
    },
    sweep() {
      now += 10 * TTL
      cache.sweep()
    },
    expired: () => cache.stats().expirations,
  }
}

/** The limit: a bare Map that is told beforehand which key to delete next, and when. */
function createMapHome(lives: Lives): Home {
  const { keys, entries, at } = lives
  const map = new Map<string, Value>()
  const { order, ends } = endsOf(lives)
  let now = 0
  let leapt = 0
  let expired = 0
  const expire = (most: number) => {
    while (most-- > 0 && ends[expired]! <= now) map.delete(keys[order[expired++]! % keys.length]!)
  }
  return {
    get size() {
      return map.size
    },
    set(n) {
      now = at(n) + leapt
      expire(MOST_AT_ONCE)
      map.set(keys[n % keys.length]!, valueAt(n))
    },
    get(n) {
      map.get(keys[earlier(n, entries) % keys.length]!)
    },
    leap() {
      leapt = 10 * TTL
    },
    sweep() {
      now += 10 * TTL
      expire(Infinity)
    },
    expired: () => expired,
  }
}

/** The entries in the order in which they expire, and the epoch ms at which they do. */
function endsOf({ ttls, total, at }: Lives): { order: Uint32Array; ends: Float64Array } {
  // Time and number in one number, which a typed array sorts by itself.
  const place = 2 ** Math.ceil(Math.log2(total))
  const sorted = Float64Array.from(ttls, (ttl, n) => (at(n) + ttl - START) * place + n).sort()
  return { order: Uint32Array.from(sorted, (value) => value % place), ends: sorted.map((value) => Math.floor(value / place) + START) }
}

function earlier(n: number, entries: number): number {
  return n - ((n * 7_919) % Math.ceil(Math.min(n + 1, entries / 4)))
}
