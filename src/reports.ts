// What an app is told of faults, and of where its entries are kept.

import type { CacheEvent, CacheStatus, TierStats } from './contract.ts'
import { call, type CacheError, type CacheErrorCode } from './errors.ts'
import type { Emitter } from './events.ts'
import { toCacheError } from './store/faults.ts'

export interface Reports {
  status: CacheStatus
  /** Tells of a fault that has been seen to. */
  report(error: unknown, code?: CacheErrorCode, key?: string): CacheError
  /** Reports a fault of a write and rejects with it; where the database does not open, memory is all there is. */
  fail(error: unknown): void
  /** The database is there, for the first time or again. */
  opened(): void
}

/** @param counts of the tier whose faults they are */
export function createReports(status: CacheStatus, onError: ((error: CacheError) => void) | undefined, events: Emitter<CacheEvent>, counts: TierStats): Reports {
  const setStatus = (next: CacheStatus): void => {
    reports.status = next
    events.emit({ type: 'status', status: next, local: true })
  }

  const reports: Reports = {
    status,

    /** That a database does not open is told once; that a read was cut off by `close` is no fault. */
    report(error, code = 'write-failed', key) {
      const failure = toCacheError(code, error, key)
      const unavailable = failure.code === 'open-failed'
      if (failure.code === 'closed' || (unavailable && reports.status.reason)) return failure
      if (unavailable) setStatus({ persistence: 'memory', reason: failure.message })
      if (failure.code !== 'load-failed') counts.errors++
      if (onError) call(onError, [failure])
      return failure
    },

    fail(error) {
      const failure = reports.report(error)
      if (failure.code !== 'open-failed') throw failure
    },

    opened() {
      if (reports.status.reason) setStatus({ persistence: 'indexeddb' })
    },
  }
  return reports
}
