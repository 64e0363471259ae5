// createMemoryCache: the memory tier (lru.ts) as a cache of its own. Checks its arguments before anything changes.

import { check, checkMs, checkString, memorySettings, optionsOf, type MemoryCacheOptions } from '../options.ts'
import { createLru, type MemoryStats } from './lru.ts'

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
  /** Live entries. Known at once while nothing has expired; else those that expired are counted out. */
  readonly size: number
  /** Removes everything. */
  clear(): void
  /** Frees what expired; returns how many entries that were. */
  sweep(): number
  /** Keys, most recently used first. An iteration goes over the keys as they were at its start, less those removed since. */
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
export function createMemoryCache<V>(options?: MemoryCacheOptions<V>): MemoryCache<V> {
  const settings = memorySettings(options)
  const lru = createLru<V>(settings)

  function* parts<P extends 0 | 1>(place: P): Generator<[key: string, value: V][P], undefined> {
    for (const entry of lru.entries()) yield entry[place]
  }

  return {
    ...lru,

    has: (key) => lru.peek(key) !== undefined,

    set(key, value, setOptions) {
      const task = 'set entry'
      const { ttl = settings.ttl } = optionsOf(task, setOptions)
      checkString(task, 'key', key)
      check(value !== undefined, task, 'value', 'defined', value)
      checkMs(task, 'ttl', ttl)
      lru.set(key, value, ttl)
    },

    touch(key, ttl) {
      checkMs('touch entry', 'ttl', ttl)
      return lru.touch(key, ttl)
    },

    sweep: () => lru.sweep().length,

    get size() {
      return lru.stats().size
    },

    keys: () => parts(0),
    values: () => parts(1),
    [Symbol.iterator]: lru.entries,
  }
}
