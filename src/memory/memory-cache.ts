// createMemoryCache: the memory tier (lru.ts) as a cache of its own. Arguments are checked before anything changes.

import { steadyTime } from '../clock.ts'
import { check, checkMs, checkString, memorySettings, optionsOf, type MemoryCacheOptions, type MemorySettings } from '../options.ts'
import { Lru, type MemoryStats } from './lru.ts'

/**
 * A synchronous LRU cache with per-entry expiry. Keys are strings; values are anything but `undefined`, `null` included,
 * and are returned by reference. An expired entry is never returned; it is freed by the operation that finds it, by later
 * writes, or by `sweep`.
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
  /** The number of live entries. O(1) while nothing has expired, otherwise live entries are counted. */
  readonly size: number
  /** Removes everything. */
  clear(): void
  /** Frees expired entries; returns how many there were. */
  sweep(): number
  /** Keys, most recently used first. An iteration yields the keys from its start, without those that have expired or been removed since. */
  keys(): IterableIterator<string>
  /** Values, most recently used first. Does not count as a use. */
  values(): IterableIterator<V>
  /** Pairs, most recently used first. Does not count as a use. */
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
export function createMemoryCache<V>(options?: MemoryCacheOptions<V>): MemoryCache<V> {
  return new LruCache(memorySettings(options, steadyTime()))
}

class LruCache<V> implements MemoryCache<V> {
  readonly #lru: Lru<V>
  readonly #ttl: number

  constructor({ ttl, ...settings }: MemorySettings<V>) {
    this.#lru = new Lru(settings)
    this.#ttl = ttl
  }

  get(key: string): V | undefined {
    return this.#lru.get(key)
  }

  peek(key: string): V | undefined {
    return this.#lru.peek(key)
  }

  has(key: string): boolean {
    return this.#lru.peek(key) !== undefined
  }

  set(key: string, value: V, options?: { readonly ttl?: number }): void {
    const task = 'set entry'
    let ttl = this.#ttl
    if (options !== undefined) ({ ttl = ttl } = optionsOf(task, options))
    checkString(task, 'key', key)
    if (value === undefined) check(false, task, 'value', 'defined', value)
    checkMs(task, 'ttl', ttl)
    this.#lru.set(key, value, ttl)
  }

  touch(key: string, ttl: number): boolean {
    checkMs('touch entry', 'ttl', ttl)
    return this.#lru.touch(key, ttl)
  }

  delete(key: string): boolean {
    return this.#lru.delete(key)
  }

  expiresAt(key: string): number | undefined {
    return this.#lru.expiresAt(key)
  }

  get size(): number {
    return this.#lru.stats().size
  }

  clear(): void {
    this.#lru.clear()
  }

  sweep(): number {
    return this.#lru.sweep().length
  }

  keys(): IterableIterator<string> {
    return this.#parts(0)
  }

  values(): IterableIterator<V> {
    return this.#parts(1)
  }

  entries(): IterableIterator<[key: string, value: V]> {
    return this.#lru.entries()
  }

  [Symbol.iterator](): IterableIterator<[key: string, value: V]> {
    return this.#lru.entries()
  }

  stats(): MemoryStats {
    return this.#lru.stats()
  }

  *#parts<P extends 0 | 1>(place: P): Generator<[key: string, value: V][P], undefined> {
    for (const entry of this.#lru.entries()) yield entry[place]
  }
}
