// The second tier on IndexedDB: puts the connection, the write queue, the read batch and the sweep together.

import type { CacheError } from '../errors.ts'
import { createConnection, OPEN_TIME_LIMIT, within } from './connection.ts'
import { createReadBatch } from './read-batch.ts'
import { resultOf } from './requests.ts'
import { belongsTo, BY_EXPIRY, databaseName, toEntry } from './schema.ts'
import type { Store } from './store.ts'
import { sweepExpired, trim } from './sweep.ts'
import { createWriteQueue } from './write-queue.ts'

export interface IndexedDbSettings {
  readonly name: string
  readonly version: string
  readonly durability: IDBTransactionDurability
  /** Bound on entries; holds after `flush` and `sweep`. */
  readonly maxEntries: number
}

/** What the cache is told. */
export interface StoreListener {
  /** The database could not be opened, or is there again. */
  onAvailability(failure: CacheError | undefined): void
  /** These entries went from disk to keep the bound. */
  onEvict(keys: readonly string[]): void
}

/** Entries that one transaction of a sweep lists at most. */
const SWEEP_AT_MOST = 25_000
/** The same when writes wait. */
const SWEEP_BETWEEN_WRITES = 500
/** Entries read at once by an iteration. */
const PAGE = 200

export function createIndexedDbStore<V>({ name, version, durability, maxEntries }: IndexedDbSettings, { onAvailability, onEvict }: StoreListener): Store<V> {
  const connection = createConnection(databaseName(name, version), durability, onAvailability)
  const reads = createReadBatch(connection)
  const writes = createWriteQueue<V>(connection)

  /** Since the bound was last seen to. */
  let written = false

  const trimToBound = async (): Promise<void> => {
    written = false
    const evicted = await connection.run('readwrite', (entries) => trim(entries, maxEntries))
    if (evicted.length > 0) onEvict(evicted)
  }

  /** Transaction after transaction, so that writes get their turn, and reads in between. */
  const sweepAll = async (now: number): Promise<readonly string[]> => {
    let swept: readonly string[] = []
    for (let most = SWEEP_AT_MOST; ; most = writes.isWaiting() ? SWEEP_BETWEEN_WRITES : SWEEP_AT_MOST) {
      await writes.settled()
      const { deleted, done } = await connection.run('readwrite', (entries) =>
        sweepExpired(entries, now, most, () => {
          reads.ride(entries)
          return writes.isWaiting()
        }),
      )
      swept = swept.concat(deleted)
      if (done) return swept
    }
  }

  return {
    async get(key) {
      await writes.settled(key)
      const entry = toEntry<V>(await reads.get(key))
      return entry && !writes.hides(entry) ? entry : undefined
    },
    set(entries) {
      written = true
      // One tick, so one transaction.
      return Promise.all(entries.map(writes.set))
    },
    change(key, decide) {
      written = true
      return writes.change(key, decide)
    },
    deletePrefix: (prefix) => writes.remove({ prefix }),
    deleteTag: (tag) => writes.remove({ tag }),

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
      const keys = await reads.host(() => sweepAll(now))
      await trimToBound()
      const next = await connection.run('readonly', (entries) => resultOf(entries.index(BY_EXPIRY).getKey(IDBKeyRange.lowerBound(0))))
      return { keys, more: next !== undefined }
    },

    async flush() {
      await writes.settled()
      if (written) await trimToBound()
    },

    async close() {
      await writes.settled()
      connection.close()
    },

    async destroy() {
      await writes.remove({ prefix: '' }).catch(() => {})
      connection.close()
      await within(OPEN_TIME_LIMIT, deleteDatabases(name))
    },
  }
}

/** Deletes the databases of every data version of a name. One that another tab holds open goes when that tab lets go. */
async function deleteDatabases(name: string): Promise<void> {
  const databases = await indexedDB.databases()
  const own = databases.flatMap((database) => (belongsTo(database.name!, name) ? [database.name!] : []))
  await Promise.all(
    own.map((database) => {
      const request = indexedDB.deleteDatabase(database)
      return Promise.race([resultOf(request), new Promise((resolve) => (request.onblocked = resolve))])
    }),
  )
}
