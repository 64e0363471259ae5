// The raw side of the benchmark: creates, fills, inspects and deletes a database without the library.

import type { Pair, Row } from './workload.ts'

const STORE = 'entries'
const PUTS_AT_ONCE = 1_000
const READS_AT_ONCE = 200

/** The object store and the indexes that bestbefore has. */
export function createEntriesStore(database: IDBDatabase): void {
  const entries = database.createObjectStore(STORE, { keyPath: 'key' })
  entries.createIndex('expiresAt', 'expiresAt')
  entries.createIndex('tags', 'tags', { multiEntry: true })
}

/** The database that a cache of this name made. Its name contains the cache's. */
export async function openDatabaseOf(cacheName: string): Promise<IDBDatabase> {
  const found = (await indexedDB.databases()).find(({ name }) => name?.includes(cacheName))
  if (found?.name === undefined) throw new Error(`There is no database of ${cacheName}`)
  return done(indexedDB.open(found.name))
}

/**
 * Runs work in one transaction; resolves when it is committed.
 *
 * @param others object stores that it needs besides the entries
 */
export async function transact(database: IDBDatabase, mode: IDBTransactionMode, work: (entries: IDBObjectStore) => void | Promise<void>, ...others: readonly string[]): Promise<void> {
  const transaction = database.transaction([STORE, ...others], mode, { durability: 'relaxed' })
  const ended = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
  await work(transaction.objectStore(STORE))
  await ended
}

export async function fill(database: IDBDatabase, rows: readonly Row[]): Promise<void> {
  for (let start = 0; start < rows.length; start += PUTS_AT_ONCE) {
    await transact(database, 'readwrite', (entries) => {
      for (const row of rows.slice(start, start + PUTS_AT_ONCE)) entries.put(row)
    })
  }
}

export async function readValue(database: IDBDatabase, key: string): Promise<unknown> {
  const entries = database.transaction(STORE, 'readonly').objectStore(STORE)
  const row: Row | undefined = await done(entries.get(key))
  return row?.value
}

/** What a database holds: its keys, ascending, and how many rows its expiry index has. */
export async function inspect(database: IDBDatabase): Promise<{ keys: string[]; indexRows: number }> {
  const entries = database.transaction(STORE, 'readonly').objectStore(STORE)
  const [keys, indexRows] = await Promise.all([done(entries.getAllKeys()), done(entries.index('expiresAt').count())])
  return { keys: keys as string[], indexRows }
}

/** @throws Error unless there are so many rows, in every index on `expiresAt` too */
export async function verifyCount(database: IDBDatabase, storeName: string, count: number): Promise<void> {
  const store = database.transaction(storeName, 'readonly').objectStore(storeName)
  const counts = [store.count(), ...(store.indexNames.contains('expiresAt') ? [store.index('expiresAt').count()] : [])]
  for (const rows of await Promise.all(counts.map(done))) {
    if (rows !== count) throw new Error(`There are ${rows} rows of ${count} entries`)
  }
}

/**
 * Reads all that a database holds, whoever wrote it.
 *
 * @throws Error unless it holds these pairs and no others
 */
export async function verify(database: IDBDatabase, storeName: string, pairs: readonly Pair[]): Promise<void> {
  await verifyCount(database, storeName, pairs.length)
  for (let start = 0; start < pairs.length; start += READS_AT_ONCE) {
    const store = database.transaction(storeName, 'readonly').objectStore(storeName)
    await Promise.all(
      pairs.slice(start, start + READS_AT_ONCE).map(async ({ key, value }) => {
        const record: string | Pair | undefined = await done(store.get(key))
        if ((typeof record === 'object' ? record.value : record) !== value) throw new Error(`Another value is stored than that of ${key}`)
      }),
    )
  }
}

export async function remove(database: IDBDatabase): Promise<void> {
  database.close()
  await done(indexedDB.deleteDatabase(database.name))
}

export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
