// The port of the second tier: what the cache asks of IndexedDB, and of any other store handed to it.

import type { Change } from '../change.ts'
import type { Entry } from '../entry.ts'

/** One write: what is asked for, and its outcome. */
export interface Write<V> {
  readonly change: Change
  /**
   * Given the entry that is stored, returns the one to store in its place, `undefined` for none. If it returns the given one, nothing
   * changes. A store that tries again may call it again; the last call counts. Absent if the write does not depend on what is stored.
   */
  readonly decide?: (found: Entry<V> | undefined) => Entry<V> | undefined
  /** With `decide`: whether the write changes nothing if the store cannot be asked, because memory holds nothing under the key. */
  readonly idle?: boolean | undefined
  /** A position, for stores with a log of changes: if a later change concerns the new entry, the write changes nothing. */
  readonly since?: number | undefined
  /** The new entry. With `decide`, the store puts it here. */
  entry?: Entry<V> | undefined
  /** With `decide`, the store puts here what it found. */
  found?: Entry<V> | undefined
}

export interface Swept {
  /** Keys of the entries removed. */
  readonly keys: readonly string[]
  /** Whether an entry is left that will expire, so that another sweep makes sense. */
  readonly more: boolean
}

/**
 * The second tier. Methods reject when the store fails; the cache then serves from memory and reports the fault. A call that takes
 * longer than 30 s counts as failed, for `entries` one step.
 *
 * - A read sees every write that was asked for before it, even while that is queued.
 * - A write resolves when it is safe to lose the page, and leaves no older value of its keys behind when it rejects.
 * - An entry past its `expiresAt` may be returned or left out; the cache does not serve it.
 */
export interface Store<V> {
  get(key: string): Promise<Entry<V> | undefined>
  /**
   * Carries out writes in their order, all or nothing. Between the call of `decide` and the write of its result nothing else may be
   * written, not even by another tab or process. If there are several values, the cache has checked that each can be cloned.
   */
  write(writes: readonly Write<V>[]): Promise<unknown>
  /** Every entry once, in any order, as of a moment after the call. */
  entries(): AsyncIterable<Entry<V>>
  /** Removes every entry whose `expiresAt` is at or before `now`. */
  sweep(now: number): Promise<Swept>
  /** Resolves when all writes asked for so far are settled, and any bound of the store holds. */
  flush(): Promise<unknown>
  /** Flushes and frees everything; the data stays. */
  close(): Promise<unknown>
  /** Removes the data and frees everything. */
  destroy(): Promise<unknown>
}
