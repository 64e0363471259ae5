// The layout on disk: database names, the object stores and indexes, and which records are entries.

import { compose, type Entry } from '../entry.ts'

export const ENTRIES = 'entries'
export const BY_EXPIRY = 'expiresAt'
export const BY_TAG = 'tags'
export const LOG = 'changes'

/**
 * The database of one cache name and data version. A new layout gets another number, and so another database: old and new
 * code never share one. It contains the cache name unescaped; the length tells where that ends.
 */
export function databaseName(name: string, version: string): string {
  return `${databasePrefix(name)}1:${version}`
}

/** What the names of a cache's databases begin with, in every layout and data version, and those of no other cache. */
export function databasePrefix(name: string): string {
  return `bestbefore:${name.length}:${name}:`
}

/**
 * Creates the object stores. Of the two indexes of the entries, `expiresAt` has a row for each entry that can expire, and `tags`
 * one for each tag of an entry. Entries without the property have no row. The log (log.ts) numbers its records itself.
 */
export function createSchema(database: IDBDatabase): void {
  const entries = database.createObjectStore(ENTRIES, { keyPath: 'key' })
  entries.createIndex(BY_EXPIRY, 'expiresAt')
  entries.createIndex(BY_TAG, 'tags', { multiEntry: true })
  // The log begins at a random number, so that no tab takes the log of a new database for the one it knew.
  database.createObjectStore(LOG, { keyPath: 'id', autoIncrement: true }).add({ id: Math.floor(Math.random() * 2 ** 52), changes: [] })
}

/** Removes all rows. */
export function clearStores(transaction: IDBTransaction): void {
  for (const name of [ENTRIES, LOG]) transaction.objectStore(name).clear()
}

/** The entry in a record, without properties that are not an entry's; `undefined` if this schema cannot have written the record. */
export function toEntry<V>(record: unknown): Entry<V> | undefined {
  const {
    key,
    value,
    createdAt,
    expiresAt = Infinity,
    staleAt = expiresAt,
    staleWhileRevalidate = 0,
    staleIfError = 0,
    tags = [],
  } = (record ?? {}) as Partial<Entry<V>>
  const times = [createdAt, expiresAt, staleAt, staleWhileRevalidate, staleIfError].every(
    (time) => typeof time === 'number' && !Number.isNaN(time),
  )
  // Array.from turns holes into undefined; every() would skip them.
  const strings = Array.isArray(tags) && Array.from<unknown>(tags).every((tag) => typeof tag === 'string')
  const valid = typeof key === 'string' && value !== undefined && times && staleAt <= expiresAt && strings
  return valid && !Object.hasOwn(record as object, '__proto__') ? compose(record as Entry<V>) : undefined
}
