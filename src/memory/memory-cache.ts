// createMemoryCache: the memory tier with a synchronous face. No timer, no promise, no storage.

import { after } from '../entry.ts'
import { checkKey, checkMs, checkObject, checkValue, commonSettings, type CommonOptions, type CommonSettings } from '../options.ts'
import { MemoryTier, type RemovalCause } from './memory-tier.ts'

export interface MemoryCacheOptions<V> extends CommonOptions {
  /** Weight of an entry: a number >= 0 in any unit. Called once per write. */
  readonly weigh?: (value: V, key: string) => number
  /**
   * Told of every value that leaves, after the change is complete. It may use the cache. What it throws changes nothing
   * and goes to `reportError` (where there is none, to the console).
   */
  readonly onRemove?: (key: string, value: V, cause: RemovalCause) => void
}

/** Counts since the cache was created; `size` and `weight` are as of now. */
export interface MemoryStats {
  hits: number
  misses: number
  sets: number
  evictions: number
  expirations: number
  size: number
  weight: number
}

/**
 * A synchronous LRU cache with per-entry expiry. Keys are strings; values are anything but `undefined`, `null` included,
 * and are returned by reference. An expired entry is never seen; it is freed by the operation that meets it, by later
 * writes and by `sweep`.
 */
export interface MemoryCache<V> {
  /** The value, which counts as a use; `undefined` when missing or expired. */
  get(key: string): V | undefined
  /** As `get`, but does not count as a use, nor in the statistics. */
  peek(key: string): V | undefined
  /** Whether a live entry is there; does not count as a use. */
  has(key: string): boolean
  /**
   * Stores a value as the most recently used entry, with a new expiry. A ttl of 0 removes the key.
   * @throws TypeError when the key is not a string or the value undefined; RangeError for a negative or NaN ttl or weight
   */
  set(key: string, value: V, options?: { readonly ttl?: number }): void
  /** Removes an entry; true when a live one was there. */
  delete(key: string): boolean
  /** Gives a live entry a new ttl (ms) from now; false when missing or expired. Does not count as a use. */
  touch(key: string, ttl: number): boolean
  /** Epoch ms at which `get` stops serving the entry; `Infinity` for never, `undefined` when missing or expired. */
  expiresAt(key: string): number | undefined
  /** Live entries. Free while nothing has expired; else it looks at what expired and was not freed yet. */
  readonly size: number
  /** Removes everything. */
  clear(): void
  /** Frees what expired; returns how many entries that were. */
  sweep(): number
  /** Keys, most recently used first. Iterations start from a snapshot of the keys and skip what was removed since. */
  keys(): IterableIterator<string>
  /** Values, most recently used first; no use is counted. */
  values(): IterableIterator<V>
  /** Pairs, most recently used first; no use is counted. */
  entries(): IterableIterator<[key: string, value: V]>
  [Symbol.iterator](): IterableIterator<[key: string, value: V]>
  stats(): MemoryStats
}

/**
 * Creates a cache in memory alone.
 *
 * @throws TypeError for an option of the wrong shape, RangeError for a number out of range
 * @example
 * const cache = createMemoryCache<string>({ maxEntries: 500, ttl: 60_000 })
 * cache.set('greeting', 'hello')
 * cache.get('greeting') // 'hello', for a minute
 */
export function createMemoryCache<V>(options: MemoryCacheOptions<V> = {}): MemoryCache<V> {
  const settings = commonSettings(options)
  return new SynchronousCache<V>(settings, new MemoryTier({ ...settings, weigh: options.weigh, onRemove: options.onRemove }))
}

class SynchronousCache<V> implements MemoryCache<V> {
  readonly #tier: MemoryTier<V>
  readonly #clock: CommonSettings['clock']
  readonly #ttl: number
  #hits = 0
  #misses = 0
  #sets = 0

  constructor({ clock, ttl }: CommonSettings, tier: MemoryTier<V>) {
    this.#tier = tier
    this.#clock = clock
    this.#ttl = ttl
  }

  get(key: string): V | undefined {
    checkKey('get entry', key)
    const slot = this.#tier.find(key, this.#clock.now())
    if (slot === 0) {
      this.#misses++
      return undefined
    }
    this.#hits++
    return this.#tier.use(slot)
  }

  peek(key: string): V | undefined {
    checkKey('peek at entry', key)
    return this.#tier.peek(key, this.#clock.now())
  }

  has(key: string): boolean {
    checkKey('look for entry', key)
    return this.#tier.find(key, this.#clock.now()) !== 0
  }

  set(key: string, value: V, options?: { readonly ttl?: number }): void {
    checkKey('set entry', key)
    checkValue('set entry', value)
    const ttl = this.#ttlOf(options)
    const weight = this.#tier.weigh(key, value)
    const now = this.#clock.now()
    this.#tier.set(key, value, after(now, ttl), now, weight)
    this.#sets++
  }

  delete(key: string): boolean {
    checkKey('delete entry', key)
    return this.#tier.delete(key, this.#clock.now())
  }

  touch(key: string, ttl: number): boolean {
    checkKey('touch entry', key)
    checkMs('touch entry', 'ttl', ttl)
    const now = this.#clock.now()
    const slot = this.#tier.find(key, now)
    if (slot === 0) return false
    if (ttl === 0) return this.#tier.delete(key, now, 'expired')
    this.#tier.renew(slot, this.#tier.item(slot), after(now, ttl), now)
    return true
  }

  expiresAt(key: string): number | undefined {
    checkKey('look for entry', key)
    const slot = this.#tier.find(key, this.#clock.now())
    return slot === 0 ? undefined : this.#tier.expiresAt(slot)
  }

  get size(): number {
    return this.#tier.size(this.#clock.now())
  }

  clear(): void {
    this.#tier.clear(this.#clock.now())
  }

  sweep(): number {
    return this.#tier.sweep(this.#clock.now())
  }

  *keys(): Generator<string, undefined> {
    for (const [key] of this.entries()) yield key
  }

  *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value
  }

  entries(): Generator<[key: string, value: V], undefined> {
    return this.#tier.entries(this.#clock.now())
  }

  [Symbol.iterator](): Generator<[key: string, value: V], undefined> {
    return this.entries()
  }

  stats(): MemoryStats {
    const { evictions, expirations, weight } = this.#tier
    return { hits: this.#hits, misses: this.#misses, sets: this.#sets, evictions, expirations, size: this.size, weight }
  }

  #ttlOf(options: { readonly ttl?: number } | undefined): number {
    if (options === undefined) return this.#ttl
    checkObject('set entry', options)
    const { ttl = this.#ttl } = options
    checkMs('set entry', 'ttl', ttl)
    return ttl
  }
}
