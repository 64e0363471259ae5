// The two tiers as one. Memory answers and changes in the call itself; the store follows, and what it tells later counts
// only if nothing overtook it (flight.ts). Policy (what is fresh, what a call means) is in cache.ts.

import { isExpired, isFresh, type Entry } from './entry.ts'
import { CacheError, reportLater, type CacheErrorCode } from './errors.ts'
import { createFlights, type Flight } from './flight.ts'
import type { MemoryCache } from './memory/memory-cache.ts'
import { toCacheError } from './store/faults.ts'
import type { Store } from './store/store.ts'

/** What a change makes of the entry it finds, and what its caller is told. The entry found, as it is, is no change. */
export type Decide<V, R> = (found: Entry<V> | undefined) => readonly [next: Entry<V> | undefined, result: R]

export interface Tiers<V> {
  /** The stored entry; a fault of the store is a miss. */
  read(key: string): Promise<Entry<V> | undefined>
  /** As `read`, and copies the entry to memory unless something overtook the read. */
  promote(key: string): Promise<Entry<V> | undefined>
  /** Runs a read or load whose result a change of the key makes void. */
  fetch<T>(key: string, work: (flight: Flight) => Promise<T>, tags?: readonly string[]): Promise<T>
  /** Puts entries of one lifetime into both tiers, all or nothing in the store. */
  set(entries: readonly Entry<V>[]): Promise<void>
  /** Removes a key; resolves to the fresh entry that was there. */
  remove(key: string): Promise<Entry<V> | undefined>
  /** Has the store decide, or memory where there is none; then memory follows. */
  change<R>(key: string, decide: Decide<V, R>): Promise<R>
  removePrefix(prefix: string): Promise<void>
  removeTag(tag: string): Promise<void>
  /** Every fresh entry of either tier, each once. */
  fresh(now: number): AsyncIterable<Entry<V>>
  /** Makes void what is under way. */
  overtakeAll(): void
  report(error: unknown, code: CacheErrorCode): CacheError
  /** Reports a fault of a write and rejects with it; where the database does not open, memory is all there is. */
  fail(error: unknown): void
}

export interface TiersSettings<V> {
  readonly memory: MemoryCache<Entry<V>>
  readonly store: Store<V> | undefined
  /** Entries of the memory tier that the store does not have. */
  readonly unsaved: WeakSet<Entry<V>>
  /** When the latest operation began; the memory tier's clock. */
  now(): number
  /** Called when something may have come in that expires. */
  onActivity(): void
  onWrite(tier: 'memory' | 'store', count: number): void
  onFault(error: CacheError): void
}

export function createTiers<V>({ memory, store, unsaved, now, onActivity, onWrite, onFault }: TiersSettings<V>): Tiers<V> {
  /** Reads and loads: void after any change of the key. */
  const fetches = createFlights()
  /** Changes that the store is deciding: void after a later write of the key. */
  const changes = createFlights()

  const overtake = (key: string): void => {
    fetches.overtake(key)
    changes.overtake(key)
  }

  const overtakePrefix = (prefix: string): void => {
    fetches.overtakePrefix(prefix)
    changes.overtakePrefix(prefix)
  }

  const report = (error: unknown, code: CacheErrorCode, key?: string): CacheError => {
    const failure = toCacheError(code, error, key)
    // That a database does not open is told once, when it happens.
    if (failure.code !== 'open-failed') onFault(failure)
    return failure
  }

  const fail = (error: unknown): void => {
    const failure = report(error, 'write-failed')
    if (failure.code !== 'open-failed') throw failure
  }

  const read = async (key: string): Promise<Entry<V> | undefined> => {
    if (!store) return undefined
    onActivity()
    try {
      return await store.get(key)
    } catch (error) {
      report(error, 'read-failed', key)
      return undefined
    }
  }

  const put = (entry: Entry<V>): void => memory.set(entry.key, entry, { ttl: Math.max(0, entry.expiresAt - now()) })

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
    onActivity()
    if (!store) return
    try {
      await write(store)
      onWrite('store', entries.length)
    } catch (error) {
      for (const entry of entries) unsaved.add(entry)
      fail(error)
    }
  }

  /** Memory follows a change: a new value counts as a use, a new lifetime does not. */
  const follow = (key: string, found: Entry<V> | undefined, next: Entry<V> | undefined): void => {
    if (next === found) return
    fetches.overtake(key)
    const held = memory.peek(key)
    if (!next) memory.delete(key)
    else if (next.value !== found?.value) keep(next)
    else if (held) {
      Object.assign(held, next)
      memory.touch(key, Math.max(0, next.expiresAt - now()))
    }
  }

  const change = async <R>(key: string, decide: Decide<V, R>, held = () => memory.peek(key)): Promise<R> => {
    onActivity()
    let found = held()
    let next: Entry<V> | undefined
    let result!: R
    const decideOn = (entry: Entry<V> | undefined): void => {
      found = entry
      ;[next, result] = decide(entry)
    }
    if (!store) decideOn(found)
    else {
      const local = found && unsaved.has(found) ? found : undefined
      const overtaken = await changes.track(key, async (flight) => {
        try {
          await store.change(key, (stored) => {
            decideOn(stored ?? local)
            return next === found ? stored : next
          })
          onWrite('store', 1)
        } catch (error) {
          if (found) unsaved.add(found)
          fail(error)
          decideOn(held())
        }
        if (flight.byTag) memory.delete(key)
        return flight.overtaken
      })
      if (overtaken) return result
    }
    follow(key, found, next)
    return result
  }

  const remove = (key: string): Promise<Entry<V> | undefined> => {
    const at = now()
    const held = memory.peek(key)
    overtake(key)
    memory.delete(key)
    return change(key, (found) => [undefined, isFresh(found, at) ? found : undefined], () => held)
  }

  return {
    read,
    remove,
    change,
    report,
    fail,
    fetch: fetches.track,
    overtakeAll: () => overtakePrefix(''),

    promote: (key) =>
      fetches.track(key, async (flight) => {
        const entry = await read(key)
        if (entry && !isExpired(entry, now()) && !flight.overtaken) keep(entry)
        return entry
      }),

    set(entries) {
      if (entries.some((entry) => isExpired(entry, entry.createdAt))) return Promise.all(entries.map(({ key }) => remove(key))).then(() => {})
      for (const entry of entries) {
        put(entry)
        overtake(entry.key)
      }
      onWrite('memory', entries.length)
      return save(entries, (to) => to.set(entries))
    },

    removePrefix(prefix) {
      overtakePrefix(prefix)
      for (const key of memory.keys()) if (key.startsWith(prefix)) memory.delete(key)
      return save([], (from) => from.deletePrefix(prefix))
    },

    removeTag(tag) {
      fetches.overtakeTag(tag)
      changes.overtakeTag(tag)
      for (const [key, { tags }] of memory) if (tags.includes(tag)) memory.delete(key)
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
  }
}
