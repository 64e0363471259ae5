// The caches that run side by side, behind one small interface. What each holds inside is counted without asking its own
// `size`: the model tells all of its maps; for bestbefore, what came in and did not leave by `onRemove`, and the records
// that IndexedDB itself lists.

import { createCache, createMemoryCache, type Clock, type RemovalCause } from '../../src/index.ts'
import { listRecords } from './records.ts'
import { WindowedCache } from './windowed-cache.ts'

export interface Held {
  readonly keys: number
  /** Characters of those keys and of the values that are still there. */
  readonly characters: number
}

export interface Lane {
  set(key: string, value: string, ttl: number): void
  remove(key: string): void
  /** What the cache's own timer does each second. */
  tick(): void
  held(): Held
  /** What the cache says that it holds. */
  readonly size: number
  /** Lets go of everything. */
  close(): Promise<void>
}

export type LaneFactory = (clock: Clock) => Lane

/** @param removedAgo see windowed-cache.ts */
export function windowedLane(clock: Clock, removedAgo: number): Lane {
  const cache = new WindowedCache<string>(clock, removedAgo)
  return {
    set: (key, value, ttl) => cache.set(key, value, ttl),
    remove: (key) => cache.remove(key),
    tick: () => cache.tick(),
    held() {
      let keys = 0
      let characters = 0
      cache.eachHeld((key, value = '') => {
        keys++
        characters += key.length + value.length
      })
      return { keys, characters }
    },
    get size() {
      return cache.size
    },
    close: async () => {},
  }
}

/** Counts what is in a memory tier: what was set less what it has told to have left. */
class Tally {
  readonly inside = new Map<string, number>()
  #characters = 0

  add(key: string, value: string): void {
    this.inside.set(key, key.length + value.length)
    this.#characters += key.length + value.length
  }

  readonly onRemove = (key: string, _value: string, cause: RemovalCause): void => {
    if (cause === 'replaced') return
    this.#characters -= this.inside.get(key) ?? 0
    this.inside.delete(key)
  }

  get held(): Held {
    return { keys: this.inside.size, characters: this.#characters }
  }
}

/** No bound: nothing may leave because there is no room. */
const UNBOUNDED = { maxEntries: Infinity }

export function memoryLane(clock: Clock): Lane {
  const tally = new Tally()
  const cache = createMemoryCache<string>({ ...UNBOUNDED, clock, onRemove: tally.onRemove })
  return {
    set(key, value, ttl) {
      tally.add(key, value)
      cache.set(key, value, { ttl })
    },
    remove: (key) => void cache.delete(key),
    tick: () => void cache.sweep(),
    held: () => tally.held,
    get size() {
      return cache.size
    },
    close: async () => cache.clear(),
  }
}

const NAME = 'demo-leak'

/** In memory and in IndexedDB, with its own timer. Each has a data version of its own, which others sweep away once it is closed. */
export function storedLane(clock: Clock): Lane {
  const tally = new Tally()
  const version = `${Date.now()}-${Math.random()}`
  const cache = createCache<string>({
    name: NAME,
    version,
    ...UNBOUNDED,
    maxStoredEntries: Infinity,
    sweepInterval: 1_000,
    clock,
    onRemove: tally.onRemove,
  })
  let records: readonly { readonly key: string; readonly characters: number }[] = []
  let counting: Promise<void> | undefined
  const count = async (): Promise<void> => {
    records = await listRecords(NAME, version)
  }
  return {
    set(key, value, ttl) {
      tally.add(key, value)
      cache.set(key, value, { ttl }).catch(() => {})
    },
    remove: (key) => void cache.delete(key).catch(() => {}),
    tick() {
      counting ??= count()
        .catch(() => {})
        .finally(() => (counting = undefined))
    },
    held() {
      const { keys, characters } = tally.held
      const onDisk = records.filter(({ key }) => !tally.inside.has(key))
      return { keys: keys + onDisk.length, characters: onDisk.reduce((sum, record) => sum + record.characters, characters) }
    },
    get size() {
      return cache.stats().memory.size
    },
    async close() {
      await counting
      await cache.clear()
      await cache.close()
    },
  }
}
