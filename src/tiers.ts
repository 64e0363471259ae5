// The two tiers as one. Memory answers and changes in the call itself; the store follows, and what it tells later counts
// only if nothing overtook it (flight.ts). What other tabs change, memory forgets. What a call means, and whether its
// arguments are right, is cache.ts's business.

import { EVERYTHING, concerns, type Change } from './change.ts'
import { withCodec } from './codec.ts'
import { joinTabs } from './coherence/tabs.ts'
import type { CacheEvent, CacheOptions, CacheStats, CacheStatus, TierStats } from './contract.ts'
import { expiresAtOf, isFresh, isUsable, type Entry } from './entry.ts'
import { call, closedError, type CacheErrorCode } from './errors.ts'
import { createEmitter, type Emitter } from './events.ts'
import { overtake, type Flight, type Flights } from './flight.ts'
import { Lru } from './memory/lru.ts'
import type { CacheSettings } from './options.ts'
import { createReports } from './reports.ts'
import { bounded } from './store/bounded.ts'
import { createIndexedDbStore, type IndexedDbStore } from './store/indexeddb-store.ts'
import type { Store, Write } from './store/store.ts'
import { createSweeper } from './sweeper.ts'

/** The entry that a change puts in the place of a fresh one, or of none; undefined leaves all as it is. */
export type Decide<V> = (fresh: Entry<V> | undefined) => Entry<V> | undefined

/** The end of the time in which a read may serve an entry. */
export type Limit = (entry: Entry<unknown>) => number

export interface Tiers<V> {
  readonly status: CacheStatus
  readonly events: Emitter<CacheEvent>
  /** Absent for memory alone. */
  readonly store: Store<V> | undefined
  /** The store if tabs share it. */
  readonly disk: IndexedDbStore<V> | undefined
  /** What is being fetched; a change of the key takes it out. */
  readonly fetches: Flights[]
  /** Reads the clock for an operation. @throws CacheError `closed` */
  begin(): number
  /** As `begin`, for what goes on after the cache was closed. */
  now(): number
  /** The fresh entry that memory holds, uncounted. Reads the clock. */
  peek(key: string): Entry<V> | undefined
  /** What either tier holds, uncounted and not copied to memory. */
  inspect(key: string): Promise<{ readonly entry: Entry<V> | undefined; readonly tier: 'memory' | 'store' }>
  /** While it is not known whether memory has missed changes; reads of memory wait for it. */
  readonly checking: Promise<unknown> | undefined
  /** The usable entry that memory holds. Counted as served if the time is within its limit, and in any case as a use. */
  fromMemory(key: string, now: number, limit: Limit): Entry<V> | undefined
  /** As `fromMemory`, of the store. It is copied to memory. */
  fromStore(key: string, now: number, limit: Limit): Promise<Entry<V> | undefined>
  /** What the store holds, uncounted, copied to memory. */
  fetch(key: string): Promise<Entry<V> | undefined>
  /**
   * Puts entries of one lifetime into both tiers, all or nothing in the store.
   * @param told of what a load has brought: whether others have told of a change of it since the load began
   * @param since where the log stood then
   */
  set(entries: readonly Entry<V>[], told?: boolean, since?: number): Promise<void>
  /** Removes a key; resolves to the fresh entry that was there. */
  remove(key: string): Promise<Entry<V> | undefined>
  /**
   * Has the store decide, or memory where there is none; then memory follows. Resolves to the fresh entry that was there.
   * @param tags of a new entry; absent where it keeps those that are there
   * @param renews that it keeps the value, and is no use
   */
  change(key: string, decide: Decide<V>, tags?: readonly string[], renews?: boolean): Promise<Entry<V> | undefined>
  removeAll(change: Change): Promise<void>
  /** Every fresh entry of either tier, each once. */
  fresh(now: number): AsyncIterable<Entry<V>>
  /** Tells of a fault that has been seen to. */
  report(error: unknown, code: CacheErrorCode, key?: string): void
  /** Resolves to how many keys expired. */
  sweep(now: number): Promise<number>
  flush(): Promise<void>
  stats(): CacheStats
  close(): Promise<void>
  destroy(): Promise<void>
}

/** Changes of a key that are under way. */
interface Looking<V> extends Flight {
  last?: Write<V>
}

/** ms by which a clock may go back without being taken for set back. */
const CLOCK_STEP = 5_000

export function createTiers<V>(options: CacheOptions<V>, { clock, sweepInterval, weigh, ...settings }: CacheSettings<V>): Tiers<V> {
  const { onRemove } = options
  const counts = { memory: newCounts(), store: newCounts() }
  const events = createEmitter<CacheEvent>()
  const reads = new Map<string, Promise<Entry<V> | undefined>>()
  /** By key, those that look first and are under way; a set or a removal of this tab, which comes after them, takes them out. */
  const changes = new Map<string, Looking<V>>()
  const fetches: Flights[] = [reads as Flights]
  /** Entries of the memory tier that the store does not have. */
  const unsaved = new WeakSet<Entry<V>>()
  /** When the latest operation began: the memory tier's clock. */
  let now = 0
  /** When the last of the entries put into memory will have expired. */
  let lastExpiry = 0
  let closed = false
  let ending: Promise<void> | undefined
  /** While it is not known whether memory has missed changes. */
  let checking: Promise<unknown> | undefined

  const memory = new Lru<Entry<V>>({
    ...settings,
    weigh: weigh && (({ value }, key) => weigh(value, key)),
    onRemove(key, { value }, cause) {
      if (cause === 'expired') events.emit({ type: 'expire', key, local: true })
      onRemove?.(key, value, cause)
    },
    clock: { now: () => now },
  })

  const readClock = (): number => {
    const at = clock.now()
    // Set back, it would prolong what memory holds.
    if (at < now - CLOCK_STEP) forget(EVERYTHING, true)
    return (now = at)
  }

  // What changes overtake

  const overtakeFetches = (change: Change, local = true): void => {
    for (const flights of fetches) overtake(flights, change, local)
  }

  const overtakeAll = (change: Change, local?: boolean): void => {
    overtakeFetches(change, local)
    overtake(changes, change, local)
  }

  /** Tells listeners, who may use the cache: all that a call does by itself has been done. */
  const tell = (change: Change, local: boolean): void => {
    if (!closed) events.emit({ ...change, local })
  }

  /** Memory forgets what is removed, or what others changed. */
  const forget = (change: Change, local: boolean): void => {
    // What expired goes too, or a clock set back would bring it to life.
    memory.sweep()
    // What a change under way will leave may have the tag.
    if ('tag' in change) for (const [key, { tags }] of changes) if (concerns(change, key, tags)) memory.delete(key)
    overtakeAll(change, local)
    if ('key' in change) memory.delete(change.key)
    else for (const [key, { tags = [] }] of memory.entries()) if (concerns(change, key, tags)) memory.delete(key)
  }

  const forgetRemote = (changed: readonly Change[]): void => {
    if (closed) return
    for (const change of changed) forget(change, false)
    for (const change of changed) tell(change, false)
  }

  const { name } = settings
  const reports = createReports(options, events, counts.store)
  const { report, fail } = reports

  const encoded = <S extends Store<V>>(plain: S): S => (options.codec ? withCodec(plain, options.codec, report) : plain)

  const openDisk = (): IndexedDbStore<V> =>
    createIndexedDbStore<V>({
      ...(settings as typeof settings & { readonly name: string }),
      now: () => now,
      onLost() {
        // Cleared site data must not come back from memory.
        forgetRemote([EVERYTHING])
      },
      onDamage: report,
      onOutage(fault) {
        reports.setOutage(fault)
        if (!fault) restore()
      },
      onProbe: () => restore(),
      onEvict(keys) {
        counts.store.evictions += keys.length
        for (const key of keys) {
          const held = memory.peek(key)
          if (held) unsaved.add(held)
        }
      },
      onCommit: (changed, id) => tabs?.post(changed, id),
      onMissed: forgetRemote,
    })
  const disk = name && reports.status.persistence === 'indexeddb' ? encoded(openDisk()) : undefined
  const store = options.store ? encoded(bounded(options.store)) : disk

  const tabs =
    disk &&
    joinTabs(name!, disk.database, {
      onChanges(changed, ids) {
        disk.see(ids)
        forgetRemote(changed)
      },
      onDestroy() {
        if (!closed) ending = destroy(false).catch(() => {})
      },
      onHide: disk.release,
      onShow() {
        if (closed || disk.position === undefined) return
        const check = disk.catchUp().then((known) => {
          if (!known) forgetRemote([EVERYTHING])
          if (checking === check) checking = undefined
        })
        checking = check
      },
    })

  // Reads

  const look = (key: string): Promise<Entry<V> | undefined> => {
    // Nobody knows yet what the store holds.
    sweeper.arm()
    return store!.get(key).catch((error) => void report(error, 'read-failed', key))
  }

  const fetch = (key: string): Promise<Entry<V> | undefined> => {
    const current = reads.get(key)
    if (current || !store) return current ?? Promise.resolve(undefined)
    const read = look(key).then((entry) => {
      if (reads.get(key) === read) {
        reads.delete(key)
        if (isUsable(entry, now)) keep(entry)
      }
      return entry
    })
    reads.set(key, read)
    return read
  }

  /** Counts what a tier answers. */
  const count = (entry: Entry<V> | undefined, at: number, limit: Limit, tier: TierStats): void => {
    tier[!entry || at >= limit(entry) ? 'misses' : isFresh(entry, at) ? 'hits' : 'stale']++
  }

  // Writes

  const timeLeft = (entry: Entry<V>): number => Math.max(0, expiresAtOf(entry) - now)

  const put = (entry: Entry<V>): void => {
    memory.set(entry.key, entry, timeLeft(entry))
    if (entry.expiresAt) {
      lastExpiry = Math.max(lastExpiry, entry.expiresAt)
      sweeper.arm()
    }
  }

  /** Copies to memory what was read or decided; a `weigh` that throws must not fail that. */
  const keep = (entry: Entry<V>): void => call(put, [entry])

  /** Sends writes to the store; false where memory is all there is. When it refuses, memory goes on serving what it has. */
  const save = async (writes: readonly Write<V>[]): Promise<boolean> => {
    try {
      if (!store) return false
      await store.write(writes)
      counts.store.writes += writes.length
      return true
    } catch (error) {
      for (const { change, decide, entry } of writes) {
        const held = decide && 'key' in change ? memory.peek(change.key) : entry
        if (held) unsaved.add(held)
      }
      fail(error)
      return false
    }
  }

  let restoring: Promise<unknown> = Promise.resolve()

  /** Stores what memory holds and disk lacks, unless others have changed it meanwhile. */
  const restore = (): void => {
    restoring = restoring.then((): unknown => closed || saveAgain())
  }

  const saveAgain = async (): Promise<void> => {
    const at = readClock()
    const since = disk!.position
    const lost = [...memory.entries()].map(([, entry]) => entry).filter((entry) => unsaved.has(entry) && isUsable(entry, at))
    const saveOne = async (entry: Entry<V>): Promise<void> => {
      // What was asked for meanwhile comes after it.
      const decide = (found: Entry<V> | undefined): Entry<V> | undefined => (memory.peek(entry.key) !== entry || (found && found.createdAt > entry.createdAt) ? found : entry)
      const write: Write<V> = { change: { type: 'set', key: entry.key }, since, entry, decide }
      await disk!.restore([write])
      unsaved.delete(entry)
      drop(entry, write)
    }
    await Promise.allSettled([disk!.restore([]), ...lost.map(saveOne)])
  }

  /** What was refused for a later change must not be served either. */
  const drop = (entry: Entry<V>, write: Write<V>): void => {
    if (write.entry !== entry && memory.peek(entry.key) === entry) memory.delete(entry.key)
  }

  /** Memory follows what a change has left. */
  const follow = (key: string, found: Entry<V> | undefined, next: Entry<V> | undefined, renews: boolean | undefined): void => {
    const held = memory.peek(key)
    if (!next || (next === found && held?.createdAt !== next.createdAt)) memory.delete(key)
    else if (next !== found && !renews) keep(next)
    else if (held && held !== next) {
      Object.assign(held, { staleAt: undefined, expiresAt: undefined }, next, { value: held.value })
      memory.touch(key, timeLeft(next))
    }
  }

  const change = async (key: string, decide: Decide<V>, tags?: readonly string[], renews?: boolean): Promise<Entry<V> | undefined> => {
    let held = memory.peek(key)
    /** What the store does not have. */
    let local = held && unsaved.has(held) ? held : undefined
    const at = now
    let fresh: Entry<V> | undefined
    const write: Write<V> = {
      change: { type: 'set', key },
      decide(stored) {
        const found = stored ?? local
        fresh = isFresh(found, at) ? found : undefined
        const next = decide(fresh)
        return !next ? stored : isUsable(next, at) ? next : undefined
      },
    }
    const looking: Looking<V> = changes.get(key) ?? { told: false, tags: [] }
    looking.tags = tags && looking.tags?.concat(tags)
    looking.last = write
    changes.set(key, looking)
    reads.delete(key)
    let saved = false
    let superseded = false
    try {
      saved = !!store && (await save([write]))
    } finally {
      superseded = changes.get(key) !== looking
      if (!superseded && looking.last === write) changes.delete(key)
    }
    if (!saved) {
      // What has come after it stays, and what was there before nobody knows.
      if (superseded) return undefined
      local = undefined
      write.found = memory.peek(key)
      write.entry = write.decide!(write.found)
    }
    const { found = local, entry } = write
    const next = entry === write.found ? found : entry
    const changed = next !== found
    if (changed) overtakeFetches(write.change)
    // Where others have changed it too, and where a later change may find what this one has left and leave it so, the store is asked.
    if (saved && (looking.told || looking.last !== write)) {
      if (!superseded) memory.delete(key)
    } else if (!superseded) {
      follow(key, found, next, renews)
      held = memory.peek(key)
      if (held && !saved) unsaved.add(held)
    }
    if (changed) tell({ type: next ? 'set' : 'delete', key }, true)
    return fresh
  }

  /** The store is asked first: whoever hears of the change in memory may write already. */
  const invalidate = (write: Write<V>): Promise<boolean> => {
    const saving = save([write])
    forget(write.change, true)
    tell(write.change, true)
    return saving
  }

  const remove = async (key: string): Promise<Entry<V> | undefined> => {
    const at = now
    const held = memory.peek(key)
    const write: Write<V> = { change: { type: 'delete', key }, decide: () => undefined }
    const { found = held && unsaved.has(held) ? held : undefined } = (await invalidate(write)) ? write : { found: held }
    return isFresh(found, at) ? found : undefined
  }

  // Life

  const sweeper = createSweeper(sweepInterval, {
    store,
    disk,
    now: readClock,
    sweepMemory: () => ({ keys: memory.sweep(), more: lastExpiry > now }),
    isUsed: (database) => tabs!.isUsed(database),
    onSwept: (count) => void (counts.store.expirations += count),
    fail,
  })

  const end = async (finish: () => Promise<unknown> | undefined, onFault: (error: unknown) => unknown): Promise<void> => {
    closed = true
    sweeper.stop()
    overtakeAll(EVERYTHING)
    memory.clear()
    try {
      await finish()?.catch(onFault)
    } finally {
      // The others have been told of the last commit.
      tabs?.close()
    }
  }

  const destroy = (local: boolean): Promise<void> => {
    if (local) tabs?.postDestroy()
    ending = end(() => (local ? store?.destroy() : disk?.leave()), fail)
    events.emit({ type: 'destroy', local })
    return ending
  }

  return {
    get status() {
      return reports.status
    },
    events,
    store,
    disk,
    fetches,

    begin() {
      if (closed) throw closedError()
      return readClock()
    },

    now: readClock,

    peek(key) {
      readClock()
      const entry = memory.peek(key)
      // Memory has seen to the expiry; a ttl that ends earlier is an exception.
      return checking || now >= entry?.staleAt! ? undefined : entry
    },

    async inspect(key) {
      await checking
      const held = memory.peek(key)
      return held ? { entry: held, tier: 'memory' } : { entry: store && (await look(key)), tier: 'store' }
    },

    get checking() {
      return checking
    },

    fromMemory(key, at, limit) {
      const entry = memory.get(key)
      count(entry, at, limit, counts.memory)
      return entry
    },

    async fromStore(key, at, limit) {
      if (!store) return undefined
      const entry = await fetch(key)
      count(entry, at, limit, counts.store)
      return isUsable(entry, at) ? entry : undefined
    },

    fetch,

    set(entries, told, since) {
      // A change under way was asked for during the load.
      if (told !== undefined && entries.some(({ key }) => changes.has(key))) return Promise.resolve()
      if (entries.some((entry) => !isUsable(entry, entry.createdAt))) return Promise.all(entries.map(({ key }) => remove(key))).then(() => {})
      const writes = entries.map((entry): Write<V> => ({ change: { type: 'set', key: entry.key }, entry, ...(since !== undefined && { since, decide: () => entry }) }))
      for (const { change, entry } of writes) {
        // The store knows which came first, and is asked from then on.
        if (told) forget(change, true)
        else {
          put(entry!)
          overtakeAll(change)
        }
      }
      counts.memory.writes += entries.length
      const saving = save(writes)
      for (const { change } of writes) tell(change, true)
      return saving.then(() => entries.forEach((entry, place) => drop(entry, writes[place]!)))
    },

    remove,
    change,

    removeAll: (what) => invalidate({ change: what }).then(() => {}),

    async *fresh(at) {
      await checking
      const seen = new Set<string>()
      for (const [key, entry] of memory.entries()) {
        if (!isFresh(entry, at)) continue
        seen.add(key)
        yield entry
      }
      try {
        for await (const entry of store?.entries() ?? []) if (isFresh(entry, at) && !seen.has(entry.key)) yield entry
      } catch (error) {
        report(error, 'read-failed')
      }
    },

    report,
    sweep: sweeper.sweep,

    async flush() {
      await store?.flush().catch((error) => report(error))
    },

    stats() {
      readClock()
      const { evictions, expirations, size, weight } = memory.stats()
      return { memory: { ...counts.memory, evictions, expirations, size, weight }, store: { ...counts.store } }
    },

    close: () => (ending ??= end(() => store?.close(), report)),

    destroy: () => destroy(true),
  }
}

function newCounts(): TierStats {
  return { hits: 0, misses: 0, stale: 0, evictions: 0, expirations: 0, writes: 0, errors: 0 }
}
