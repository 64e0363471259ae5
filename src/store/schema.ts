// The layout on disk: database names, the object store and its indexes, and how an entry becomes a record.

import type { Entry } from '../entry.ts'

export const ENTRIES = 'entries'
export const BY_EXPIRY = 'expiresAt'
export const BY_TAG = 'tags'
/** A change of layout gets a new major, and so another database: old and new code never fight over one. */
const SCHEMA_MAJOR = 1

/** The database of one cache name and data version. The name stands in it as it is, at the end. */
export function databaseName(name: string, version: string): string {
  return `${prefixOf(SCHEMA_MAJOR)}${version.replace(/[%:]/g, encodeURIComponent)}:${name}`
}

/** Whether a database belongs to a cache name, in whatever data version. */
export function belongsTo(database: string, name: string): boolean {
  const parts = /^bestbefore:\d+:[^:]*:(.*)$/s.exec(database)
  return parts !== null && parts[1] === name
}

function prefixOf(major: number): string {
  return `bestbefore:${major}:`
}

/**
 * Creates the store and its two indexes. `expiresAt` has a row for each entry that can expire, `tags` one for each tag.
 * What lacks the property has no row, and costs none.
 */
export function createSchema(database: IDBDatabase): void {
  const entries = database.createObjectStore(ENTRIES, { keyPath: 'key' })
  entries.createIndex(BY_EXPIRY, 'expiresAt')
  entries.createIndex(BY_TAG, 'tags', { multiEntry: true })
}

/** An entry as stored: what has its default value is left out. */
export interface StoredRecord {
  readonly key: string
  readonly value: unknown
  readonly createdAt: number
  /** Left out for never. */
  readonly expiresAt?: number
  /** Left out when it equals `expiresAt`. */
  readonly staleAt?: number
  readonly staleWhileRevalidate?: number
  readonly staleIfError?: number
  readonly tags?: readonly string[]
}

export function toRecord(entry: Entry<unknown>): StoredRecord {
  const { key, value, createdAt, expiresAt, staleAt, staleWhileRevalidate, staleIfError, tags } = entry
  return {
    key,
    value,
    createdAt,
    ...(expiresAt < Infinity && { expiresAt }),
    ...(staleAt !== expiresAt && { staleAt }),
    ...(staleWhileRevalidate > 0 && { staleWhileRevalidate }),
    ...(staleIfError > 0 && { staleIfError }),
    ...(tags.length > 0 && { tags }),
  }
}

/** The entry of a record; `undefined` for anything that this schema cannot have written. */
export function toEntry<V>(record: unknown): Entry<V> | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  const { key, value, createdAt, expiresAt = Infinity, staleAt = expiresAt, staleWhileRevalidate = 0, staleIfError = 0, tags = [] } = record as Partial<StoredRecord>
  const times = [createdAt, expiresAt, staleAt, staleWhileRevalidate, staleIfError]
  const valid =
    typeof key === 'string' && value !== undefined && times.every((time) => typeof time === 'number' && !Number.isNaN(time)) && Array.isArray(tags)
  if (!valid) return undefined
  // The value is what the app stored under this key; its type is the app's word.
  return { key, value: value as V, createdAt: createdAt as number, expiresAt, staleAt, staleWhileRevalidate, staleIfError, tags }
}
