// IndexedDB for tests in Node: a clean fake before each test, a look at what lies on disk, and faults on demand.
// Importing this installs it. Disk is read through connections of its own, never through the code under test.

import 'fake-indexeddb/auto'
import { beforeEach, vi } from 'vitest'

beforeEach(newIndexedDb)

/** A disk with nothing on it. */
export function newIndexedDb(): void {
  globalThis.indexedDB = new IDBFactory()
}

export interface Disk {
  readonly databases: readonly string[]
  /** As they lie there, in key order. */
  readonly records: readonly Readonly<Record<string, unknown>>[]
  /** Rows of the index on `expiresAt`. */
  readonly expiry: readonly (readonly [expiresAt: unknown, key: unknown])[]
  /** Rows of the index on `tags`. */
  readonly tags: readonly (readonly [tag: unknown, key: unknown])[]
}

export const EMPTY_DISK = { records: [], expiry: [], tags: [] }

/** The names of the databases that exist. */
export async function databaseNames(): Promise<string[]> {
  return (await indexedDB.databases()).map(({ name }) => name ?? '').sort()
}

/** What lies on disk for a cache name, all data versions together. */
export async function lookAtDisk(name: string): Promise<Disk> {
  const databases = (await databaseNames()).filter((database) => database.includes(`:${name}:`))
  const disk = { databases, records: [] as Record<string, unknown>[], expiry: [] as [unknown, unknown][], tags: [] as [unknown, unknown][] }
  for (const database of databases) {
    await inEntries(database, 'readonly', async (entries) => {
      disk.records.push(...(await settled(entries.getAll())))
      disk.expiry.push(...(await rowsOf(entries.index('expiresAt'))))
      disk.tags.push(...(await rowsOf(entries.index('tags'))))
    })
  }
  return disk
}

/** Rows of both kinds and their number, for checks that nothing is left or that nothing differs. */
export async function countDisk(name: string): Promise<{ records: number; expiry: number; tags: number }> {
  const counts = { records: 0, expiry: 0, tags: 0 }
  for (const database of (await databaseNames()).filter((each) => each.includes(`:${name}:`))) {
    await inEntries(database, 'readonly', async (entries) => {
      counts.records += await settled(entries.count())
      counts.expiry += await settled(entries.index('expiresAt').count())
      counts.tags += await settled(entries.index('tags').count())
    })
  }
  return counts
}

/** Says what is wrong with the indexes of a disk; empty when they tell what the records tell. */
export function faultsOf({ records, expiry, tags }: Disk): string[] {
  const faults: string[] = []
  const wanted = new Set<string>()
  for (const { key, expiresAt, tags: own } of records) {
    if (expiresAt !== undefined) {
      wanted.add(`expires ${String(expiresAt)} ${String(key)}`)
      if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) faults.push(`${String(key)} has expiresAt ${String(expiresAt)}`)
    }
    for (const tag of (own as string[] | undefined) ?? []) wanted.add(`tag ${tag} ${String(key)}`)
  }
  const found = [...expiry.map(([at, key]) => `expires ${String(at)} ${String(key)}`), ...tags.map(([tag, key]) => `tag ${String(tag)} ${String(key)}`)]
  for (const row of found) if (!wanted.delete(row)) faults.push(`row too many: ${row}`)
  for (const row of wanted) faults.push(`row missing: ${row}`)
  return faults
}

/** Puts records into a database that exists, as foreign code or a bit gone wrong would. */
export async function plant(name: string, ...records: object[]): Promise<void> {
  const [database] = (await databaseNames()).filter((each) => each.includes(`:${name}:`))
  if (database === undefined) throw new Error(`There is no database of ${name} yet`)
  await inEntries(database, 'readwrite', async (entries) => {
    for (const record of records) await settled(entries.put(record))
  })
}

/** Runs work on the object store of a database, on a connection of its own. */
export async function inEntries(database: string, mode: IDBTransactionMode, work: (entries: IDBObjectStore) => Promise<void>): Promise<void> {
  const connection = await settled(indexedDB.open(database))
  try {
    const transaction = connection.transaction('entries', mode)
    const completed = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve
      transaction.onabort = () => reject(transaction.error ?? new Error('aborted'))
    })
    await work(transaction.objectStore('entries'))
    await completed
  } finally {
    connection.close()
  }
}

export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** All in one request. A cursor of the fake begins anew at each step, at the first of all rows that share a key. */
async function rowsOf(index: IDBIndex): Promise<[unknown, unknown][]> {
  const rows = await settled((index as IndexWithRecords).getAllRecords())
  return rows.map(({ key, primaryKey }) => [key, primaryKey])
}

/** TypeScript does not know it yet. */
interface IndexWithRecords extends IDBIndex {
  getAllRecords(): IDBRequest<{ readonly key: unknown; readonly primaryKey: unknown }[]>
}

/** What the code under test asks of IndexedDB from now on, until the mocks are restored. */
export function watchIndexedDb(): { readonly readonly: number; readonly readwrite: number; readonly puts: number; readonly opens: number } {
  const counts = { readonly: 0, readwrite: 0, puts: 0, opens: 0 }
  onTransaction((_transaction, mode) => counts[mode]++)
  const put = IDBObjectStore.prototype.put
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
    counts.puts++
    return put.apply(this, args)
  })
  const open = indexedDB.open.bind(indexedDB)
  vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
    counts.opens++
    return open(...args)
  })
  return counts
}

/** The fake's transaction: `_start` runs its next request, or completes it when there is none. */
interface FakeTransaction {
  _start(): void
  _abort(errorName: string | null): void
  _requests: unknown[]
  _state: string
}

export interface WriteFaults {
  /** How many transactions were made to fail. */
  readonly failed: number
  /** Storage works again. */
  end(): void
}

/**
 * Makes readwrite transactions fail at commit, after every request has succeeded, as a full disk does.
 *
 * @param errorName of the transaction's error; null for an abort that tells none
 * @param concerns says which ones, by their number from 0 and whether they put anything
 */
export function failWrites(errorName: string | null, concerns: (nth: number, puts: number) => boolean = () => true): WriteFaults {
  const puts = new WeakMap<IDBTransaction, number>()
  const put = IDBObjectStore.prototype.put
  const putSpy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
    puts.set(this.transaction, (puts.get(this.transaction) ?? 0) + 1)
    return put.apply(this, args)
  })
  let nth = 0
  let failed = 0
  const spy = onTransaction((transaction, mode) => {
    if (mode !== 'readwrite') return
    const number = nth++
    const fake = transaction as unknown as FakeTransaction
    const start = fake._start.bind(fake)
    fake._start = () => {
        const ends = fake._requests.length === 0 && fake._state !== 'finished'
      if (!ends || !concerns(number, puts.get(transaction) ?? 0)) return start()
      failed++
      fake._abort(errorName)
    }
  })
  return {
    get failed() {
      return failed
    },
    end() {
      spy.mockRestore()
      putSpy.mockRestore()
    },
  }
}

/** Calls back for every transaction that is made on an open connection, upgrades excepted. */
export function onTransaction(made: (transaction: IDBTransaction, mode: 'readonly' | 'readwrite') => unknown) {
  const create = IDBDatabase.prototype.transaction
  return vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
    const transaction = create.apply(this, args)
    const mode: string = args[1] ?? 'readonly'
    if (mode === 'readonly' || mode === 'readwrite') made(transaction, mode)
    return transaction
  })
}

/** The connections that the code under test opens from now on. */
export function captureConnections(): IDBDatabase[] {
  const connections: IDBDatabase[] = []
  const open = indexedDB.open.bind(indexedDB)
  vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
    const request = open(...args)
    request.addEventListener('success', () => connections.push(request.result))
    return request
  })
  return connections
}
