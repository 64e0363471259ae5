// createCache: the order of the two tiers. Memory answers and changes in the call itself; the store follows, and what it
// tells later counts only if nothing overtook it (flight.ts). No storage code and no comparison of times here.

import type { Cache, CacheOptions, CacheStats, CacheStatus, EntryInfo, Loader, LoadOptions, SetOptions, TierStats } from './contract.ts'
import { createEntry, isExpired, isFresh, renewEntry, type Entry } from './entry.ts'
import { CacheError, reportLater, type CacheErrorCode } from './errors.ts'
import { Flights, SharedLoad, type Flight } from './flight.ts'
import { MemoryTier } from './memory/memory-tier.ts'
import { checkKey, checkMs, checkObject, checkValue, commonSettings, invalid, lifetime, listOf, storeSettings, type CommonSettings, type Lifetime, type StoreSettings } from './options.ts'
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
  return new TieredCache<V>(options, commonSettings(options), storeSettings(options))
}

class TieredCache<V> implements Cache<V> {
  readonly #clock: CommonSettings['clock']
  readonly #lifetime: Lifetime
  readonly #memory: MemoryTier<Entry<V>>
  readonly #store: Store<V> | undefined
  readonly #sweeper: Sweeper
  readonly #onError: CacheOptions<V>['onError']
  readonly #counts = { memory: newCounts(), store: newCounts() }
  #status: CacheStatus
  #closed = false
  #ending: Promise<void> | undefined

  /** Reads and loads: their results are void after any change of the key. */
  readonly #fetches = new Flights()
  /** Changes that the store decides: void after a later write of the key. */
  readonly #changes = new Flights()
  readonly #reads = new Map<string, { flight: Flight; promise: Promise<Entry<V> | undefined> }>()
  readonly #loads = new Map<string, { flight: Flight; tags: readonly string[]; load: SharedLoad<V | undefined> }>()
  /** Entries of the memory tier that the store could not take. */
  readonly #unsaved = new WeakSet<Entry<V>>()

  constructor(options: CacheOptions<V>, common: CommonSettings, settings: StoreSettings) {
    const { weigh, onRemove, onError } = options
    this.#clock = common.clock
    this.#lifetime = settings.lifetime
    this.#onError = onError
    this.#memory = new MemoryTier({
      ...common,
      weigh: weigh && (({ value }, key) => weigh(value, key)),
      onRemove: onRemove && ((key, { value }, cause) => onRemove(key, value, cause)),
    })
    this.#sweeper = new Sweeper(settings.sweepInterval, () => this.#sweepInBackground())
    const [store, status] = this.#chooseStore(options.store, settings)
    this.#store = store
    this.#status = status
  }

  get status(): CacheStatus {
    return this.#status
  }

  async get(key: string, options?: { readonly stale?: boolean }): Promise<V | undefined> {
    this.#check('get entry', key)
    if (options !== undefined) checkObject('get entry', options)
    const now = this.#clock.now()
    return (await this.#find(key, now, options?.stale))?.value
  }

  async getMany(keys: Iterable<string>): Promise<Map<string, V>> {
    const wanted = this.#checkKeys('get entries', keys)
    const now = this.#clock.now()
    const found = await Promise.all(wanted.map((key) => this.#find(key, now)))
    return new Map(found.flatMap((entry) => (entry === undefined ? [] : [[entry.key, entry.value]])))
  }

  peek(key: string): V | undefined {
    checkKey('peek at entry', key)
    const now = this.#clock.now()
    const entry = this.#memory.peek(key, now)
    return isFresh(entry, now) ? entry.value : undefined
  }

  async has(key: string): Promise<boolean> {
    this.#check('look for entry', key)
    const now = this.#clock.now()
    return isFresh(await this.#inspect(key, now), now)
  }

  async expiresAt(key: string): Promise<number | undefined> {
    this.#check('look for entry', key)
    const now = this.#clock.now()
    const entry = await this.#inspect(key, now)
    return isFresh(entry, now) ? entry.staleAt : undefined
  }

  async info(key: string): Promise<EntryInfo | undefined> {
    this.#check('look for entry', key)
    const now = this.#clock.now()
    const tier = this.#memory.find(key, now) === 0 ? 'store' : 'memory'
    const entry = await this.#inspect(key, now)
    if (entry === undefined || isExpired(entry, now)) return undefined
    const { createdAt, staleAt, expiresAt, tags } = entry
    return { createdAt, staleAt, expiresAt, tags, tier }
  }

  set(key: string, value: V, options?: SetOptions): Promise<void> {
    return this.#write(() => {
      this.#check('set entry', key)
      checkValue('set entry', value)
      const life = lifetime('set entry', options, this.#lifetime)
      const now = this.#clock.now()
      const entry = createEntry(key, value, life, now)
      const weight = this.#memory.weigh(key, entry)
      if (isExpired(entry, now)) return this.#remove(key, now).then(() => {})
      this.#put(entry, now, weight)
      return this.#save([entry], () => this.#store?.set(entry))
    })
  }

  setMany(entries: Iterable<readonly [key: string, value: V]>, options?: SetOptions): Promise<void> {
    return this.#write(() => {
      const task = 'set entries'
      this.#checkOpen()
      const life = lifetime(task, options, this.#lifetime)
      const now = this.#clock.now()
      const latest = new Map<string, Entry<V>>()
      for (const pair of listOf(task, 'entries', entries)) {
        if (!Array.isArray(pair)) throw invalid(TypeError, task, 'entries', 'pairs of key and value', pair)
        checkKey(task, pair[0])
        checkValue(task, pair[1])
        latest.set(pair[0], createEntry<V>(pair[0], pair[1], life, now))
      }
      const added = [...latest.values()]
      const weights = added.map((entry) => this.#memory.weigh(entry.key, entry))
      if (added.every((entry) => isExpired(entry, now))) return Promise.all(added.map(({ key }) => this.#remove(key, now))).then(() => {})
      for (const [index, entry] of added.entries()) this.#put(entry, now, weights[index]!)
      return this.#save(added, () => this.#store?.setMany(added))
    })
  }

  add(key: string, value: V, options?: SetOptions): Promise<boolean> {
    return this.#write(() => {
      this.#check('add entry', key)
      checkValue('add entry', value)
      const life = lifetime('add entry', options, this.#lifetime)
      const now = this.#clock.now()
      const entry = createEntry(key, value, life, now)
      this.#memory.weigh(key, entry)
      return this.#change(key, now, (found) => {
        if (isFresh(found, now)) return { next: found, result: false }
        return { next: isExpired(entry, now) ? undefined : entry, result: true }
      })
    })
  }

  update(key: string, value: V): Promise<V | undefined> {
    return this.#write(() => {
      this.#check('update entry', key)
      checkValue('update entry', value)
      const now = this.#clock.now()
      return this.#change(key, now, (found) => {
        if (!isFresh(found, now)) return { next: found, result: undefined }
        return { next: { ...found, value }, result: found.value }
      })
    })
  }

  touch(key: string, ttl: number): Promise<boolean> {
    return this.#write(() => {
      this.#check('touch entry', key)
      checkMs('touch entry', 'ttl', ttl)
      const now = this.#clock.now()
      return this.#change(key, now, (found) => {
        if (!isFresh(found, now)) return { next: found, result: false }
        const next = renewEntry(found, ttl, now)
        return { next: isExpired(next, now) ? undefined : next, result: true }
      })
    })
  }

  take(key: string): Promise<V | undefined> {
    return this.#write(() => {
      this.#check('take entry', key)
      const now = this.#clock.now()
      return this.#remove(key, now).then((entry) => entry?.value)
    })
  }

  async getOrLoad(key: string, loader: Loader<V, V | undefined>, options?: LoadOptions): Promise<V> {
    this.#check('load entry', key)
    if (typeof loader !== 'function') throw invalid(TypeError, 'load entry', 'loader', 'a function', loader)
    const life = lifetime('load entry', options, this.#lifetime)
    const signal = options?.signal
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid(TypeError, 'load entry', 'signal', 'an AbortSignal', signal)
    signal?.throwIfAborted()
    const now = this.#clock.now()
    const held = this.#fromMemory(key, now)
    // The contract's two signatures tell whether undefined can come.
    return (held !== undefined ? held.value : await this.#load(key, loader, life, now).join(signal)) as V
  }

  delete(key: string): Promise<boolean> {
    return this.#write(() => {
      this.#check('delete entry', key)
      return this.#remove(key, this.#clock.now()).then((entry) => entry !== undefined)
    })
  }

  deleteMany(keys: Iterable<string>): Promise<number> {
    return this.#write(() => {
      const unique = new Set(this.#checkKeys('delete entries', keys))
      const now = this.#clock.now()
      const removing = Promise.all(Array.from(unique, (key) => this.#remove(key, now)))
      return removing.then((removed) => removed.filter((entry) => entry !== undefined).length)
    })
  }

  deletePrefix(prefix: string): Promise<void> {
    return this.#write(() => {
      this.#checkOpen()
      if (typeof prefix !== 'string') throw invalid(TypeError, 'delete entries', 'prefix', 'a string', prefix)
      const concerns = (key: string) => key.startsWith(prefix)
      this.#fetches.overtakeWhere(concerns)
      this.#changes.overtakeWhere(concerns)
      this.#memory.deleteWhere(concerns, this.#clock.now())
      return this.#save([], () => this.#store?.deletePrefix(prefix))
    })
  }

  deleteTag(tag: string): Promise<void> {
    return this.#write(() => {
      this.#checkOpen()
      if (typeof tag !== 'string') throw invalid(TypeError, 'delete entries', 'tag', 'a string', tag)
      this.#fetches.removeTag(tag)
      this.#changes.removeTag(tag)
      this.#memory.deleteWhere((_key, entry) => entry.tags.includes(tag), this.#clock.now())
      return this.#save([], () => this.#store?.deleteTag(tag))
    })
  }

  clear(): Promise<void> {
    return this.#write(() => {
      this.#checkOpen()
      this.#forgetFlights()
      this.#memory.clear(this.#clock.now())
      return this.#save([], () => this.#store?.clear())
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
    for await (const _entry of this.#fresh()) count++
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
    const { memory, store } = this.#counts
    const { evictions, expirations, weight } = this.#memory
    const size = this.#memory.size(this.#clock.now())
    return { memory: { ...memory, evictions, expirations, size, weight }, store: { ...store } }
  }

  close(): Promise<void> {
    this.#ending ??= this.#end(async () => {
      this.#memory.discard()
      await this.#store?.close().catch((error: unknown) => this.#report(error, 'write-failed'))
    })
    return this.#ending
  }

  destroy(): Promise<void> {
    return this.#write(() => {
      this.#checkOpen()
      this.#ending = this.#end(async () => {
        this.#memory.clear(this.#clock.now())
        await this.#store?.destroy().catch((error: unknown) => this.#fail(error))
      })
      return this.#ending
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // Reads

  async #find(key: string, now: number, stale = false): Promise<Entry<V> | undefined> {
    const held = this.#fromMemory(key, now, stale)
    if (held !== undefined || this.#store === undefined) return held
    const stored = await this.#read(key, now)
    return this.#served(stored, now, stale, this.#counts.store) ? stored : undefined
  }

  /** A servable entry of the memory tier; counts as a use. */
  #fromMemory(key: string, now: number, stale = false): Entry<V> | undefined {
    const slot = this.#memory.find(key, now)
    const entry = slot === 0 ? undefined : this.#memory.item(slot)
    if (!this.#served(entry, now, stale, this.#counts.memory)) return undefined
    return this.#memory.use(slot)
  }

  #served(entry: Entry<V> | undefined, now: number, stale: boolean, counts: TierStats): boolean {
    if (isFresh(entry, now)) counts.hits++
    else if (stale && entry !== undefined && !isExpired(entry, now)) counts.stale++
    else {
      counts.misses++
      return false
    }
    return true
  }

  /** The entry as either tier holds it, without counting or promoting it. */
  async #inspect(key: string, now: number): Promise<Entry<V> | undefined> {
    return this.#memory.peek(key, now) ?? (await this.#readThrough(key))
  }

  /** The stored entry, copied to memory; callers of one key share the read. */
  #read(key: string, now: number): Promise<Entry<V> | undefined> {
    const current = this.#reads.get(key)
    if (current !== undefined && !current.flight.overtaken) return current.promise
    return this.#fetches.track(key, (flight) => {
      const promise = this.#readThrough(key).then((entry) => {
        if (this.#reads.get(key)?.flight === flight) this.#reads.delete(key)
        if (entry !== undefined && !isExpired(entry, now) && flight.keeps(entry.tags)) this.#keep(entry, now)
        return entry
      })
      this.#reads.set(key, { flight, promise })
      return promise
    })
  }

  /** Never rejects: a fault of the store is a miss. */
  async #readThrough(key: string): Promise<Entry<V> | undefined> {
    if (this.#store === undefined) return undefined
    this.#sweeper.arm()
    try {
      return await this.#store.get(key)
    } catch (error) {
      this.#report(error, 'read-failed', key)
      return undefined
    }
  }

  async *#fresh(): AsyncGenerator<Entry<V>, undefined> {
    this.#checkOpen()
    const now = this.#clock.now()
    const seen = new Set<string>()
    for (const [key, entry] of this.#memory.entries(now)) {
      if (!isFresh(entry, now)) continue
      seen.add(key)
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
    if (current !== undefined && current.flight.keeps(current.tags) && !current.load.aborted) return current.load
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
    const stored = await this.#read(key, now)
    if (this.#store !== undefined && this.#served(stored, now, false, this.#counts.store)) return stored!.value
    signal.throwIfAborted()
    const stale = stored !== undefined && !isExpired(stored, now) ? stored.value : undefined
    const value = await loader({ key, signal, stale })
    if (value === undefined || signal.aborted || this.#closed || !flight.keeps(life.tags)) return value
    const loadedAt = this.#clock.now()
    const entry = createEntry(key, value, life, loadedAt)
    // The caller has the value: what becomes of its copy is told to onError alone.
    if (isExpired(entry, loadedAt)) this.#remove(key, loadedAt).catch(() => {})
    else {
      this.#changes.overtake(key)
      this.#keep(entry, loadedAt)
      this.#save([entry], () => this.#store?.set(entry)).catch(() => {})
    }
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

  /** Puts an entry into memory; whatever was under way for its key is overtaken. */
  #put(entry: Entry<V>, now: number, weight: number): void {
    this.#fetches.overtake(entry.key)
    this.#changes.overtake(entry.key)
    this.#memory.set(entry.key, entry, entry.expiresAt, now, weight)
    this.#counts.memory.writes++
  }

  /** Copies to memory what was read, loaded or decided; a `weigh` that throws must not fail that. */
  #keep(entry: Entry<V>, now: number): void {
    try {
      this.#memory.set(entry.key, entry, entry.expiresAt, now, this.#memory.weigh(entry.key, entry))
    } catch (error) {
      reportLater(error)
    }
  }

  /** Sends a write to the store. When the store refuses it, memory goes on serving these entries. */
  async #save(entries: readonly Entry<V>[], write: () => Promise<void> | undefined): Promise<void> {
    this.#sweeper.arm()
    if (this.#store === undefined) return
    try {
      await write()
      this.#counts.store.writes += entries.length
    } catch (error) {
      for (const entry of entries) this.#unsaved.add(entry)
      this.#fail(error)
    }
  }

  /** Removes a key from both tiers; resolves to the fresh entry that was there. */
  #remove(key: string, now: number): Promise<Entry<V> | undefined> {
    const held = this.#memory.peek(key, now)
    this.#fetches.overtake(key)
    this.#changes.overtake(key)
    this.#memory.delete(key, now)
    return this.#change(key, now, (found) => ({ next: undefined, result: isFresh(found, now) ? found : undefined }), () => held)
  }

  /** Has the store decide, or memory where there is none; then memory follows. */
  async #change<R>(key: string, now: number, decide: Decide<V, R>, held = () => this.#memory.peek(key, now)): Promise<R> {
    this.#sweeper.arm()
    const before = held()
    if (this.#store === undefined) return this.#follow(key, now, before, decide(before))
    const unsaved = before !== undefined && this.#unsaved.has(before) ? before : undefined
    return this.#changes.track(key, async (flight) => {
      try {
        let found: Entry<V> | undefined
        const decision = await this.#store!.change(key, (stored) => {
          found = stored ?? unsaved
          const made = decide(found)
          return made.next === found ? { ...made, next: stored } : made
        })
        if (flight.overtaken) return decision.result
        return this.#follow(key, now, found, flight.keeps(decision.next?.tags ?? []) ? decision : { ...decision, next: undefined })
      } catch (error) {
        if (before !== undefined) this.#unsaved.add(before)
        this.#fail(error)
        const current = held()
        return this.#follow(key, now, current, decide(current))
      }
    })
  }

  /** Memory follows a decision: a new value counts as a use, a new lifetime does not. */
  #follow<R>(key: string, now: number, found: Entry<V> | undefined, { next, result }: Decision<V, R>): R {
    if (next === found) return result
    this.#fetches.overtake(key)
    const slot = this.#memory.find(key, now)
    if (next === undefined) this.#memory.delete(key, now)
    else if (next.value !== found?.value) this.#keep(next, now)
    else if (slot !== 0) this.#memory.renew(slot, next, next.expiresAt, now)
    return result
  }

  // Life

  #chooseStore(store: CacheOptions<V>['store'], { name, version, durability, maxStoredEntries }: StoreSettings): [Store<V> | undefined, CacheStatus] {
    if (store) return [store, { persistence: 'store' }]
    const reason = store === false ? 'store: false was given' : name === undefined ? 'no name was given' : missingIndexedDb()
    if (name === undefined || reason !== undefined) return [undefined, { persistence: 'memory', reason: reason! }]
    const indexedDbStore = new IndexedDbStore<V>(
      { name, version, durability, maxEntries: maxStoredEntries },
      {
        onAvailability: (failure) => {
          this.#status = failure === undefined ? { persistence: 'indexeddb' } : { persistence: 'memory', reason: failure.message }
          if (failure !== undefined) this.#tell(failure)
        },
        onEvict: (keys) => this.#onEvict(keys),
        onError: (error) => this.#tell(error),
      },
    )
    return [indexedDbStore, { persistence: 'indexeddb' }]
  }

  /** What left the disk for its bound may still be in memory; then memory alone has it. */
  #onEvict(keys: readonly string[]): void {
    this.#counts.store.evictions += keys.length
    const now = this.#clock.now()
    for (const key of keys) {
      const held = this.#memory.peek(key, now)
      if (held !== undefined) this.#unsaved.add(held)
    }
  }

  async #sweep(): Promise<{ count: number; more: boolean }> {
    const now = this.#clock.now()
    const keys = new Set<string>()
    this.#memory.sweep(now, (key) => keys.add(key))
    let more = this.#memory.canExpire
    if (this.#store === undefined) return { count: keys.size, more }
    try {
      const swept = await this.#store.sweep(now)
      for (const key of swept.keys) keys.add(key)
      this.#counts.store.expirations += swept.keys.length
      more ||= swept.more
    } catch (error) {
      this.#fail(error)
    }
    return { count: keys.size, more }
  }

  async #sweepInBackground(): Promise<boolean> {
    try {
      return (await this.#sweep()).more
    } catch {
      return true
    }
  }

  #end(finish: () => Promise<void>): Promise<void> {
    this.#closed = true
    this.#sweeper.stop()
    this.#forgetFlights()
    return finish()
  }

  #forgetFlights(): void {
    this.#fetches.overtakeWhere(() => true)
    this.#changes.overtakeWhere(() => true)
  }

  /** Reports a fault of a write and rejects with it; with no store to write to any more, memory is all there is. */
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
    } catch (thrown) {
      reportLater(thrown)
    }
  }

  #check(task: string, key: string): void {
    this.#checkOpen()
    checkKey(task, key)
  }

  #checkKeys(task: string, keys: Iterable<string>): string[] {
    this.#checkOpen()
    const list = listOf(task, 'keys', keys)
    for (const key of list) checkKey(task, key)
    return list
  }

  #checkOpen(): void {
    if (this.#closed) throw new CacheError('closed', 'Cannot use the cache: it is closed')
  }
}

function newCounts(): TierStats {
  return { hits: 0, misses: 0, stale: 0, evictions: 0, expirations: 0, writes: 0, errors: 0 }
}

/** Why there is no IndexedDB here; reading the global may throw. */
function missingIndexedDb(): string | undefined {
  try {
    return typeof globalThis.indexedDB?.open === 'function' ? undefined : 'IndexedDB is not available here'
  } catch (error) {
    return `IndexedDB is not available here: ${String(error)}`
  }
}
