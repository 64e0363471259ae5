/// <reference lib="esnext.disposable" preserve="true" />
// The types of createCache: what users write and read. No code.

import type { Change } from './change.ts'
import type { Codec } from './codec.ts'
import type { CacheError, Fault } from './errors.ts'
import type { MemoryCacheOptions } from './options.ts'
import type { Store } from './store/store.ts'

export interface CacheOptions<V> extends MemoryCacheOptions<V> {
  /**
   * Names the database. Caches of one name share their entries across tabs, workers and page loads.
   * Without it the cache runs on memory alone.
   */
  readonly name?: string
  /**
   * The version of the app's data: entries of another version are never read. For IndexedDB only, not for another `store`.
   * @default ''
   */
  readonly version?: string
  /**
   * ms after the ttl in which `getOrLoad` may serve the stale value while it loads a new one.
   * @default 0
   */
  readonly staleWhileRevalidate?: number
  /**
   * ms after the ttl in which `getOrLoad` may serve the stale value when loading fails.
   * @default 0
   */
  readonly staleIfError?: number
  /**
   * Bound on entries in IndexedDB, not in another `store`. Enforced by `flush` and `sweep`, and now and then after writes. Entries that
   * expire soonest are evicted first, those that never expire last.
   * @default 10_000
   */
  readonly maxStoredEntries?: number
  /**
   * `relaxed`: a write survives a crash of the tab or the browser. `strict`: also a crash of the machine, but costs many times as much.
   * @default 'relaxed'
   */
  readonly durability?: 'relaxed' | 'strict'
  /**
   * ms between background sweeps; no timer runs while nothing can expire. More than 0, at most 2^31 - 1.
   * @default 60_000
   */
  readonly sweepInterval?: number
  /** A second tier in place of IndexedDB; `false` for none. */
  readonly store?: Store<V> | false
  /** Encodes values for the second tier and decodes them again: a cipher, for example. Memory holds them unencoded. */
  readonly codec?: Codec<V>
  /**
   * ms that a load waits for another tab's load of the same key before it runs its own loader. Also ms after its start in which a load of
   * this tab is joined by later callers. More than 0, at most 2^31 - 1.
   * @default 10_000
   */
  readonly lockTimeout?: number
  /**
   * ms for which a failed load is not tried again in this tab: callers get the stale value if `staleIfError` allows, else the same error.
   * @default 0; while there is a stale value to serve, a second that doubles with every failure, up to a minute, with jitter
   */
  readonly errorTtl?: number
  /** Called for every fault of storage or codec, after it was dealt with, and if a loader fails but a stale value is served. */
  readonly onError?: (error: CacheError) => void
}

/** Options of one write; their defaults are the cache's options of the same names. */
export interface SetOptions {
  /** ms from now until the entry is stale. */
  readonly ttl?: number
  /** ms after the ttl; see {@link CacheOptions.staleWhileRevalidate}. */
  readonly staleWhileRevalidate?: number
  /** ms after the ttl; see {@link CacheOptions.staleIfError}. */
  readonly staleIfError?: number
  /** Names under which {@link Cache.deleteTag} finds the entry. */
  readonly tags?: readonly string[]
}

export interface LoadOptions extends SetOptions {
  /** Detaches this caller, whose promise rejects with the signal's reason. The load goes on while anyone else waits for it. */
  readonly signal?: AbortSignal | undefined
  /**
   * ms that this caller waits. Then it gets the stale value if `staleIfError` allows, and the load goes on; else it rejects with a
   * {@link CacheError} `load-timeout`.
   * @default Infinity
   */
  readonly timeout?: number
  /** Loads even if a fresh value is there. Does not join a load that may be answered from the cache. */
  readonly refresh?: boolean
  /** As the cache's option of this name, for this load. */
  readonly errorTtl?: number
}

export interface LoaderContext<V> {
  readonly key: string
  /** Aborted when nobody waits for the load any more. */
  readonly signal: AbortSignal
  /** The value that is past its ttl but still within a stale window, if there is one. */
  readonly stale: V | undefined
  /** Sets the entry's ttl, stale windows or tags once the loader knows them. Those given replace the call's. */
  setOptions(options: SetOptions): void
  /**
   * Stores another entry together with the loaded value, with the same lifetime and tags, all or nothing: if one of the keys changes
   * during the load, in any tab, none is stored. Nor is any if the loader resolves to `undefined`.
   * @throws what `set` would reject with, for a bad key, or a value that is `undefined` or cannot be stored
   */
  also(key: string, value: V): void
}

/** Fetches a missing value. `undefined` means that there is none; then nothing is stored, and a stale value stays. */
export type Loader<V, T = V> = (context: LoaderContext<V>) => T | Promise<T>

export interface EntryInfo {
  /** Epoch ms. */
  readonly createdAt: number
  /** Epoch ms; the end of the ttl. */
  readonly staleAt: number
  /** Epoch ms; the end of any use, stale windows included. */
  readonly expiresAt: number
  readonly tags: readonly string[]
  /** The tier that answered. */
  readonly tier: 'memory' | 'store'
}

/** Counts of one tier since the cache was created. */
export interface TierStats {
  hits: number
  misses: number
  /** Stale values served at once; not those served because a load failed. */
  stale: number
  /** Entries removed to make room. */
  evictions: number
  /** Entries removed because their time was over. */
  expirations: number
  /**
   * Of memory: new values and lifetimes, as many as there are `set` events of this cache. Of the store: all writes that it took,
   * including removals and those that changed nothing.
   */
  writes: number
  errors: number
}

export interface CacheStats {
  /** `size` counts live entries; `weight` includes those that expired and are not freed yet. */
  memory: TierStats & { size: number; weight: number }
  store: TierStats
}

export interface CacheStatus {
  /** Where entries are kept besides memory. */
  readonly persistence: 'indexeddb' | 'store' | 'memory'
  /** Why only memory is used or, if the disk is full, why new entries are kept in memory only. */
  readonly reason?: string
  /** The fault of IndexedDB that is the reason. */
  readonly fault?: Fault
}

/** What happened to a cache's entries. `local` is true if this very cache did it, false for other tabs, workers and caches of its name. */
export type CacheEvent = { readonly local: boolean } & (
  | Change
  /** An entry in memory has expired, stale windows included. Emitted when that is noticed: at a read, a write or a sweep of this cache. */
  | { readonly type: 'expire'; readonly key: string }
  /** The data is gone and the cache closed. */
  | { readonly type: 'destroy' }
  | { readonly type: 'status'; readonly status: CacheStatus }
)

/**
 * A cache in two tiers: an LRU in memory in front of a store that outlives the page. Keys are strings; values are
 * anything but `undefined` that structured clone can copy, and must not be changed once handed over.
 *
 * A storage fault never fails a read: the read becomes a miss, and the fault goes to `onError`. Writes are seen by every read of this
 * cache at once; `add`, `update` and `touch` once the store has decided. They resolve when the store has committed, and reject with a
 * {@link CacheError} if it refuses.
 * Bad arguments reject with `TypeError` or `RangeError` before anything changes. After {@link Cache.close} reads and writes reject with
 * code `closed`.
 */
export interface Cache<V> {
  /**
   * The value, if it is fresh; from memory, else from the store. Counts as a use.
   * @param options.stale also serves a value in its stale window
   */
  get(key: string, options?: { readonly stale?: boolean }): Promise<V | undefined>
  /** Those of the values that are fresh, in the order asked for. */
  getMany(keys: Iterable<string>): Promise<Map<string, V>>
  /** The fresh value if memory holds it. Does not count as use. */
  peek(key: string): V | undefined
  /** Whether a fresh entry is there. Does not count as use. */
  has(key: string): Promise<boolean>
  /** Epoch ms at which `get` stops serving the entry: the end of its ttl. `Infinity` for never, `undefined` when missing. */
  expiresAt(key: string): Promise<number | undefined>
  /** The times and tags of an entry, and its tier. Also for a stale entry. */
  info(key: string): Promise<EntryInfo | undefined>
  /** Stores a value with a new lifetime and tags. With a ttl of 0 and no stale window it removes the key. */
  set(key: string, value: V, options?: SetOptions): Promise<void>
  /** Stores several values, all or nothing. */
  setMany(entries: Iterable<readonly [key: string, value: V]>, options?: SetOptions): Promise<void>
  /** Stores a value if no fresh one is there. True if this call stored it; of several calls, in any tab, only one does. */
  add(key: string, value: V, options?: SetOptions): Promise<boolean>
  /** Replaces a fresh value and keeps its expiry and tags; resolves to the old one. Never inserts. */
  update(key: string, value: V): Promise<V | undefined>
  /** Gives a fresh entry a new ttl (ms) from now, with its stale windows and tags; false when there is none. */
  touch(key: string, ttl: number): Promise<boolean>
  /** Gets and deletes a fresh value; of several callers, in any tab, only one gets it. */
  take(key: string): Promise<V | undefined>
  /**
   * The fresh value, else the loader's result. One load per key is in flight; its callers share the result or the error, which is
   * not cached unless `errorTtl` says so. Other tabs wait and read the result. Within the stale windows the stale value is served
   * meanwhile, or if the load fails. The load does not overwrite a value that was set or removed during it.
   * A loader must not wait for its own key, nor for one whose loader waits for it; other keys are fine.
   */
  getOrLoad(key: string, loader: Loader<V>, options?: LoadOptions): Promise<V>
  getOrLoad(key: string, loader: Loader<V, V | undefined>, options?: LoadOptions): Promise<V | undefined>
  /** Removes a key; true if a fresh entry was there. */
  delete(key: string): Promise<boolean>
  /** Removes keys; resolves to how many fresh entries were there. */
  deleteMany(keys: Iterable<string>): Promise<number>
  deletePrefix(prefix: string): Promise<void>
  deleteTag(tag: string): Promise<void>
  clear(): Promise<void>
  /**
   * Keys of fresh entries in both tiers, each once. An iteration yields each entry as it is when its turn comes, without those that have
   * expired or been removed since the start. After {@link Cache.close} its next step rejects.
   */
  keys(): AsyncIterableIterator<string>
  values(): AsyncIterableIterator<V>
  entries(): AsyncIterableIterator<[key: string, value: V]>
  /** How many fresh entries both tiers hold. Reads all of them, so it is not for polling. If a read fails, it counts those before. */
  size(): Promise<number>
  /** Removes what expired from both tiers; resolves to how many keys that were. */
  sweep(): Promise<number>
  /** Resolves when every write asked for so far is settled, and the bound on disk holds. */
  flush(): Promise<void>
  stats(): CacheStats
  readonly status: CacheStatus
  /**
   * Calls the listener after every change: in this tab at once (after `add`, `update` and `touch` when the store has decided), in others
   * after the commit. With a key, only after changes that may concern it. Evictions, and expiry on disk only, cause no event.
   * What a listener throws, or its promise rejects with, goes to `reportError`.
   * @returns a function that ends the subscription
   */
  subscribe(listener: (event: CacheEvent) => void): () => void
  subscribe(key: string, listener: (event: CacheEvent) => void): () => void
  /** Flushes and frees timers and handles; the stored data stays. */
  close(): Promise<void>
  /** For a logout: removes the data of this name from memory and disk, in every tab and data version, and closes its caches in all tabs. */
  destroy(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
