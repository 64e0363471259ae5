// createCache: the order of the two tiers. Memory answers and changes in the call itself; the store follows, and what it
// tells later counts only if nothing overtook it (flight.ts). No storage code and no comparison of times here.

import type { Clock } from './clock.ts'
import type { Cache, CacheOptions, CacheStats, CacheStatus, EntryInfo, Loader, LoadOptions, SetOptions } from './contract.ts'
import { createEntry, isExpired, isFresh, renewEntry, type Entry } from './entry.ts'
import { CacheError, reportLater, type CacheErrorCode } from './errors.ts'
import { Flights, SharedLoad, type Flight } from './flight.ts'
import { createMemoryCache, type MemoryCache } from './memory/memory-cache.ts'
import { cacheSettings, check, checkKey, checkKeys, checkMs, checkPairs, checkString, checkValue, lifetimeOf, optionsOf, type CacheSettings, type Lifetime } from './options.ts'
import { toCacheError } from './store/faults.ts'
import { IndexedDbStore } from './store/indexeddb-store.ts'
import type { Decide, Decision, Store } from './store/store.ts'
import { Sweeper } from './sweeper.ts'

/**
 * Creates a cache in two tiers: an LRU in memory in front of IndexedDB, or of another store.
 *
 * Returns at once and opens the database at the first call that needs it. Where there is none (servers, private modes,
 * opaque origins) it runs on memory alone, and `status` says why.
 *
 * @throws TypeError for an option of the wrong shape, RangeError for a number out of range; never for storage
 * @example
 * const cache = createCache<User>({ name: 'users', ttl: 60_000 })
 * const user = await cache.getOrLoad('42', ({ signal }) => fetchUser('42', signal))
 */
export function createCache<V>(options: CacheOptions<V> = {}): Cache<V> {
  return new TieredCache<V>(options, cacheSettings(options))
}

class TieredCache<V> implements Cache<V> {
  readonly #clock: Clock
  readonly #lifetime: Lifetime
  readonly #memory: MemoryCache<Entry<V>>
  readonly #store: Store<V> | undefined
  readonly #sweeper: Sweeper
  readonly #onError: CacheOptions<V>['onError']
  readonly #counts = { memory: newCounts(), store: newCounts() }
  #status: CacheStatus = { persistence: 'store' }
  #ending: Promise<void> | undefined
  #closed = false
  /** When the latest operation began: the memory tier's clock. */
  #now = 0

  /** Reads and loads under way: void after any change of the key. */
  readonly #fetches = new Flights()
  /** Changes that the store is deciding: void after a later write of the key. */
  readonly #changes = new Flights()
  readonly #loads = new Map<string, { flight: Flight; tags: readonly string[]; load: SharedLoad<V | undefined> }>()
  /** Entries of the memory tier that the store does not have. */
  readonly #unsaved = new WeakSet<Entry<V>>()
  /** Keys that the sweep under way found expired in memory. */
  #swept: Set<string> | undefined

  constructor(options: CacheOptions<V>, settings: CacheSettings) {
    const { weigh, onRemove, onError } = options
    this.#clock = settings.clock
    this.#lifetime = settings.lifetime
    this.#onError = onError
    this.#memory = createMemoryCache<Entry<V>>({
      ...options,
      weigh: weigh && (({ value }, key) => weigh(value, key)),
      onRemove: (key, { value }, cause) => {
        if (cause === 'expired') this.#swept?.add(key)
        onRemove?.(key, value, cause)
      },
      clock: { now: () => this.#now },
    })
    this.#sweeper = new Sweeper(settings.sweepInterval, () => this.#sweep().then(({ more }) => more, () => true))
    this.#store = options.store || this.#openStore(options.store, settings)
  }

  get status(): CacheStatus {
    return this.#status
  }

  async get(key: string, options?: { readonly stale?: boolean }): Promise<V | undefined> {
    const { stale } = optionsOf('get entry', options)
    const now = this.#begin('get entry', key)
    return (await this.#find(key, now, stale))?.value
  }

  async getMany(keys: Iterable<string>): Promise<Map<string, V>> {
    const wanted = checkKeys('get entries', keys)
    const now = this.#begin()
    const found = await Promise.all(wanted.map((key) => this.#find(key, now)))
    return new Map(found.flatMap((entry) => (entry ? [[entry.key, entry.value]] : [])))
  }

  peek(key: string): V | undefined {
    checkKey('peek at entry', key)
    const now = (this.#now = this.#clock.now())
    const entry = this.#memory.peek(key)
    return isFresh(entry, now) ? entry.value : undefined
  }

  async has(key: string): Promise<boolean> {
    return (await this.expiresAt(key)) !== undefined
  }

  async expiresAt(key: string): Promise<number | undefined> {
    const now = this.#begin('look for entry', key)
    const entry = this.#memory.peek(key) ?? (await this.#read(key))
    return isFresh(entry, now) ? entry.staleAt : undefined
  }

  async info(key: string): Promise<EntryInfo | undefined> {
    const now = this.#begin('look for entry', key)
    const held = this.#memory.peek(key)
    const entry = held ?? (await this.#read(key))
    if (!entry || isExpired(entry, now)) return undefined
    const { createdAt, staleAt, expiresAt, tags } = entry
    return { createdAt, staleAt, expiresAt, tags, tier: held ? 'memory' : 'store' }
  }

  set(key: string, value: V, options?: SetOptions): Promise<void> {
    return this.#write(() => this.#setAll('set entry', [[key, value]], options))
  }

  setMany(entries: Iterable<readonly [key: string, value: V]>, options?: SetOptions): Promise<void> {
    return this.#write(() => this.#setAll('set entries', checkPairs('set entries', entries), options))
  }

  add(key: string, value: V, options?: SetOptions): Promise<boolean> {
    return this.#write(() => {
      const entry = this.#create('add entry', key, value, options)
      const now = entry.createdAt
      return this.#change(key, (found) => {
        if (isFresh(found, now)) return { next: found, result: false }
        return { next: isExpired(entry, now) ? undefined : entry, result: true }
      })
    })
  }

  update(key: string, value: V): Promise<V | undefined> {
    return this.#write(() => {
      checkValue('update entry', value)
      const now = this.#begin('update entry', key)
      return this.#change(key, (found) => (isFresh(found, now) ? { next: { ...found, value }, result: found.value } : { next: found, result: undefined }))
    })
  }

  touch(key: string, ttl: number): Promise<boolean> {
    return this.#write(() => {
      checkMs('touch entry', 'ttl', ttl)
      const now = this.#begin('touch entry', key)
      return this.#change(key, (found) => {
        if (!isFresh(found, now)) return { next: found, result: false }
        const next = renewEntry(found, ttl, now)
        return { next: isExpired(next, now) ? undefined : next, result: true }
      })
    })
  }

  take(key: string): Promise<V | undefined> {
    return this.#write(() => {
      this.#begin('take entry', key)
      return this.#remove(key).then((entry) => entry?.value)
    })
  }

  async getOrLoad(key: string, loader: Loader<V, V | undefined>, options?: LoadOptions): Promise<V> {
    const task = 'load entry'
    const life = lifetimeOf(task, options, this.#lifetime)
    const signal = options?.signal
    check(typeof loader === 'function', task, 'loader', 'a function', loader)
    check(!signal || signal instanceof AbortSignal, task, 'signal', 'an AbortSignal', signal)
    const now = this.#begin(task, key)
    signal?.throwIfAborted()
    const held = this.#fromMemory(key, now)
    // The contract's two signatures tell whether undefined can come.
    return (held ? held.value : await this.#load(key, loader, life, now).join(signal)) as V
  }

  delete(key: string): Promise<boolean> {
    return this.#write(() => {
      this.#begin('delete entry', key)
      return this.#remove(key).then((entry) => entry !== undefined)
    })
  }

  deleteMany(keys: Iterable<string>): Promise<number> {
    return this.#write(() => {
      const unique = new Set(checkKeys('delete entries', keys))
      this.#begin()
      const removing = Array.from(unique, (key) => this.#remove(key))
      return Promise.all(removing).then((removed) => removed.filter((entry) => entry).length)
    })
  }

  deletePrefix(prefix: string): Promise<void> {
    return this.#write(() => {
      checkString('delete entries', 'prefix', prefix)
      this.#begin()
      this.#overtakeAll(prefix)
      for (const key of this.#memory.keys()) if (key.startsWith(prefix)) this.#memory.delete(key)
      return this.#save([], (store) => store.deletePrefix(prefix))
    })
  }

  deleteTag(tag: string): Promise<void> {
    return this.#write(() => {
      checkString('delete entries', 'tag', tag)
      this.#begin()
      this.#fetches.removeTag(tag)
      this.#changes.removeTag(tag)
      for (const [key, { tags }] of this.#memory) if (tags.includes(tag)) this.#memory.delete(key)
      return this.#save([], (store) => store.deleteTag(tag))
    })
  }

  clear(): Promise<void> {
    return this.#write(() => {
      this.#begin()
      this.#overtakeAll('')
      this.#memory.clear()
      return this.#save([], (store) => store.clear())
    })
  }

  async *keys(): AsyncGenerator<string, undefined> {
    for await (const { key } of this.#fresh()) yield key
  }

  async *values(): AsyncGenerator<V, undefined> {
    for await (const { value } of this.#fresh()) yield value
  }

  async *entries(): AsyncGenerator<[key: string, value: V], undefined> {
    for await (const { key, value } of this.#fresh()) yield [key, value]
  }

  async size(): Promise<number> {
    let count = 0
    for await (const _ of this.#fresh()) count++
    return count
  }

  sweep(): Promise<number> {
    return this.#write(() => {
      this.#checkOpen()
      return this.#sweep().then(({ count }) => count)
    })
  }

  async flush(): Promise<void> {
    this.#checkOpen()
    await this.#store?.flush().catch((error: unknown) => this.#report(error, 'write-failed'))
  }

  stats(): CacheStats {
    this.#now = this.#clock.now()
    const { evictions, expirations, size, weight } = this.#memory.stats()
    return { memory: { ...this.#counts.memory, evictions, expirations, size, weight }, store: { ...this.#counts.store } }
  }

  close(): Promise<void> {
    this.#ending ??= this.#end((store) => store.close().catch((error: unknown) => void this.#report(error, 'write-failed')))
    return this.#ending
  }

  destroy(): Promise<void> {
    return this.#write(() => {
      this.#checkOpen()
      return (this.#ending = this.#end((store) => store.destroy().catch((error: unknown) => this.#fail(error))))
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // Reads

  async #find(key: string, now: number, stale?: boolean): Promise<Entry<V> | undefined> {
    const held = this.#fromMemory(key, now, stale)
    if (held || !this.#store) return held
    const stored = await this.#promote(key)
    return this.#serves(stored, now, stale, 'store') ? stored : undefined
  }

  #fromMemory(key: string, now: number, stale?: boolean): Entry<V> | undefined {
    const held = this.#memory.get(key)
    return this.#serves(held, now, stale, 'memory') ? held : undefined
  }

  #serves(entry: Entry<V> | undefined, now: number, stale: boolean | undefined, tier: 'memory' | 'store'): boolean {
    const outcome = isFresh(entry, now) ? 'hits' : stale && entry && !isExpired(entry, now) ? 'stale' : 'misses'
    this.#counts[tier][outcome]++
    return outcome !== 'misses'
  }

  /** The stored entry, copied to memory unless something overtook the read. */
  #promote(key: string): Promise<Entry<V> | undefined> {
    return this.#fetches.track(key, async (flight) => {
      const entry = await this.#read(key)
      if (entry && !isExpired(entry, this.#now) && flight.keeps(entry.tags)) this.#keep(entry)
      return entry
    })
  }

  /** Never rejects: a fault of the store is a miss. */
  async #read(key: string): Promise<Entry<V> | undefined> {
    if (!this.#store) return undefined
    this.#sweeper.arm()
    try {
      return await this.#store.get(key)
    } catch (error) {
      this.#report(error, 'read-failed', key)
      return undefined
    }
  }

  async *#fresh(): AsyncGenerator<Entry<V>, undefined> {
    const now = this.#begin()
    const seen = new Set<string>()
    for (const entry of this.#memory.values()) {
      if (!isFresh(entry, now)) continue
      seen.add(entry.key)
      yield entry
    }
    try {
      for await (const entry of this.#store?.entries() ?? []) if (isFresh(entry, now) && !seen.has(entry.key)) yield entry
    } catch (error) {
      this.#report(error, 'read-failed')
    }
  }

  // Loads

  #load(key: string, loader: Loader<V, V | undefined>, life: Lifetime, now: number): SharedLoad<V | undefined> {
    const current = this.#loads.get(key)
    if (current && current.flight.keeps(current.tags) && !current.load.aborted) return current.load
    let flight!: Flight
    const load = new SharedLoad((signal) => {
      const loading = this.#fetches.track(key, (own) => this.#loadOnce(key, loader, life, now, (flight = own), signal))
      return loading.finally(() => {
        if (this.#loads.get(key)?.load === load) this.#loads.delete(key)
      })
    })
    this.#loads.set(key, { flight, tags: life.tags, load })
    return load
  }

  async #loadOnce(key: string, loader: Loader<V, V | undefined>, life: Lifetime, now: number, flight: Flight, signal: AbortSignal): Promise<V | undefined> {
    const stored = this.#store && (await this.#promote(key))
    if (this.#store && this.#serves(stored, now, false, 'store')) return stored!.value
    signal.throwIfAborted()
    const value = await loader({ key, signal, stale: stored && !isExpired(stored, now) ? stored.value : undefined })
    if (value === undefined || signal.aborted || this.#closed || !flight.keeps(life.tags)) return value
    const entry = createEntry(key, value, life, this.#begin())
    // The caller has the value: what becomes of its copy is told elsewhere.
    this.#write(() => this.#setEntries([entry])).catch((error: unknown) => error instanceof CacheError || reportLater(error))
    return value
  }

  // Writes

  /** Runs a write. Bad arguments reject; so does a fault, but not as an unhandled rejection: it was reported. */
  #write<T>(operation: () => Promise<T>): Promise<T> {
    let writing: Promise<T>
    try {
      writing = operation()
    } catch (error) {
      writing = Promise.reject(error)
      if (!(error instanceof CacheError)) return writing
    }
    writing.catch(() => {})
    return writing
  }

  #create(task: string, key: string, value: V, options: SetOptions | undefined): Entry<V> {
    checkValue(task, value)
    const life = lifetimeOf(task, options, this.#lifetime)
    return createEntry(key, value, life, this.#begin(task, key))
  }

  #setAll(task: string, pairs: readonly (readonly [key: string, value: V])[], options: SetOptions | undefined): Promise<void> {
    const life = lifetimeOf(task, options, this.#lifetime)
    for (const [key, value] of pairs) {
      checkKey(task, key)
      checkValue(task, value)
    }
    const now = this.#begin()
    return this.#setEntries([...new Map(pairs.map(([key, value]) => [key, createEntry(key, value, life, now)])).values()])
  }

  /** Puts entries of one lifetime into memory, and sends them to the store. */
  #setEntries(entries: readonly Entry<V>[]): Promise<void> {
    for (const entry of entries) {
      if (isExpired(entry, entry.createdAt)) return Promise.all(entries.map(({ key }) => this.#remove(key))).then(() => {})
    }
    for (const entry of entries) {
      this.#memory.set(entry.key, entry, { ttl: entry.expiresAt - entry.createdAt })
      this.#fetches.overtake(entry.key)
      this.#changes.overtake(entry.key)
    }
    this.#counts.memory.writes += entries.length
    return this.#save(entries, (store) => (entries.length === 1 ? store.set(entries[0]!) : store.setMany(entries)))
  }

  /** Copies to memory what was read or decided; a `weigh` that throws must not fail that. */
  #keep(entry: Entry<V>): void {
    try {
      this.#memory.set(entry.key, entry, { ttl: Math.max(0, entry.expiresAt - this.#now) })
    } catch (error) {
      reportLater(error)
    }
  }

  /** Sends a write to the store. When the store refuses it, memory goes on serving these entries. */
  async #save(entries: readonly Entry<V>[], write: (store: Store<V>) => Promise<void>): Promise<void> {
    this.#sweeper.arm()
    if (!this.#store) return
    try {
      await write(this.#store)
      this.#counts.store.writes += entries.length
    } catch (error) {
      for (const entry of entries) this.#unsaved.add(entry)
      this.#fail(error)
    }
  }

  /** Removes a key from both tiers; resolves to the fresh entry that was there. */
  #remove(key: string): Promise<Entry<V> | undefined> {
    const now = this.#now
    const held = this.#memory.peek(key)
    this.#fetches.overtake(key)
    this.#changes.overtake(key)
    this.#memory.delete(key)
    return this.#change(key, (found) => ({ next: undefined, result: isFresh(found, now) ? found : undefined }), () => held)
  }

  /** Has the store decide, or memory where there is none; then memory follows. */
  async #change<R>(key: string, decide: Decide<V, R>, held = () => this.#memory.peek(key)): Promise<R> {
    this.#sweeper.arm()
    const before = held()
    if (!this.#store) return this.#follow(key, before, decide(before))
    const store = this.#store
    const unsaved = before && this.#unsaved.has(before) ? before : undefined
    return this.#changes.track(key, async (flight) => {
      try {
        let found: Entry<V> | undefined
        const decision = await store.change(key, (stored) => {
          found = stored ?? unsaved
          const made = decide(found)
          return made.next === found ? { ...made, next: stored } : made
        })
        if (flight.overtaken) return decision.result
        return this.#follow(key, found, flight.keeps(decision.next?.tags ?? []) ? decision : { ...decision, next: undefined })
      } catch (error) {
        if (before) this.#unsaved.add(before)
        this.#fail(error)
        const current = held()
        return this.#follow(key, current, decide(current))
      }
    })
  }

  /** Memory follows a decision: a new value counts as a use, a new lifetime does not. */
  #follow<R>(key: string, found: Entry<V> | undefined, { next, result }: Decision<V, R>): R {
    if (next === found) return result
    this.#fetches.overtake(key)
    const held = this.#memory.peek(key)
    if (!next) this.#memory.delete(key)
    else if (next.value !== found?.value) this.#keep(next)
    else if (held) {
      Object.assign(held, next)
      this.#memory.touch(key, Math.max(0, next.expiresAt - this.#now))
    }
    return result
  }

  #overtakeAll(prefix: string): void {
    this.#fetches.overtakeAll(prefix)
    this.#changes.overtakeAll(prefix)
  }

  // Life

  #openStore(store: false | undefined, { name, version, durability, maxStoredEntries }: CacheSettings): Store<V> | undefined {
    const reason = store === false ? 'store is false' : name === undefined ? 'no name was given' : missingIndexedDb()
    this.#status = reason === undefined ? { persistence: 'indexeddb' } : { persistence: 'memory', reason }
    if (name === undefined || reason !== undefined) return undefined
    return new IndexedDbStore<V>(
      { name, version, durability, maxEntries: maxStoredEntries },
      {
        onAvailability: (failure) => {
          this.#status = failure ? { persistence: 'memory', reason: failure.message } : { persistence: 'indexeddb' }
          if (failure) this.#tell(failure)
        },
        onEvict: (keys) => {
          this.#counts.store.evictions += keys.length
          for (const key of keys) {
            const held = this.#memory.peek(key)
            if (held) this.#unsaved.add(held)
          }
        },
        onError: (error) => this.#tell(error),
      },
    )
  }

  async #sweep(): Promise<{ count: number; more: boolean }> {
    const now = (this.#now = this.#clock.now())
    const swept = (this.#swept = new Set<string>())
    this.#memory.sweep()
    this.#swept = undefined
    let more = [...this.#memory.values()].some(({ expiresAt }) => expiresAt < Infinity)
    try {
      const stored = await this.#store?.sweep(now)
      for (const key of stored?.keys ?? []) swept.add(key)
      this.#counts.store.expirations += stored?.keys.length ?? 0
      more ||= stored?.more ?? false
    } catch (error) {
      this.#fail(error)
    }
    return { count: swept.size, more }
  }

  async #end(finish: (store: Store<V>) => Promise<void>): Promise<void> {
    this.#closed = true
    this.#sweeper.stop()
    this.#overtakeAll('')
    this.#memory.clear()
    if (this.#store) await finish(this.#store)
  }

  /** Reports a fault of a write and rejects with it; where the database does not open, memory is all there is. */
  #fail(error: unknown): void {
    const failure = this.#report(error, 'write-failed')
    if (failure.code !== 'open-failed') throw failure
  }

  /** Tells onError of a fault, but for a database that does not open: that is told once, when it happens. */
  #report(error: unknown, code: CacheErrorCode, key?: string): CacheError {
    const failure = toCacheError(code, error, key)
    if (failure.code !== 'open-failed') this.#tell(failure)
    return failure
  }

  #tell(failure: CacheError): void {
    this.#counts.store.errors++
    try {
      this.#onError?.(failure)
    } catch (error) {
      reportLater(error)
    }
  }

  /** Checks that the cache may be used, and reads the clock. */
  #begin(task?: string, key?: string): number {
    if (task !== undefined) checkKey(task, key)
    this.#checkOpen()
    return (this.#now = this.#clock.now())
  }

  #checkOpen(): void {
    if (this.#closed) throw new CacheError('closed', 'Cannot use the cache: it is closed')
  }
}

function newCounts() {
  return { hits: 0, misses: 0, stale: 0, evictions: 0, expirations: 0, writes: 0, errors: 0 }
}

/** Why there is no IndexedDB here; reading the global may throw. */
function missingIndexedDb(): string | undefined {
  try {
    return globalThis.indexedDB ? undefined : 'there is no IndexedDB here'
  } catch (error) {
    return String(error)
  }
}
