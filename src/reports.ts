// Tells an app about faults, and about where its entries are kept.

import type { CacheEvent, CacheOptions, CacheStatus, TierStats } from './contract.ts'
import { call, type CacheError, type CacheErrorCode } from './errors.ts'
import type { Emitter } from './events.ts'
import { toCacheError } from './store/faults.ts'

export interface Reports {
  readonly status: CacheStatus
  /** Reports a fault that has been dealt with. */
  report(error: unknown, code?: CacheErrorCode, key?: string): CacheError
  /** Reports a fault of a write and throws it, unless the cache runs on memory alone. */
  fail(error: unknown): void
  /** Sets the status: storage is left alone because of a fault or, without one, works again. */
  setOutage(fault?: CacheError): void
}

/** @param counts of the second tier */
export function createReports(
  { name, store, onError }: Pick<CacheOptions<unknown>, 'name' | 'onError'> & { readonly store?: unknown },
  events: Emitter<CacheEvent>,
  counts: TierStats,
): Reports {
  /** Errors already reported: all calls that share a transaction reject with the same one. */
  const told = new WeakSet<CacheError>()

  const reports = {
    status: initialStatus(name, store),

    /** Not reported: a read cut off by `close`, and a call while storage is left alone. */
    report(error: unknown, code: CacheErrorCode = 'write-failed', key?: string) {
      const failure = toCacheError(code, error, undefined, { key })
      if (/^(closed|paused)$/.test(failure.code) || told.has(failure)) return failure
      told.add(failure)
      if (failure.code !== 'load-failed') counts.errors += failure.count
      if (onError) call(onError, [failure])
      return failure
    },

    fail(error: unknown) {
      const failure = reports.report(error)
      if (!/^(open-failed|paused)$/.test(failure.code)) throw failure
    },

    setOutage(fault?: CacheError) {
      reports.status = fault ? { persistence: 'memory', reason: fault.message, fault: fault.fault! } : { persistence: 'indexeddb' }
      events.emit({ type: 'status', status: reports.status, local: true })
      if (fault) reports.report(fault)
    },
  }
  return reports
}

function initialStatus(name: string | undefined, store: unknown): CacheStatus {
  if (store) return { persistence: 'store' }
  if (store === false || !name) return { persistence: 'memory', reason: store === false ? 'no store' : 'no name' }
  let reason = 'no IndexedDB'
  try {
    if (globalThis.indexedDB) return { persistence: 'indexeddb' }
  } catch (error) {
    // Some browsers throw if the origin may not store anything.
    reason = String(error)
  }
  return { persistence: 'memory', reason, fault: { class: 'unavailable', phase: 'open', action: 'memory' } }
}
