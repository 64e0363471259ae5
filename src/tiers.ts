// The two tiers as one. Memory answers and changes in the call itself; the store follows, and what it tells later counts
// only if nothing overtook it (flight.ts). What a call means, and whether its arguments are right, is cache.ts's business.

import type { CacheOptions, CacheStats, CacheStatus, TierStats } from './contract.ts'
import { expiresAtOf, isFresh, isUsable, type Entry } from './entry.ts'
import { closedError, reportLater, type CacheError, type CacheErrorCode } from './errors.ts'
import { createFlights, type Flight } from './flight.ts'
import { createMemoryCache } from './memory/memory-cache.ts'
import type { CacheSettings } from './options.ts'
import { toCacheError } from './store/faults.ts'
import { createIndexedDbStore } from './store/indexeddb-store.ts'
import type { Store } from './store/store.ts'
import { createSweeper } from './sweeper.ts'

/** What a change makes of the entry it finds, and what its caller is told. The entry found, as it is, is no change. */
export type Decide<V, R> = (found: Entry<V> | undefined) => readonly [next: Entry<V> | undefined, result: R]

export interface Tiers<V> {
  readonly status: CacheStatus
  /** Whether values have to be cloned somewhere. */
  readonly hasStore: boolean
  /** Reads the clock for an operation. @throws CacheError `closed` */
  begin(): number
  /** The fresh entry that memory holds, uncounted. Reads the clock. */
  peek(key: string): Entry<V> | undefined
  /** What either tier holds, uncounted and not copied to memory. */
  inspect(key: string): Promise<{ readonly entry: Entry<V> | undefined; readonly tier: 'memory' | 'store' }>
  /** A servable entry of the memory tier, counted as a use. */
  fromMemory(key: string, now: number, stale?: boolean): Entry<V> | undefined
  /** A servable entry of the store, and copies it to memory; where it is only stale, `orElse` is told of it. */
  fromStore(key: string, now: number, stale?: boolean, orElse?: (entry: Entry<V>) => void): Promise<Entry<V> | undefined>
  /** Puts entries of one lifetime into both tiers, all or nothing in the store. */
  set(entries: readonly Entry<V>[]): Promise<void>
  /** Removes a key; resolves to the fresh entry that was there. */
  remove(key: string): Promise<Entry<V> | undefined>
  /** Has the store decide, or memory where there is none; then memory follows. */
  change<R>(key: string, decide: Decide<V, R>): Promise<R>
  removePrefix(prefix: string): Promise<void>
  removeTag(tag: string): Promise<void>
  /** Runs a load as a flight, which tells whether a change of the key made its result void. */
  track<T>(key: string, flight: Flight, work: () => Promise<T>): Promise<T>
  /** Every fresh entry of either tier, each once. */
  fresh(now: number): AsyncIterable<Entry<V>>
  /** Resolves to how many keys expired. */
  sweep(): Promise<number>
  flush(): Promise<void>
  stats(): CacheStats
  close(): Promise<void>
  destroy(): Promise<void>
}

export function createTiers<V>(options: CacheOptions<V>, { clock, sweepInterval, ...settings }: CacheSettings): Tiers<V> {
  const { weigh, onRemove, onError } = options
  const counts = { memory: newCounts(), store: newCounts() }
  const flights = createFlights()
  /** Entries of the memory tier that the store does not have. */
  const unsaved = new WeakSet<Entry<V>>()
  /** When the latest operation began: the memory tier's clock. */
  let now = 0
  /** When the last of the entries put into memory will have expired. */
  let lastExpiry = 0
  let closed = false
  let ending: Promise<void> | undefined
  /** Keys that the sweep under way finds expired in memory. */
  let swept: Set<string> | undefined
  let status: CacheStatus = { persistence: 'store' }

  const memory = createMemoryCache<Entry<V>>({
    ...options,
    weigh: weigh && (({ value }, key) => weigh(value, key)),
    onRemove(key, { value }, cause) {
      if (cause === 'expired') swept?.add(key)
      onRemove?.(key, value, cause)
    },
    clock: { now: () => now },
  })

  // Faults

  const tell = (failure: CacheError): void => {
    counts.store.errors++
    try {
      onError?.(failure)
    } catch (error) {
      reportLater(error)
    }
  }

  /** That a database does not open is told once, when it happens; that a read was cut off by `close` is no fault. */
  const report = (error: unknown, code: CacheErrorCode = 'write-failed', key?: string): CacheError => {
    const failure = toCacheError(code, error, key)
    if (failure.code !== 'open-failed' && failure.code !== 'closed') tell(failure)
    return failure
  }

  /** Reports a fault of a write and rejects with it; where the database does not open, memory is all there is. */
  const fail = (error: unknown): void => {
    const failure = report(error)
    if (failure.code !== 'open-failed') throw failure
  }

  const openStore = (): Store<V> | undefined => {
    const { name } = settings
    const reason = options.store === false ? 'no store' : name ? missingIndexedDb() : 'no name'
    status = reason ? { persistence: 'memory', reason } : { persistence: 'indexeddb' }
    if (reason || !name) return undefined
    return createIndexedDbStore<V>({
      ...settings,
      name,
      onAvailability(failure) {
        status = failure ? { persistence: 'memory', reason: failure.message } : { persistence: 'indexeddb' }
        if (failure) tell(failure)
      },
      onEvict(keys) {
        counts.store.evictions += keys.length
        for (const key of keys) {
          const held = memory.peek(key)
          if (held) unsaved.add(held)
        }
      },
    })
  }
  const store = options.store || openStore()

  // Reads

  const read = async (key: string): Promise<Entry<V> | undefined> => {
    // Nobody knows yet what the store holds.
    if (store) sweeper.arm()
    try {
      return await store?.get(key)
    } catch (error) {
      report(error, 'read-failed', key)
      return undefined
    }
  }

  const serves = (entry: Entry<V> | undefined, at: number, stale: boolean | undefined, tier: TierStats): entry is Entry<V> => {
    const outcome = isFresh(entry, at) ? 'hits' : stale && isUsable(entry, at) ? 'stale' : 'misses'
    tier[outcome]++
    return outcome !== 'misses'
  }

  // Writes

  const timeLeft = (entry: Entry<V>): number => Math.max(0, expiresAtOf(entry) - now)

  const put = (entry: Entry<V>): void => {
    memory.set(entry.key, entry, { ttl: timeLeft(entry) })
    if (entry.expiresAt) {
      lastExpiry = Math.max(lastExpiry, entry.expiresAt)
      sweeper.arm()
    }
  }

  /** Copies to memory what was read or decided; a `weigh` that throws must not fail that. */
  const keep = (entry: Entry<V>): void => {
    try {
      put(entry)
    } catch (error) {
      reportLater(error)
    }
  }

  /** Sends a write to the store. When the store refuses it, memory goes on serving these entries. */
  const save = async (entries: readonly Entry<V>[], write: (store: Store<V>) => Promise<unknown>): Promise<void> => {
    if (!store) return
    try {
      await write(store)
      counts.store.writes += entries.length
    } catch (error) {
      for (const entry of entries) unsaved.add(entry)
      fail(error)
    }
  }

  /** Memory follows a change: a new value counts as a use, a new lifetime does not. */
  const follow = (key: string, found: Entry<V> | undefined, next: Entry<V> | undefined): void => {
    if (next === found) return
    flights.overtake(key, 'fetch')
    const held = memory.peek(key)
    if (!next) memory.delete(key)
    else if (next.value !== found?.value) keep(next)
    else if (held) {
      Object.assign(held, { staleAt: undefined, expiresAt: undefined }, next)
      memory.touch(key, timeLeft(next))
    }
  }

  const change = async <R>(key: string, decide: Decide<V, R>, held = () => memory.peek(key)): Promise<R> => {
    const before = held()
    let found = before
    let next: Entry<V> | undefined
    let result!: R
    const decideOn = (entry: Entry<V> | undefined): void => {
      found = entry
      ;[next, result] = decide(entry)
    }
    if (store) {
      const local = before && unsaved.has(before) ? before : undefined
      const flight: Flight = { type: 'change' }
      await flights.track(key, flight, async () => {
        try {
          await store.change(key, (stored) => {
            decideOn(stored ?? local)
            return next === found ? stored : next
          })
          counts.store.writes++
        } catch (error) {
          if (before) unsaved.add(before)
          fail(error)
          decideOn(held())
        }
        if (flight.byTag) memory.delete(key)
        if (!flight.overtaken) follow(key, found, next)
      })
    } else {
      decideOn(before)
      follow(key, found, next)
    }
    return result
  }

  const remove = (key: string): Promise<Entry<V> | undefined> => {
    const at = now
    const held = memory.peek(key)
    flights.overtake(key)
    memory.delete(key)
    return change(key, (found) => [undefined, isFresh(found, at) ? found : undefined], () => held)
  }

  // Life

  const sweep = async (): Promise<{ count: number; more: boolean }> => {
    const keys = (swept = new Set())
    now = clock.now()
    memory.sweep()
    swept = undefined
    let more = lastExpiry > now
    try {
      const stored = await store?.sweep(now)
      stored?.keys.forEach((key) => keys.add(key))
      counts.store.expirations += stored?.keys.length ?? 0
      more ||= !!stored?.more
    } catch (error) {
      fail(error)
    }
    return { count: keys.size, more }
  }
  const sweeper = createSweeper(sweepInterval, () => sweep().then(({ more }) => more, () => true))

  const end = async (finish: () => Promise<unknown> | undefined, onFault: (error: unknown) => unknown): Promise<void> => {
    closed = true
    sweeper.stop()
    flights.overtakePrefix('')
    memory.clear()
    await finish()?.catch(onFault)
  }

  return {
    get status() {
      return status
    },
    hasStore: !!store,

    begin() {
      if (closed) throw closedError()
      return (now = clock.now())
    },

    peek(key) {
      now = clock.now()
      const entry = memory.peek(key)
      return isFresh(entry, now) ? entry : undefined
    },

    async inspect(key) {
      const held = memory.peek(key)
      return held ? { entry: held, tier: 'memory' } : { entry: await read(key), tier: 'store' }
    },

    fromMemory(key, at, stale) {
      const entry = memory.get(key)
      return serves(entry, at, stale, counts.memory) ? entry : undefined
    },

    async fromStore(key, at, stale, orElse) {
      if (!store) return undefined
      const flight: Flight = { type: 'fetch' }
      const entry = await flights.track(key, flight, async () => {
        const stored = await read(key)
        if (isUsable(stored, now) && !flight.overtaken) keep(stored)
        return stored
      })
      if (serves(entry, at, stale, counts.store)) return entry
      if (isUsable(entry, at)) orElse?.(entry)
      return undefined
    },

    set(entries) {
      if (entries.some((entry) => !isUsable(entry, entry.createdAt))) return Promise.all(entries.map(({ key }) => remove(key))).then(() => {})
      for (const entry of entries) {
        put(entry)
        flights.overtake(entry.key)
      }
      counts.memory.writes += entries.length
      return save(entries, (to) => to.set(entries))
    },

    remove,
    change,
    track: flights.track,

    removePrefix(prefix) {
      flights.overtakePrefix(prefix)
      // What expired goes too, or a clock set back would bring it to life.
      memory.sweep()
      for (const key of memory.keys()) if (key.startsWith(prefix)) memory.delete(key)
      return save([], (from) => from.deletePrefix(prefix))
    },

    removeTag(tag) {
      flights.overtakeTag(tag)
      memory.sweep()
      for (const [key, { tags }] of memory) if (tags?.includes(tag)) memory.delete(key)
      return save([], (from) => from.deleteTag(tag))
    },

    async *fresh(at) {
      const seen = new Set<string>()
      for (const entry of memory.values()) {
        if (!isFresh(entry, at)) continue
        seen.add(entry.key)
        yield entry
      }
      try {
        for await (const entry of store?.entries() ?? []) if (isFresh(entry, at) && !seen.has(entry.key)) yield entry
      } catch (error) {
        report(error, 'read-failed')
      }
    },

    sweep: () => sweep().then(({ count }) => count),

    async flush() {
      await store?.flush().catch((error) => report(error))
    },

    stats() {
      now = clock.now()
      const { evictions, expirations, size, weight } = memory.stats()
      return { memory: { ...counts.memory, evictions, expirations, size, weight }, store: { ...counts.store } }
    },

    close: () => (ending ??= end(() => store?.close(), report)),

    destroy: () => (ending = end(() => store?.destroy(), fail)),
  }
}

function newCounts(): TierStats {
  return { hits: 0, misses: 0, stale: 0, evictions: 0, expirations: 0, writes: 0, errors: 0 }
}

/** Why there is no IndexedDB here; reading the global may throw. */
function missingIndexedDb(): string | undefined {
  try {
    return globalThis.indexedDB ? undefined : 'no IndexedDB'
  } catch (error) {
    return String(error)
  }
}
