// The memory tier of both caches: an exact LRU with per-entry expiry and weights, for arguments that have been checked.
// Key, value, recency position and expiry position live under one slot number and change in the same synchronous step: no
// event queue, no tombstone, no timer.
//
// A `Map<key, slot>` with typed arrays measured 77 ns a hit against 100 for linked entry objects and 57 for a bare Map
// (50,000 entries, Zipf 0.9 keys).

import { after } from '../entry.ts'
import { call } from '../errors.ts'
import { checkString, checkWeight, type MemorySettings, type RemovalCause } from '../options.ts'
import { createExpiryQueue, type ExpiryQueue } from './expiry-queue.ts'
import { createLinks, type Links } from './links.ts'

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

/** What each method means stands at `MemoryCache`. */
export interface Lru<V> {
  get(key: string): V | undefined
  peek(key: string): V | undefined
  expiresAt(key: string): number | undefined
  /** @throws RangeError or TypeError for a weight that is none, before anything changes */
  set(key: string, value: V, ttl: number): void
  touch(key: string, ttl: number): boolean
  delete(key: string): boolean
  clear(): void
  /** Frees what expired; returns the keys. */
  sweep(): readonly string[]
  entries(): Generator<[key: string, value: V], void>
  stats(): MemoryStats
}

export function createLru<V>({ maxEntries, maxWeight, weigh, onRemove, clock }: Omit<MemorySettings<V>, 'ttl'>): Lru<V> {
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
    for (const removal of removed) call(onRemove!, removal)
    removed = []
    telling = false
  }

  const remove = (slot: number, cause: RemovalCause): void => {
    note(slot, cause)
    slots.delete(keys[slot]!)
    keys[slot] = ''
    values[slot] = undefined
    weight -= weights[slot]!
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

    expiresAt(key) {
      const slot = find(key)
      return slot ? expiry.expiresAt(slot) : undefined
    },

    set(key, value, ttl) {
      const added = weigh(value, key)
      checkWeight('set entry', added)
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
        weight += added - (weights[slot] || 0)
        weights[slot] = added
        // Sums of fractions are inexact: the entry itself stays all the same.
        while (recency.prev(0) !== slot && (slots.size > maxEntries || weight > maxWeight)) {
          if (!removeExpired(now)) remove(recency.prev(0), 'evicted')
        }
      }
      counts.sets++
      notify()
    },

    touch(key, ttl) {
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

    sweep() {
      const now = clock.now()
      const expired: string[] = []
      for (let slot; (slot = expiry.first(now)); remove(slot, 'expired')) expired.push(keys[slot]!)
      notify()
      return expired
    },

    /** From a snapshot of the keys, without those removed meanwhile. */
    *entries() {
      for (const key of liveKeys(clock.now())) {
        const slot = slots.get(key)
        if (slot) yield [key, values[slot] as V]
      }
    },

    /** The size is known at once while nothing has expired. */
    stats() {
      const now = clock.now()
      return { ...counts, size: expiry.first(now) ? liveKeys(now).length : slots.size, weight }
    },
  }
}
