// The library's only error class. Bad arguments are TypeError or RangeError (options.ts), never this.

/**
 * What went wrong, stable across releases: branch on it, not on the message.
 *
 * - `closed`: the cache was closed or destroyed before the call, or before a sweep or an iteration had ended
 * - `open-failed`: the database could not be opened, or not in time; the cache runs on memory
 * - `read-failed`: the store could not be read; the read became a miss
 * - `write-failed`: the store refused the write. Memory serves the value of a `set`, and the old one does not come back; a refused
 *   `add`, `update` or `touch` leaves memory as it was
 * - `quota-exceeded`: like `write-failed`, because there is no space left
 * - `not-cloneable`: the value cannot be stored (it holds a function, a proxy, a DOM node …); memory serves that of a `set`
 * - `codec-failed`: the codec failed. A value that cannot be decoded is a miss; one that a `set` could not encode is served from memory
 * - `data-lost`: the engine found the database damaged, and began an empty one
 * - `paused`: storage has failed, and is not tried again yet; memory serves meanwhile. Apps do not see it: writes resolve
 * - `load-failed`: a loader failed, and a stale value was served instead
 * - `load-timeout`: a load took longer than its caller would wait
 */
export type CacheErrorCode =
  | 'closed'
  | 'open-failed'
  | 'read-failed'
  | 'write-failed'
  | 'quota-exceeded'
  | 'not-cloneable'
  | 'codec-failed'
  | 'data-lost'
  | 'paused'
  | 'load-failed'
  | 'load-timeout'

/**
 * What a fault of IndexedDB means, and what was done:
 *
 * - `unavailable`: there is no storage here, and there will be none as long as the page lives
 * - `heal`: the database does not open; three more tries failed
 * - `stale-handle`: the connection was dead or died; the work was tried again on a new one
 * - `capacity`: no space left; room was made, then the write tried again
 * - `capacity-at-open`: the disk is so full that the database does not open
 * - `newer-schema`: a newer release has taken the database over; nothing of it is touched
 * - `stalled`: no answer within the time limit
 * - `bad-entry`: this entry cannot be stored; others of its batch are
 * - `corrupt-entry`: this entry cannot be read any more; it was removed
 * - `unknown`: anything else; tried twice
 */
export type FaultClass =
  | 'unavailable'
  | 'heal'
  | 'stale-handle'
  | 'capacity'
  | 'capacity-at-open'
  | 'newer-schema'
  | 'stalled'
  | 'bad-entry'
  | 'corrupt-entry'
  | 'unknown'

/** Where a fault occurred: opening the database, beginning a transaction, storing or reading an entry, in another request, on commit. */
export type FaultPhase = 'open' | 'transaction' | 'put' | 'read' | 'request' | 'commit'

/**
 * What was done about a fault before it was reported: only memory is used from now on; the work was tried again; it was tried again
 * after making room; this entry was refused; this entry was removed.
 */
export type FaultAction = 'memory' | 'retried' | 'made-room' | 'refused' | 'removed'

/** A fault of IndexedDB. */
export interface Fault {
  readonly class: FaultClass
  readonly phase: FaultPhase
  readonly action: FaultAction
}

/**
 * A fault of storage, codec or loader, or the use of a closed cache. The original error (often a `DOMException`) is its `cause`.
 *
 * A storage fault never rejects a read: the read becomes a miss, and the fault goes to `onError`.
 */
export class CacheError extends Error {
  override readonly name = 'CacheError'
  /** What went wrong; see {@link CacheErrorCode}. */
  declare readonly code: CacheErrorCode
  /** The key, if a single entry is at fault, and not a transaction or several entries. */
  declare readonly key: string | undefined
  /** For a fault of IndexedDB: what it means, and what was done. */
  declare readonly fault: Fault | undefined
  /** How many calls the fault concerns: all that shared the transaction. */
  declare readonly count: number

  constructor(code: CacheErrorCode, message: string, details: CacheErrorDetails = {}) {
    super(message, details)
    Object.assign(this, { code }, details, { count: details.count ?? 1 })
  }
}

export interface CacheErrorDetails {
  readonly cause?: unknown
  readonly key?: string | undefined
  readonly fault?: Fault | undefined
  readonly count?: number | undefined
}

export function closedError(): CacheError {
  return new CacheError('closed', 'Cannot use cache: it is closed')
}

/** Calls a function of the app. What it throws, or its promise rejects with, is reported, and does not reach the caller here. */
export function call<A extends readonly unknown[]>(listener: (...args: A) => unknown, args: A): void {
  try {
    ;(listener(...args) as Partial<Promise<unknown>> | undefined)?.catch?.(reportLater)
  } catch (error) {
    reportLater(error)
  }
}

/** Reports what a function of the app threw, outside the operation that called it. */
export function reportLater(error: unknown): void {
  queueMicrotask(() => {
    // Node has no reportError, and to throw from a microtask would end the process because of the app's mistake.
    const report = globalThis.reportError ?? console.error
    report(error)
  })
}
