// createMemoryCache, and the memory tier of createCache: an exact LRU with per-entry expiry and weights. Key, value,
// recency position and expiry position live under one slot number and change in the same synchronous step: no event
// queue, no tombstone, no timer.
//
// A `Map<key, slot>` with typed arrays measured 77 ns a hit against 100 for linked entry objects and 57 for a bare Map
// (50,000 entries, Zipf 0.9 keys).

import { after } from '../entry.ts'
import { reportLater } from '../errors.ts'
import { check, checkMs, checkNumber, checkString, memorySettings, optionsOf, type CommonOptions } from '../options.ts'
import { createExpiryQueue, type ExpiryQueue } from './expiry-queue.ts'
import { createLinks, type Links } from './links.ts'

/** Why an entry left: made room, ran out of time, was overwritten, or was removed by a caller. */
export type RemovalCause = 'evicted' | 'expired' | 'replaced' | 'deleted'

export interface MemoryCacheOptions<V> extends CommonOptions {
  /** Weight of an entry: a number >= 0 in any unit. Called once per write. */
  readonly weigh?: ((value: V, key: string) => number) | undefined
  /**
   * Told of every value that leaves, after the change is complete. It may use the cache. What it throws changes nothing
   * and goes to `reportError` (where there is none, to the console).
   */
  readonly onRemove?: ((key: string, value: V, cause: RemovalCause) => void) | undefined
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
  const { weigh, onRemove, maxEntries, maxWeight, ttl: defaultTtl, clock } = memorySettings(options)
  const counts = { hits: 0, misses: 0, sets: 0, evictions: 0, expirations: 0 }
  let removed: [key: string, value: V, cause: RemovalCause][] = []
  let telling = false
  let slots: Map<string, number>
  /** By slot, from 1; a free slot holds nothing. */
  let keys: string[]
  let values: (V | undefined)[]
  let weights: number[]
  let weight: number
  let free: number[]
  /** From slot 0, most recently used first. */
  let recency: Links
  let expiry: ExpiryQueue

  const reset = (): void => {
    slots = new Map()
    keys = ['']
    values = [undefined]
    weights = [0]
    weight = 0
    free = []
    recency = createLinks(1)
    expiry = createExpiryQueue()
  }

  const note = (slot: number, cause: RemovalCause): void => {
    if (cause === 'evicted') counts.evictions++
    if (cause === 'expired') counts.expirations++
    if (onRemove) removed.push([keys[slot]!, values[slot] as V, cause])
  }

  /** Listeners run when the change is complete, so that they see, and may use, a cache in order. */
  const notify = (): void => {
    if (telling) return
    telling = true
    for (const removal of removed) {
      try {
        onRemove!(...removal)
      } catch (error) {
        reportLater(error)
      }
    }
    removed = []
    telling = false
  }

  const remove = (slot: number, cause: RemovalCause): void => {
    note(slot, cause)
    slots.delete(keys[slot]!)
    keys[slot] = ''
    values[slot] = undefined
    weight -= weights[slot] || 0
    weights[slot] = 0
    recency.delete(slot)
    expiry.delete(slot)
    free.push(slot)
    if (slots.size) return
    // Sums of fractions begin anew, and storage that has grown is given back.
    weight = 0
    if (free[64]) reset()
  }

  /** The slot that it frees; 0 when nothing has expired. */
  const removeExpired = (now: number): number => {
    const slot = expiry.first(now)
    if (slot) remove(slot, 'expired')
    return slot
  }

  /** The slot of a live entry; 0 when missing. Frees the entry if it expired. */
  const findQuietly = (key: string, now: number): number => {
    const slot = slots.get(key) || 0
    if (expiry.expiresAt(slot) > now) return slot
    if (slot) remove(slot, 'expired')
    return 0
  }

  const find = (key: string, now = clock.now()): number => {
    checkString('get entry', 'key', key)
    const slot = findQuietly(key, now)
    notify()
    return slot
  }

  const use = (slot: number): void => {
    if (recency.next(0) !== slot) {
      recency.delete(slot)
      recency.add(slot, 0)
    }
  }

  /** Most recently used first. */
  const liveKeys = (now: number): string[] => {
    const live: string[] = []
    for (let slot = 0; (slot = recency.next(slot)); ) if (expiry.expiresAt(slot) > now) live.push(keys[slot]!)
    return live
  }

  const size = (): number => {
    const now = clock.now()
    return expiry.first(now) ? liveKeys(now).length : slots.size
  }

  const sweep = (): number => {
    const now = clock.now()
    let count = 0
    while (removeExpired(now)) count++
    notify()
    return count
  }

  /** From a snapshot of the keys, without those removed meanwhile. */
  function* iterate<T>(pick: (key: string, value: V) => T): Generator<T, undefined> {
    for (const key of liveKeys(clock.now())) {
      const slot = slots.get(key)
      if (slot) yield pick(key, values[slot] as V)
    }
  }

  const entries = () => iterate<[key: string, value: V]>((key, value) => [key, value])

  reset()
  return {
    get(key) {
      const slot = find(key)
      if (slot) {
        counts.hits++
        use(slot)
      } else counts.misses++
      return values[slot]
    },

    peek: (key) => values[find(key)],

    has: (key) => find(key) > 0,

    expiresAt(key) {
      const slot = find(key)
      return slot ? expiry.expiresAt(slot) : undefined
    },

    set(key, value, setOptions) {
      const task = 'set entry'
      const { ttl = defaultTtl } = optionsOf(task, setOptions)
      checkString(task, 'key', key)
      check(value !== undefined, task, 'value', 'defined', value)
      checkMs(task, 'ttl', ttl)
      const added = weigh ? weigh(value, key) : 0
      checkNumber(added >= 0, task, 'weight', '>= 0', added)
      const now = clock.now()
      // Two, so that the expired leave faster than new entries come.
      if (removeExpired(now)) removeExpired(now)
      let slot = findQuietly(key, now)
      if (ttl === 0 || added > maxWeight || added === Infinity) {
        if (slot) remove(slot, ttl ? 'replaced' : 'deleted')
      } else {
        if (slot) {
          note(slot, 'replaced')
          use(slot)
        } else {
          slot = free.pop() || slots.size + 1
          slots.set(key, slot)
          keys[slot] = key
          recency.add(slot, 0)
        }
        values[slot] = value
        expiry.set(slot, after(now, ttl))
        if (weigh) {
          weight += added - (weights[slot] || 0)
          weights[slot] = added
        }
        // Sums of fractions are inexact: the entry itself stays all the same.
        while (recency.prev(0) !== slot && (slots.size > maxEntries || weight > maxWeight)) {
          if (!removeExpired(now)) remove(recency.prev(0), 'evicted')
        }
      }
      counts.sets++
      notify()
    },

    touch(key, ttl) {
      checkMs('touch entry', 'ttl', ttl)
      const now = clock.now()
      const slot = find(key, now)
      if (slot) expiry.set(slot, after(now, ttl))
      return slot > 0
    },

    delete(key) {
      const slot = find(key)
      if (slot) remove(slot, 'deleted')
      notify()
      return slot > 0
    },

    clear() {
      const now = clock.now()
      while (removeExpired(now));
      for (const slot of slots.values()) note(slot, 'deleted')
      reset()
      notify()
    },

    sweep,

    get size() {
      return size()
    },

    keys: () => iterate((key) => key),

    values: () => iterate((_key, value) => value),

    entries,

    [Symbol.iterator]: entries,

    stats: () => ({ ...counts, size: size(), weight }),
  }
}
