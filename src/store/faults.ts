// What a storage error means. Names first, as message texts differ per engine and locale.

import { CacheError, type CacheErrorCode } from '../errors.ts'

const FAILED: Partial<Record<CacheErrorCode, string>> = {
  'open-failed': 'open the database',
  'read-failed': 'read from the store',
  'write-failed': 'write to the store',
  'quota-exceeded': 'write to the store for lack of space',
  'not-cloneable': 'store the value, as it cannot be cloned',
}

/** The handle is dead, or the transaction went down with it: the same work may succeed on a new handle. */
export function isStale(error: unknown): boolean {
  return ['InvalidStateError', 'TransactionInactiveError', 'AbortError', 'UnknownError'].includes(nameOf(error))
}

export function toCacheError(code: CacheErrorCode, cause: unknown, key?: string): CacheError {
  if (cause instanceof CacheError) return cause
  if (code === 'write-failed' && nameOf(cause) === 'QuotaExceededError') code = 'quota-exceeded'
  return new CacheError(code, `Cannot ${FAILED[code]}: ${String(cause)}`, key === undefined ? { cause } : { key, cause })
}

function nameOf(error: unknown): string {
  return (error as Partial<Error> | null | undefined)?.name ?? ''
}
