// The two tiers as one: memory in front of a store, and the other tabs that share the store. cache.ts checks the arguments of each call;
// reads.ts and writes.ts carry it out on the tiers. Memory forgets what other tabs change.

import { EVERYTHING, type Change } from './change.ts'
import { withCodec } from './codec.ts'
import { createLocks, type Locks } from './coherence/locks.ts'
import { joinTabs } from './coherence/tabs.ts'
import type { CacheEvent, CacheOptions, CacheStats, CacheStatus, TierStats } from './contract.ts'
import type { Entry } from './entry.ts'
import { closedError } from './errors.ts'
import { createEmitter, type Emitter } from './events.ts'
import { createMemoryTier, type MemoryTier } from './memory-tier.ts'
import type { CacheSettings } from './options.ts'
import { createReads, type Reads } from './reads.ts'
import { createReports } from './reports.ts'
import { bounded } from './store/bounded.ts'
import { createIndexedDbStore, type IndexedDbStore } from './store/indexeddb-store.ts'
import type { Store } from './store/store.ts'
import { createSweeper } from './sweeper.ts'
import { createWrites, type Writes } from './writes.ts'

export interface Tiers<V> extends Reads<V>, Omit<Writes<V>, 'saveAgain'> {
  readonly status: CacheStatus
  readonly events: Emitter<CacheEvent>
  /** Absent if the cache runs on memory alone. */
  readonly store: Store<V> | undefined
  /** The store if tabs share it. */
  readonly disk: IndexedDbStore<V> | undefined
  readonly locks: Locks
  readonly memory: MemoryTier<V>
  /** Reads the clock for an operation. @throws CacheError `closed` */
  begin(): number
  /** The fresh entry that memory holds; does not count in the statistics. Reads the clock. */
  peek(key: string): Entry<V> | undefined
  /** Reports a fault that has been dealt with. */
  report(error: unknown): void
  /** Resolves to how many keys expired. */
  sweep(now: number): Promise<number>
  flush(): Promise<void>
  stats(): CacheStats
  close(): Promise<void>
  destroy(): Promise<void>
}

export function createTiers<V>(options: CacheOptions<V>, { sweepInterval, ...settings }: CacheSettings<V>): Tiers<V> {
  const { onRemove } = options
  const { name } = settings
  const counts = { memory: newCounts(), store: newCounts() }
  const events = createEmitter<CacheEvent>()
  const locks = createLocks()
  let closed = false
  let destroyed = false
  let ending: Promise<void> | undefined

  const memory = createMemoryTier<V>(
    settings,
    (key, value, cause) => {
      if (cause === 'expired') events.emit({ type: 'expire', key, local: true })
      // Returned, because it may be a promise that rejects.
      return onRemove?.(key, value, cause)
    },
    () => sweeper.arm(),
  )
  const { entries, readClock } = memory

  const tell = (change: Change, local = true): void => {
    if (closed) return
    if (local && change.type === 'set') counts.memory.writes++
    events.emit({ ...change, local })
  }

  const forgetRemote = (changed: readonly Change[], keepsUnsaved?: boolean): void => {
    if (closed) return
    memory.forget(changed, false, keepsUnsaved)
    for (const change of changed) tell(change, false)
  }

  // The store, and the tabs that share it

  const reports = createReports(options, events, counts.store)
  const { report, fail } = reports

  let restoring: Promise<unknown> = Promise.resolve()
  const restore = (): void => {
    restoring = restoring.then((): unknown => closed || writes.saveAgain(disk!))
  }

  const encoded = <S extends Store<V>>(plain: S): S => (options.codec ? withCodec(plain, options.codec, report) : plain)

  /**
   * Asks the log for changes that memory may have missed. If the log cannot be read, memory forgets everything.
   * @param briefly if messages were missed for a moment only: then entries that only memory has are kept; when they are stored, the
   * log shows whether they were overtaken
   */
  const check = (briefly: boolean): void => {
    if (closed || disk!.position === undefined) return
    const checking = disk!.catchUp().then((known) => {
      if (!known) forgetRemote([EVERYTHING], briefly)
      if (memory.checking === checking) memory.checking = undefined
    })
    memory.checking = checking
  }

  const openDisk = (): IndexedDbStore<V> =>
    createIndexedDbStore<V>({
      ...(settings as typeof settings & { readonly name: string }),
      now: () => memory.now,
      readClock,
      onLost() {
        // Site data that was cleared must not come back from memory.
        forgetRemote([EVERYTHING])
      },
      onDamage: report,
      onOutage(fault) {
        reports.setOutage(fault)
        if (!fault) restore()
      },
      onProbe: restore,
      onEvict(keys) {
        counts.store.evictions += keys.length
        for (const key of keys) {
          const held = entries.peek(key)
          if (held) memory.unsaved.add(held)
        }
      },
      onCommit: (changed, id) => tabs?.post(changed, id),
      onMissing: () => check(true),
      onMissed: (changed) => forgetRemote(changed),
      onRecalled() {
        memory.overtake(EVERYTHING, false)
        // What that page was to remove is not known, so what only memory has goes too; what is being written now was set later, and stays.
        forgetRemote([...entries.entries()].filter(([, entry]) => memory.unsaved.has(entry)).map(([key]) => ({ type: 'delete', key })))
      },
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
        // A cache that is being closed may still be writing.
        else if (!destroyed) void disk.leave()
      },
      onHide() {
        disk.release(true)
        locks.release(true)
      },
      onShow(wasAway) {
        disk.release(false)
        locks.release(false)
        // This tab has no position in the log, so it cannot ask for what it missed.
        if (wasAway && disk.position === undefined) forgetRemote([EVERYTHING])
        // In the back/forward cache no messages reached the page, so even entries that only memory has may be out of date.
        check(!wasAway)
      },
    })

  // The store may hold entries that can expire, so each read of it arms the sweep.
  const reads = createReads(memory, store, counts, () => sweeper.arm(), report)
  const writes = createWrites({ memory, store, counts, tell, fail, isAlone: () => reports.status.persistence === 'memory' })

  const sweeper = createSweeper(sweepInterval, {
    store,
    disk,
    locks,
    now: readClock,
    sweepMemory: memory.sweep,
    isUsed: (database) => tabs!.isUsed(database),
    onSwept: (count) => void (counts.store.expirations += count),
    fail,
  })

  // Closing

  const end = async (finish: () => Promise<unknown> | undefined, onFault: (error: unknown) => unknown): Promise<void> => {
    closed = true
    sweeper.stop()
    // What other tabs load does not reach this cache any more.
    locks.release(true)
    memory.overtake(EVERYTHING)
    entries.clear()
    try {
      await finish()?.catch(onFault)
    } finally {
      // Only now, so that other tabs are told of the last commit.
      tabs?.close()
    }
  }

  const destroy = (local: boolean): Promise<void> => {
    destroyed = true
    if (local) tabs?.postDestroy()
    ending = end(() => (local ? store?.destroy() : disk?.leave()), fail)
    events.emit({ type: 'destroy', local })
    return ending
  }

  return {
    ...reads,
    ...writes,
    get status() {
      return reports.status
    },
    events,
    store,
    disk,
    locks,
    memory,

    begin() {
      if (closed) throw closedError()
      return readClock()
    },

    peek(key) {
      readClock()
      const entry = memory.peek(key)
      // Memory has checked `expiresAt`. The ttl ends earlier only if there is a stale window, and then `staleAt` is set.
      return memory.now >= entry?.staleAt! ? undefined : entry
    },

    report,
    sweep: sweeper.sweep,

    async flush() {
      await store?.flush().catch((error) => report(error))
    },

    stats() {
      readClock()
      const { evictions, expirations, size, weight } = entries.stats()
      return { memory: { ...counts.memory, evictions, expirations, size, weight }, store: { ...counts.store } }
    },

    close: () => (ending ??= end(() => store?.close(), report)),

    destroy: () => destroy(true),
  }
}

function newCounts(): TierStats {
  return { hits: 0, misses: 0, stale: 0, evictions: 0, expirations: 0, writes: 0, errors: 0 }
}
