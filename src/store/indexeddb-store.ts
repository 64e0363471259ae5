// The second tier on IndexedDB: puts the connection, the write queue, the read batch, the sweep and the log together.

import { EVERYTHING, type Change } from '../change.ts'
import { createConnection, OPEN_TIME_LIMIT, within } from './connection.ts'
import { nameOf } from './faults.ts'
import { createLog } from './log.ts'
import { createReadBatch } from './read-batch.ts'
import { resultOf, type Work } from './requests.ts'
import { BY_EXPIRY, databaseName, databasePrefix, toEntry } from './schema.ts'
import type { Store } from './store.ts'
import { sweepExpired, trim } from './sweep.ts'
import { createWriteQueue } from './write-queue.ts'

export interface IndexedDbSettings {
  readonly name: string
  readonly version: string
  readonly durability: IDBTransactionDurability
  /** Bound on entries; holds after `flush` and `sweep`. */
  readonly maxStoredEntries: number
  /** Called each time the database has opened, after a failure too. */
  onOpen(): void
  /** Told which entries went from disk to keep the bound. */
  onEvict(keys: readonly string[]): void
  /** Told what a transaction of this store changed, and its number in the log. */
  onCommit(changes: readonly Change[], id: number): void
  /** Told what others changed while nobody told this tab. */
  onMissed(changes: readonly Change[]): void
}

/** A store that tabs share, with a log of what they changed. */
export interface IndexedDbStore<V> extends Store<V> {
  /** The name of its database. */
  readonly database: string
  /** Where the log stood when this tab last looked, or a little later; undefined if it never has. */
  readonly position: number | undefined
  /** Takes note of records in the log of which another tab has told. */
  see(ids: readonly number[]): void
  /** Resolves when the changes that nobody told of are told; never rejects. */
  catchUp(): Promise<unknown>
  /** Where the log stands after this tab's writes of a key so far, or stood a moment ago. */
  locate(key: string): Promise<number | undefined>
  /** The databases of other data versions of the name. */
  others(): Promise<readonly string[]>
  /** Lets go of the database until it is needed again. */
  release(): void
  /** Closes at once, as the data is being destroyed elsewhere: what waits to be written is refused. */
  leave(): Promise<void>
}

/** ms after which a message counts as lost. */
const MISSED_AFTER = 200
/** ms in which all tabs have heard that the data is being destroyed. */
const HEARD_IN = 100
/** Entries read at once by an iteration. */
const PAGE = 200

export function createIndexedDbStore<V>({ name, version, durability, maxStoredEntries, onOpen, onEvict, onCommit, onMissed }: IndexedDbSettings): IndexedDbStore<V> {
  const database = databaseName(name, version)
  const log = createLog()
  /** One look at the log for all who ask meanwhile. */
  let locating: Promise<unknown> | undefined
  /** Set while a record is missing. */
  let missing: ReturnType<typeof setTimeout> | undefined
  const catchUp = (): Promise<unknown> => {
    missing = undefined
    return within(OPEN_TIME_LIMIT, connection.run('readonly', (_entries, records) => log.catchUp(records))).then(onMissed, () => {})
  }
  const see = (ids: readonly number[]): void => {
    // The message of another tab may be under way, or lost.
    if (ids.map(log.see).at(-1)) missing ??= setTimeout(() => void catchUp(), MISSED_AFTER)
  }
  const connection = createConnection(database, durability, () => {
    onOpen()
    void catchUp()
  })
  const reads = createReadBatch(connection)
  const writes = createWriteQueue<V>(connection, log, (changes, id) => {
    see([id])
    onCommit(changes, id)
  })

  /** Runs one of several transactions, so that writes and other tabs get their turn between them. */
  const takeTurn = async <T>(work: Work<T>): Promise<T> => {
    await writes.settled()
    return connection.run('readwrite', work)
  }

  /** Writes since the bound was last seen to, one more for what other pages have left; undefined while nobody has used the database. */
  let written: number | undefined
  let trimming: Promise<void> | undefined

  const trimToBound = async (): Promise<void> => {
    written = 0
    const evicted = await takeTurn((entries) => trim(entries, maxStoredEntries))
    if (evicted.length) onEvict(evicted)
  }

  return {
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
    leave: async () => connection.close(),
    others: async () => (await databasesOf(name, database)).filter((other) => other !== database),

    async get(key) {
      written ??= 1
      await writes.settled(key)
      const entry = toEntry<V>(await reads.get(key))
      return entry && !writes.hides(entry) ? entry : undefined
    },
    write(all) {
      // One tick, so one transaction.
      const writing = Promise.all(all.map(writes.add))
      written = (written ?? 1) + all.length
      // Between flushes and sweeps the bound is exceeded by a tenth, and by what one tick writes. A fault shows in the next
      // flush or sweep, which does the same again.
      if (written >= 100 + maxStoredEntries / 10) trimming = trimToBound().catch(() => {})
      return writing
    },

    async *entries() {
      await writes.settled()
      let range: IDBKeyRange | null = null
      for (;;) {
        const page: { key: string }[] = await connection.run('readonly', (entries) => resultOf(entries.getAll(range, PAGE)))
        for (const record of page) {
          const entry = toEntry<V>(record)
          if (entry && !writes.hides(entry)) yield entry
        }
        if (page.length < PAGE) return
        range = IDBKeyRange.lowerBound(page.at(-1)!.key, true)
      }
    },

    async sweep(now) {
      const keys = await reads.host(() => sweepExpired(takeTurn, now, reads.ride))
      await trimToBound()
      // From now on: before it lie rows that LevelDB has yet to clear away, and skips one by one.
      const next = await connection.run('readonly', (entries) => resultOf(entries.index(BY_EXPIRY).getKey(IDBKeyRange.lowerBound(now, true))))
      return { keys, more: next !== undefined }
    },

    async flush() {
      await writes.settled()
      await trimming
      if (written) await trimToBound()
    },

    async close() {
      await writes.settled()
      clearTimeout(missing)
      connection.close()
    },

    async destroy() {
      const cleared = await writes.add({ change: EVERYTHING }).then(() => true, () => false)
      connection.close()
      // What the others write before they have heard of it goes too.
      await new Promise((resolve) => setTimeout(resolve, HEARD_IN))
      try {
        await within(OPEN_TIME_LIMIT, databasesOf(name, database).then((all) => Promise.all(all.map(deleteDatabase))))
      } catch (error) {
        // An origin that may not store anything has nothing to delete; an empty database goes when the frozen tab that has
        // it open comes back.
        const nothingLeft = nameOf(error) === 'SecurityError' || (cleared && nameOf(error) === 'TimeoutError')
        if (!nothingLeft) throw error
      }
    },
  }
}

/** The databases of a name, in every data version; where the engine does not list them, the one given. */
async function databasesOf(name: string, database: string): Promise<readonly string[]> {
  const all = (await indexedDB.databases?.()) ?? [{ name: database }]
  return all.map((each) => each.name!).filter((each) => each.startsWith(databasePrefix(name)))
}

/** Clears a database and deletes it. One that is still in use elsewhere is empty, and goes when the last user lets go. */
export async function deleteDatabase(database: string): Promise<void> {
  const connection = createConnection(database, 'relaxed', () => {})
  await connection.run('readwrite', async (entries, log) => void [entries, log].forEach((store) => store.clear())).catch(() => {})
  connection.close()
  const request = indexedDB.deleteDatabase(database)
  await Promise.race([resultOf(request), new Promise((resolve) => (request.onblocked = resolve))])
}
