// The raw side of the benchmark: fills, inspects and deletes a database without the library.

import type { Row } from './workload.ts'

const STORE = 'entries'
const PUTS_AT_ONCE = 1_000

/** The database that a cache of this name made. Its name contains the cache's. */
export async function openDatabaseOf(cacheName: string): Promise<IDBDatabase> {
  const found = (await indexedDB.databases()).find(({ name }) => name?.includes(cacheName))
  if (found?.name === undefined) throw new Error(`There is no database of ${cacheName}`)
  return done(indexedDB.open(found.name))
}

/** Runs work in one transaction; resolves when it is committed. */
export async function transact(database: IDBDatabase, mode: IDBTransactionMode, work: (entries: IDBObjectStore) => void | Promise<void>): Promise<void> {
  const transaction = database.transaction(STORE, mode, { durability: 'relaxed' })
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
