// What a storage error means. Names first, as message texts differ per engine and locale.

import { CacheError, type CacheErrorCode } from '../errors.ts'

/** The handle is dead, or the transaction went down with it: the same work may succeed on a new handle. */
export function isStale(error: unknown): boolean {
  return /^(InvalidState|TransactionInactive|Abort|Unknown)Error$/.test(nameOf(error))
}

export function toCacheError(code: CacheErrorCode, cause: unknown, key?: string): CacheError {
  if (cause instanceof CacheError) return cause
  if (code === 'write-failed' && nameOf(cause) === 'QuotaExceededError') code = 'quota-exceeded'
  return new CacheError(code, `Storage fault, ${code}: ${cause}`, { key, cause })
}

export function nameOf(error: unknown): string {
  return (error as Partial<Error> | null | undefined)?.name ?? ''
}
