// The layout on disk: database names, the object stores and indexes, and which records are entries.

import { compose, type Entry } from '../entry.ts'

export const ENTRIES = 'entries'
export const BY_EXPIRY = 'expiresAt'
export const BY_TAG = 'tags'
export const LOG = 'changes'

/**
 * The database of one cache name and data version. A change of layout gets another number, and so another database: old
 * and new code never fight over one. The name stands in it as it is; its length says where it ends.
 */
export function databaseName(name: string, version: string): string {
  return `${databasePrefix(name)}1:${version}`
}

/** What the databases of a cache name begin with, in whatever layout and data version, and no others. */
export function databasePrefix(name: string): string {
  return `bestbefore:${name.length}:${name}:`
}

/**
 * Creates the object stores. Of the entries' two indexes, `expiresAt` has a row for each entry that can expire, `tags` one
 * for each tag. What lacks the property has no row, and costs none. The log (log.ts) numbers its records itself.
 */
export function createSchema(database: IDBDatabase): void {
  const entries = database.createObjectStore(ENTRIES, { keyPath: 'key' })
  entries.createIndex(BY_EXPIRY, 'expiresAt')
  entries.createIndex(BY_TAG, 'tags', { multiEntry: true })
  // The log begins anywhere, so that nobody takes the log of a database made anew for the one he knew.
  database.createObjectStore(LOG, { keyPath: 'id', autoIncrement: true }).add({ id: Math.floor(Math.random() * 2 ** 52), changes: [] })
}

/** Removes all rows. */
export function clearStores(transaction: IDBTransaction): void {
  for (const name of [ENTRIES, LOG]) transaction.objectStore(name).clear()
}

/** The entry that a record is, and nothing else of it; `undefined` for anything that this schema cannot have written. */
export function toEntry<V>(record: unknown): Entry<V> | undefined {
  const { key, value, createdAt, expiresAt = Infinity, staleAt = expiresAt, staleWhileRevalidate = 0, staleIfError = 0, tags = [] } = (record ?? {}) as Partial<Entry<V>>
  const times = [createdAt, expiresAt, staleAt, staleWhileRevalidate, staleIfError].every((time) => typeof time === 'number' && !Number.isNaN(time))
  // every() passes over holes.
  const strings = Array.isArray(tags) && Array.from<unknown>(tags).every((tag) => typeof tag === 'string')
  const valid = typeof key === 'string' && value !== undefined && times && staleAt <= expiresAt && strings
  return valid && !Object.hasOwn(record as object, '__proto__') ? compose(record as Entry<V>) : undefined
}
