// Opens caches for a test, looks at what they leave on disk without the library, and clears up after each test.
// The clearing-up is a check too: in every database, what each index holds must be what the rows say.

import { afterEach, expect } from 'vitest'
import { createCache, type Cache, type CacheError, type CacheOptions } from '../../../src/index.ts'

/** The cache's name where a test needs just one. */
export const NAME = 'suite'

/** A row of the object store, as far as tests look at it. */
export interface Row {
  readonly key: string
  readonly value: unknown
  readonly expiresAt?: number
  readonly tags?: readonly string[]
}

export interface Contents {
  /** In key order. */
  readonly rows: Row[]
  /** Primary keys of the rows of the index `expiresAt`. */
  readonly byExpiry: string[]
  /** The same of the index `tags`. */
  readonly byTag: string[]
}

const caches: Pick<Cache<unknown>, 'close'>[] = []
const connections: IDBDatabase[] = []

/** A cache that is closed after the test. */
export function open<V>(options: CacheOptions<V> = {}): Cache<V> {
  const cache = createCache<V>({ name: NAME, ...options })
  caches.push(cache)
  return cache
}

/** A cache whose database exists, and the faults it reports. */
export async function openReady<V>(options: CacheOptions<V> = {}): Promise<{ cache: Cache<V>; faults: CacheError[] }> {
  const faults: CacheError[] = []
  const cache = open<V>({ onError: (error) => faults.push(error), ...options })
  await cache.get('nothing')
  return { cache, faults }
}

/** Names of all databases that contain a text, as a cache's database contains the cache's name. */
export async function databaseNames(text = ''): Promise<string[]> {
  return (await indexedDB.databases()).flatMap(({ name }) => (name?.includes(text) ? [name] : []))
}

/** The one database of a cache. */
export async function databaseName(cacheName = NAME): Promise<string> {
  const names = await databaseNames(cacheName)
  expect(names, `databases of ${cacheName}`).toHaveLength(1)
  return names[0]!
}

/** A connection without the library, closed after the test; it does not make way for others by itself. */
export async function connect(database: string, version?: number): Promise<IDBDatabase> {
  const connection = await done(indexedDB.open(database, version))
  connections.push(connection)
  return connection
}

/** What lies on disk. */
export async function contents(cacheName = NAME): Promise<Contents> {
  const connection = await done(indexedDB.open(await databaseName(cacheName)))
  try {
    return await read(connection)
  } finally {
    connection.close()
  }
}

export async function storedKeys(cacheName = NAME): Promise<string[]> {
  return (await contents(cacheName)).rows.map(({ key }) => key)
}

async function read(connection: IDBDatabase): Promise<Contents> {
  const transaction = connection.transaction('entries')
  // A connection that closes with a transaction under way still counts as open in WebKit.
  const ended = new Promise((resolve) => (transaction.oncomplete = resolve))
  const entries = transaction.objectStore('entries')
  const [rows, byExpiry, byTag] = await Promise.all([
    done<Row[]>(entries.getAll()),
    done(entries.index('expiresAt').getAllKeys()),
    done(entries.index('tags').getAllKeys()),
  ])
  await ended
  return { rows, byExpiry: byExpiry as string[], byTag: byTag as string[] }
}

/** Each expiry is a whole number and has its row in the index, each tag too, and nothing else has. */
function checkIndexes({ rows, byExpiry, byTag }: Contents): void {
  const expiring = rows.filter((row) => 'expiresAt' in row)
  expect(expiring.filter(({ expiresAt }) => !Number.isSafeInteger(expiresAt)), 'expiresAt is a whole number').toEqual([])
  expect(byExpiry.toSorted(), 'rows of the index expiresAt').toEqual(expiring.map(({ key }) => key))
  expect(byTag.toSorted(), 'rows of the index tags').toEqual(rows.flatMap(({ key, tags = [] }) => tags.map(() => key)))
}

afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close()
  for (const connection of connections.splice(0)) connection.close()
  try {
    for (const name of await databaseNames()) {
      const connection = await done(indexedDB.open(name))
      try {
        if (connection.objectStoreNames.contains('entries')) checkIndexes(await read(connection))
      } finally {
        connection.close()
      }
    }
  } finally {
    for (const name of await databaseNames()) await done(indexedDB.deleteDatabase(name))
  }
})

export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
