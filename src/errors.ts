// The one error class of the domain. Bad arguments are TypeError and RangeError (options.ts), never this.

/**
 * What went wrong, stable across releases: branch on it, not on the message.
 *
 * - `closed`: the cache was closed or destroyed before the call
 * - `open-failed`: the database could not be opened, or not in time; the cache runs on memory
 * - `read-failed`: the store could not be read; the read became a miss
 * - `write-failed`: the store refused the write; memory serves the new value, the old one is not coming back
 * - `quota-exceeded`: as `write-failed`, for lack of space
 * - `not-cloneable`: the value cannot be stored (it holds a function, a proxy, a DOM node …); memory serves it
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
  | 'load-failed'
  | 'load-timeout'

/**
 * A fault of storage or of the cache's life, with the original error (often a `DOMException`) as `cause`.
 *
 * Reads never reject with it, but for `closed`: a fault turns them into a miss and is told to `onError`.
 */
export class CacheError extends Error {
  override readonly name = 'CacheError'
  /** What went wrong; see {@link CacheErrorCode}. */
  readonly code: CacheErrorCode
  /** The key concerned, where there is exactly one. */
  readonly key: string | undefined

  constructor(code: CacheErrorCode, message: string, details: { readonly key?: string | undefined; readonly cause?: unknown } = {}) {
    super(message, details)
    this.code = code
    this.key = details.key
  }
}

export function closedError(): CacheError {
  return new CacheError('closed', 'Cannot use cache: it is closed')
}

/** Calls a listener of the app; what it throws is its own mistake, and ends nothing here. */
export function call<A extends readonly unknown[]>(listener: (...args: A) => unknown, args: A): void {
  try {
    listener(...args)
  } catch (error) {
    reportLater(error)
  }
}

/** Reports what a listener of the app threw, outside the operation that called it. */
export function reportLater(error: unknown): void {
  queueMicrotask(() => {
    // Node has no reportError, and throwing from a microtask would end the process for a listener's mistake.
    const report = globalThis.reportError ?? console.error
    report(error)
  })
}
