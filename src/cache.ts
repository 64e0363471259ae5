// createCache: what each call means, on top of the two tiers (tiers.ts). Checks its arguments before anything changes, and
// reads the clock once.

import type { Cache, CacheOptions, CacheStatus, Loader, LoadOptions, SetOptions, TierStats } from './contract.ts'
import { createEntry, isExpired, isFresh, renewEntry, type Entry } from './entry.ts'
import { CacheError, reportLater } from './errors.ts'
import { share, type Flight, type Join } from './flight.ts'
import { createMemoryCache } from './memory/memory-cache.ts'
import { cacheSettings, check, checkKey, checkKeys, checkMs, checkPairs, checkString, checkValue, checkWeight, lifetimeOf, optionsOf, type CacheSettings, type Lifetime } from './options.ts'
import { toCacheError } from './store/faults.ts'
import { createIndexedDbStore, type StoreListener } from './store/indexeddb-store.ts'
import type { Store } from './store/store.ts'
import { createSweeper } from './sweeper.ts'
import { createTiers } from './tiers.ts'

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
  const settings = cacheSettings(options)
  const { clock, lifetime } = settings
  const { weigh, onRemove, onError } = options
  const counts = { memory: newCounts(), store: newCounts() }
  const loads = new Map<string, { readonly join: Join<V | undefined>; readonly flight: Flight }>()
  const unsaved = new WeakSet<Entry<V>>()
  let now = 0
  let closed = false
  let ending: Promise<void> | undefined
  let swept: Set<string> | undefined

  const memory = createMemoryCache<Entry<V>>({
    ...options,
    weigh: weigh && (({ value }, key) => weigh(value, key)),
    onRemove(key, { value }, cause) {
      if (cause === 'expired') swept?.add(key)
      onRemove?.(key, value, cause)
    },
    clock: { now: () => now },
  })

  const onFault = (error: CacheError): void => {
    counts.store.errors++
    try {
      onError?.(error)
    } catch (thrown) {
      reportLater(thrown)
    }
  }

  let { store, status } = chooseStore(options.store, settings, {
    onAvailability(failure: CacheError | undefined) {
      status = failure ? { persistence: 'memory', reason: failure.message } : { persistence: 'indexeddb' }
      if (failure) onFault(failure)
    },
    onEvict(keys: readonly string[]) {
      counts.store.evictions += keys.length
      for (const key of keys) {
        const held = memory.peek(key)
        if (held) unsaved.add(held)
      }
    },
  })

  const sweep = async (): Promise<{ count: number; more: boolean }> => {
    const keys = (swept = new Set())
    now = clock.now()
    memory.sweep()
    swept = undefined
    let more = [...memory.values()].some(({ expiresAt }) => expiresAt < Infinity)
    try {
      const stored = await store?.sweep(now)
      stored?.keys.forEach((key) => keys.add(key))
      counts.store.expirations += stored?.keys.length ?? 0
      more ||= !!stored?.more
    } catch (error) {
      tiers.fail(error)
    }
    return { count: keys.size, more }
  }
  const sweeper = createSweeper(settings.sweepInterval, () => sweep().then(({ more }) => more, () => true))

  const tiers = createTiers<V>({
    memory,
    store,
    unsaved,
    now: () => now,
    onActivity: sweeper.arm,
    onWrite: (tier, count) => (counts[tier].writes += count),
    onFault,
  })

  /** Checks the key, if there is one, and that the cache may be used; reads the clock. */
  const begin = (task?: string, key?: string): number => {
    if (task) checkKey(task, key)
    if (closed) throw new CacheError('closed', 'Cannot use the cache: it is closed')
    return (now = clock.now())
  }

  /** Runs a write. Bad arguments reject; so does a fault, but not as an unhandled rejection: it was reported. */
  const write = <T>(operation: () => Promise<T>): Promise<T> => {
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

  const serves = (entry: Entry<V> | undefined, at: number, stale: boolean | undefined, tier: 'memory' | 'store'): entry is Entry<V> => {
    const outcome = isFresh(entry, at) ? 'hits' : stale && entry && !isExpired(entry, at) ? 'stale' : 'misses'
    counts[tier][outcome]++
    return outcome !== 'misses'
  }

  const find = async (key: string, at: number, stale?: boolean): Promise<Entry<V> | undefined> => {
    const held = memory.get(key)
    if (serves(held, at, stale, 'memory')) return held
    const stored = store && (await tiers.promote(key))
    return store && serves(stored, at, stale, 'store') ? stored : undefined
  }

  const setAll = (task: string, pairs: readonly (readonly [key: string, value: V])[], setOptions: SetOptions | undefined): Promise<void> => {
    const life = lifetimeOf(task, setOptions, lifetime)
    for (const [key, value] of pairs) {
      checkKey(task, key)
      checkValue(task, value)
    }
    const at = begin()
    const latest = new Map(pairs.map(([key, value]) => [key, createEntry(key, value, life, at)]))
    // One value that cannot be weighed or stored must show before anything changes.
    if (latest.size > 1) for (const [key, { value }] of latest) checkAlone(key, value)
    return tiers.set([...latest.values()])
  }

  const checkAlone = (key: string, value: V): void => {
    checkWeight(weigh?.(value, key))
    try {
      if (store) structuredClone(value)
    } catch (error) {
      throw toCacheError('not-cloneable', error, key)
    }
  }

  const load = (key: string, loader: Loader<V, V | undefined>, life: Lifetime, at: number): Join<V | undefined> => {
    const current = loads.get(key)
    if (current && !current.flight.overtaken) return current.join
    let flight!: Flight
    const run = async (own: Flight, signal: AbortSignal): Promise<V | undefined> => {
      flight = own
      signal.onabort = () => (own.overtaken = true)
      try {
        const stored = await (store && tiers.promote(key))
        if (store && serves(stored, at, false, 'store')) return stored.value
        signal.throwIfAborted()
        const value = await loader({ key, signal, stale: stored && !isExpired(stored, at) ? stored.value : undefined })
        if (value !== undefined && !closed && !own.overtaken) {
          // The caller has the value: what becomes of its copy is told elsewhere.
          write(() => tiers.set([createEntry(key, value, life, begin())])).catch((error) => error instanceof CacheError || reportLater(error))
        }
        return value
      } finally {
        if (loads.get(key)?.flight === own) loads.delete(key)
      }
    }
    const join = share((signal) => tiers.fetch(key, (own) => run(own, signal), life.tags))
    loads.set(key, { join, flight })
    return join
  }

  const end = async (finish: (opened: Store<V>) => Promise<unknown>): Promise<void> => {
    closed = true
    sweeper.stop()
    tiers.overtakeAll()
    memory.clear()
    if (store) await finish(store)
  }

  const cache: Cache<V> = {
    get status() {
      return status
    },

    async get(key, getOptions) {
      const { stale } = optionsOf('get entry', getOptions)
      return (await find(key, begin('get entry', key), stale))?.value
    },

    async getMany(keys) {
      const wanted = checkKeys('get entries', keys)
      const at = begin()
      const found = await Promise.all(wanted.map((key) => find(key, at)))
      return new Map(found.flatMap((entry) => (entry ? [[entry.key, entry.value]] : [])))
    },

    peek(key) {
      checkKey('peek at entry', key)
      now = clock.now()
      const entry = memory.peek(key)
      return isFresh(entry, now) ? entry.value : undefined
    },

    has: async (key) => (await cache.expiresAt(key)) !== undefined,

    async expiresAt(key) {
      const at = begin('look for entry', key)
      const entry = memory.peek(key) ?? (await tiers.read(key))
      return isFresh(entry, at) ? entry.staleAt : undefined
    },

    async info(key) {
      const at = begin('look for entry', key)
      const held = memory.peek(key)
      const entry = held ?? (await tiers.read(key))
      if (!entry || isExpired(entry, at)) return undefined
      const { createdAt, staleAt, expiresAt, tags } = entry
      return { createdAt, staleAt, expiresAt, tags, tier: held ? 'memory' : 'store' }
    },

    set: (key, value, setOptions) => write(() => setAll('set entry', [[key, value]], setOptions)),

    setMany: (entries, setOptions) => write(() => setAll('set entries', checkPairs('set entries', entries), setOptions)),

    add: (key, value, setOptions) =>
      write(() => {
        const task = 'add entry'
        checkValue(task, value)
        const life = lifetimeOf(task, setOptions, lifetime)
        const at = begin(task, key)
        const entry = createEntry(key, value, life, at)
        checkWeight(weigh?.(value, key))
        return tiers.change(key, (found) => (isFresh(found, at) ? [found, false] : [isExpired(entry, at) ? undefined : entry, true]))
      }),

    update: (key, value) =>
      write(() => {
        checkValue('update entry', value)
        const at = begin('update entry', key)
        checkWeight(weigh?.(value, key))
        return tiers.change(key, (found) => (isFresh(found, at) ? [{ ...found, value }, found.value] : [found, undefined]))
      }),

    touch: (key, ttl) =>
      write(() => {
        checkMs('touch entry', 'ttl', ttl)
        const at = begin('touch entry', key)
        return tiers.change(key, (found) => {
          if (!isFresh(found, at)) return [found, false]
          const next = renewEntry(found, ttl, at)
          return [isExpired(next, at) ? undefined : next, true]
        })
      }),

    take: (key) =>
      write(() => {
        begin('take entry', key)
        return tiers.remove(key).then((entry) => entry?.value)
      }),

    async getOrLoad(key: string, loader: Loader<V, V | undefined>, loadOptions?: LoadOptions): Promise<V> {
      const task = 'load entry'
      const life = lifetimeOf(task, loadOptions, lifetime)
      const signal = loadOptions?.signal
      check(typeof loader === 'function', task, 'loader', 'a function', loader)
      check(!signal || signal instanceof AbortSignal, task, 'signal', 'an AbortSignal', signal)
      const at = begin(task, key)
      signal?.throwIfAborted()
      const held = memory.get(key)
      // The contract's two signatures tell whether undefined can come.
      return (serves(held, at, false, 'memory') ? held.value : await load(key, loader, life, at)(signal)) as V
    },

    delete: (key) =>
      write(() => {
        begin('delete entry', key)
        return tiers.remove(key).then((entry) => !!entry)
      }),

    deleteMany: (keys) =>
      write(() => {
        const unique = new Set(checkKeys('delete entries', keys))
        begin()
        return Promise.all(Array.from(unique, tiers.remove)).then((removed) => removed.filter((entry) => entry).length)
      }),

    deletePrefix: (prefix) =>
      write(() => {
        checkString('delete entries', 'prefix', prefix)
        begin()
        return tiers.removePrefix(prefix)
      }),

    deleteTag: (tag) =>
      write(() => {
        checkString('delete entries', 'tag', tag)
        begin()
        return tiers.removeTag(tag)
      }),

    clear: () =>
      write(() => {
        begin()
        return tiers.removePrefix('')
      }),

    async *keys() {
      for await (const { key } of tiers.fresh(begin())) yield key
    },

    async *values() {
      for await (const { value } of tiers.fresh(begin())) yield value
    },

    async *entries() {
      for await (const { key, value } of tiers.fresh(begin())) yield [key, value]
    },

    async size() {
      let count = 0
      for await (const _ of cache.keys()) count++
      return count
    },

    sweep: () =>
      write(() => {
        begin()
        return sweep().then(({ count }) => count)
      }),

    async flush() {
      begin()
      await store?.flush().catch((error) => tiers.report(error, 'write-failed'))
    },

    stats() {
      now = clock.now()
      const { evictions, expirations, size, weight } = memory.stats()
      return { memory: { ...counts.memory, evictions, expirations, size, weight }, store: { ...counts.store } }
    },

    close: () => (ending ??= end((opened) => opened.close().catch((error) => void tiers.report(error, 'write-failed')))),

    destroy: () =>
      write(() => {
        begin()
        return (ending = end((opened) => opened.destroy().catch(tiers.fail)))
      }),

    [Symbol.asyncDispose]: () => cache.close(),
  }
  return cache
}

function newCounts(): TierStats {
  return { hits: 0, misses: 0, stale: 0, evictions: 0, expirations: 0, writes: 0, errors: 0 }
}

function chooseStore<V>(given: Store<V> | false | undefined, { name, version, durability, maxStoredEntries }: CacheSettings, listener: StoreListener): { store?: Store<V>; status: CacheStatus } {
  if (given) return { store: given, status: { persistence: 'store' } }
  const reason = given === false ? 'store is false' : name === undefined ? 'no name was given' : missingIndexedDb()
  if (name === undefined || reason !== undefined) return { status: { persistence: 'memory', reason: reason! } }
  const store = createIndexedDbStore<V>({ name, version, durability, maxEntries: maxStoredEntries }, listener)
  return { store, status: { persistence: 'indexeddb' } }
}

/** Why there is no IndexedDB here; reading the global may throw. */
function missingIndexedDb(): string | undefined {
  try {
    return globalThis.indexedDB ? undefined : 'there is no IndexedDB here'
  } catch (error) {
    return String(error)
  }
}
