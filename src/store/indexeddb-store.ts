// The second tier on IndexedDB: combines the connection, the write queue, the read batch, the sweep and the log.

import { EVERYTHING, type Change } from '../change.ts'
import { createEntry, expiresAtOf, isFromFuture, type Entry } from '../entry.ts'
import type { CacheError } from '../errors.ts'
import type { Lifetime } from '../options.ts'
import { within } from '../within.ts'
import { createBound } from './bound.ts'
import { createConnection, OPEN_TIME_LIMIT, type ConnectionWatcher } from './connection.ts'
import { databasesOf, deleteDatabase } from './databases.ts'
import { nameOf } from './faults.ts'
import { createLog } from './log.ts'
import { createMarker } from './marker.ts'
import { createReadBatch, type Found } from './read-batch.ts'
import { resultOf, type Work } from './requests.ts'
import { BY_EXPIRY, databaseName, toEntry } from './schema.ts'
import type { Store, Write } from './store.ts'
import { listLasting, makeRoom, sweepExpired, trim } from './sweep.ts'
import { createWriteQueue } from './write-queue.ts'

export interface IndexedDbSettings extends Omit<ConnectionWatcher, 'onOpening' | 'onOpen'> {
  readonly name: string
  readonly version: string
  readonly durability: IDBTransactionDurability
  /** Bound on entries, which holds after `flush` and `sweep`. */
  readonly maxStoredEntries: number
  /** The default lifetime of entries. */
  readonly lifetime: Lifetime
  /** When the latest call began, epoch ms. */
  now(): number
  /** Reads the clock again: the page may have slept since the latest call began. */
  readClock(): number
  /** Called with the keys of entries that were evicted from disk. */
  onEvict(keys: readonly string[]): void
  /** Called with what a transaction of this store has changed, and the number of its record in the log. */
  onCommit(changes: readonly Change[], id?: number): void
  /** Called when a message of another tab seems to be lost. */
  onMissing(): void
  /** Called with changes by others that are in the log but were not announced by a message. */
  onMissed(changes: readonly Change[]): void
  /** Called when all that was on disk was removed, because an earlier page has left a removal undone. */
  onRecalled(): void
}

/** A store that tabs share, with a log of what they changed. */
export interface IndexedDbStore<V> extends Store<V> {
  /** The name of its database. */
  readonly database: string
  /** The position up to which this tab knows the log; undefined before it has read it or written to it. */
  readonly position: number | undefined
  /** Notes the numbers of log records that another tab has announced. */
  see(ids: readonly number[]): void
  /** Reads the log, and reports changes that no message has announced. Resolves to whether it could be read; never rejects. */
  catchUp(): Promise<boolean>
  /** Resolves to the current position in the log, once the writes of a key that this tab has asked for so far are settled. */
  locate(key: string): Promise<number | undefined>
  /** The databases of other data versions of the name. */
  others(): Promise<readonly string[]>
  /** Carries out pending removals and these writes, even while storage is left alone. */
  restore(writes: readonly Write<V>[]): Promise<unknown>
  /** @param isAway closes the connection, and again after each use, until called with false */
  release(isAway: boolean): void
  /** Stops, because another tab is destroying the data: every call, and every waiting write, is refused from now on. */
  leave(): Promise<void>
}

/** ms after which a message counts as lost. */
const MISSED_AFTER = 200
/** ms after which the other tabs have heard that the data is being destroyed. */
const HEARD_IN = 100

export function createIndexedDbStore<V>({
  name,
  version,
  durability,
  maxStoredEntries,
  lifetime,
  now,
  readClock,
  onEvict,
  onCommit,
  onMissing,
  onMissed,
  onRecalled,
  ...watcher
}: IndexedDbSettings): IndexedDbStore<V> {
  const database = databaseName(name, version)
  const log = createLog(now)
  /** The read of the log under way, which callers share. */
  let locating: Promise<unknown> | undefined
  /** The timer that runs while a record is missing. */
  let missing: ReturnType<typeof setTimeout> | undefined
  const catchUp = (): Promise<boolean> =>
    // What it finds is reported even after the time limit: no later read of the log finds it again.
    within(
      OPEN_TIME_LIMIT,
      connection
        .run('read', ({ transaction }) => log.catchUp(transaction))
        .then(onMissed)
        .then(beginLog),
    ).then(
      () => true,
      () => false,
    )
  /** If a full disk has left the log empty, each read of it says that everything may have changed. So a record is added. */
  const beginLog = (): void => {
    if (log.isBlind) connection.run('put', async ({ transaction }) => void log.append(transaction, [])).catch(() => {})
  }
  const see = (ids: readonly number[]): void => {
    ids.forEach(log.see)
    // The message that announces the missing record may be under way, or lost.
    if (log.isMissing) {
      missing ??= setTimeout(() => {
        missing = undefined
        if (log.isMissing) onMissing()
      }, MISSED_AFTER)
    }
  }
  /** Whether this page has opened the database before. */
  let opened = false
  const connection = createConnection(database, durability, {
    ...watcher,
    onLost() {
      // Memory forgets everything too, so nothing before this matters.
      log.reset()
      watcher.onLost()
    },
    onOpening() {
      if (!opened) writes.recall()
    },
    onOpen() {
      opened = true
      writes.settle()
      if (log.position !== undefined) void catchUp()
    },
  })
  const reads = createReadBatch(connection, log)
  const evict = async (choose: Work<readonly string[]>): Promise<void> => {
    const evicted = await connection.run('delete', async (entries) => {
      // First, so that memory forgets what others have replaced: `onEvict` takes the entry in memory for the evicted one.
      onMissed(await log.catchUp(entries.transaction))
      return choose(entries)
    })
    if (evicted.length) onEvict(evicted)
  }
  const bound = createBound(maxStoredEntries, async () => {
    await writes.settled()
    await evict((entries) => trim(entries, maxStoredEntries))
  })
  const writes = createWriteQueue<V>({
    connection,
    log,
    marker: createMarker(database),
    now,
    inspect: bound.inspect,
    onCommit(changes, id) {
      if (id !== undefined) {
        log.begin(id)
        see([id])
      }
      onCommit(changes, id)
    },
    onMissed,
    onRecalled,
    makeRoom: () => evict((entries) => makeRoom(entries, now())),
  })

  /** Runs one of the transactions of a sweep. Waiting writes come first, and other tabs get their turn. */
  const takeTurn = async <T>(work: Work<T>): Promise<T> => {
    await writes.settled()
    return connection.run('delete', async (entries) => {
      await (log.position ?? log.catchUp(entries.transaction))
      return work(entries)
    })
  }

  /** The entry, unless it is from the future, also by the time now: another tab may have written it since the call began. */
  const dated = (entry: Entry<V> | undefined): Entry<V> | undefined =>
    entry && isFromFuture(entry, now()) && isFromFuture(entry, readClock()) ? undefined : entry

  /** Removes what this cache cannot read, unless it has been replaced meanwhile. */
  const discard = (key: string): void => void writes.add({ change: { type: 'delete', key }, decide: dated }).catch(() => {})

  /** The entry of a record; a record that is no valid entry is removed. */
  const readEntry = ({ key, record }: Found): Entry<V> | undefined => {
    const entry = dated(toEntry<V>(record))
    if (!entry) discard(key)
    return entry && !writes.hides(entry) ? entry : undefined
  }

  const store: IndexedDbStore<V> = {
    database,
    get position() {
      return log.position
    },
    see,
    catchUp,
    async locate(key) {
      await writes.settled(key)
      await (locating ??= catchUp().finally(() => (locating = undefined)))
      return log.position
    },
    release: connection.release,
    leave: async () => connection.leave(),
    others: async () => (await databasesOf(name, database)).filter((other) => other !== database),

    async get(key) {
      bound.count(0)
      await writes.settled(key)
      try {
        const record = await reads.get(key)
        return record === undefined ? undefined : readEntry({ key, record })
      } catch (error) {
        if ((error as CacheError).fault?.class === 'corrupt-entry') discard(key)
        throw error
      }
    },
    restore(all) {
      writes.settle(true)
      bound.count(all.length)
      return Promise.all(all.map((write) => writes.retry(write)))
    },
    write(all) {
      // Added in one tick, so they share a transaction.
      const group: Write<V>[] | undefined = all[1] && []
      const writing = Promise.all(all.map((write) => writes.add(write, group)))
      bound.count(all.length)
      return writing
    },

    async *entries() {
      await writes.settled()
      for await (const record of reads.all()) {
        const entry = readEntry(record)
        if (entry) yield entry
      }
    },

    async sweep(at) {
      const keys = await reads.host(() => sweepExpired(takeTurn, at, reads.ride))
      const last = expiresAtOf(createEntry('', 0, lifetime, at))
      // A read removes entries that are invalid or from the future.
      if (last < Infinity) await Promise.allSettled((await connection.run('read', (entries) => listLasting(entries, last))).map(store.get))
      await bound.hold()
      // Not from the start of the index: there LevelDB steps over each deleted row that it has yet to clear away.
      const next = await connection.run('read', (entries) => resultOf(entries.index(BY_EXPIRY).getKey(IDBKeyRange.lowerBound(at, true))))
      return { keys, more: next !== undefined }
    },

    async flush() {
      await writes.settled()
      await bound.flush()
    },

    async close() {
      await writes.settled()
      await bound.settled()
      clearTimeout(missing)
      connection.close()
    },

    async destroy() {
      const cleared = await writes.add({ change: EVERYTHING }).then(
        () => true,
        () => false,
      )
      connection.close()
      // Other tabs may write until they have heard of it; those rows go too.
      await new Promise((resolve) => setTimeout(resolve, HEARD_IN))
      try {
        await Promise.all((await databasesOf(name, database)).map((each) => deleteDatabase(each, cleared && each === database)))
      } catch (error) {
        // An origin that may not store anything has no data.
        if (nameOf(error) !== 'SecurityError') throw error
      }
    },
  }
  return store
}
