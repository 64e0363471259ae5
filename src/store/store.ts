// The port of the second tier: what the cache asks of IndexedDB, and of any other store handed to it.

import type { Entry } from '../entry.ts'

/**
 * What a change makes of the entry it found: the entry from now on, `undefined` for none; the one found, for no change.
 * A store may call it again when it has to try again; the last call counts.
 */
export type Decide<V> = (found: Entry<V> | undefined) => Entry<V> | undefined

export interface Swept {
  /** Of the entries removed. */
  readonly keys: readonly string[]
  /** Whether an entry is left that will expire, so that another sweep makes sense. */
  readonly more: boolean
}

/**
 * The second tier. Methods reject when the store fails; the cache then serves from memory and reports the fault.
 *
 * - A read sees every write that was asked for before it, even while that is queued.
 * - A write resolves when it is safe to lose the page, and leaves no older value of its keys behind when it rejects.
 * - An entry past its `expiresAt` may be returned or left out; the cache does not serve it.
 */
export interface Store<V> {
  get(key: string): Promise<Entry<V> | undefined>
  /** All or nothing. Of several values, the cache has seen to it that each can be cloned. */
  set(entries: readonly Entry<V>[]): Promise<unknown>
  /** Reads, decides and writes one key with nothing in between, other tabs and processes included. */
  change(key: string, decide: Decide<V>): Promise<unknown>
  /** Removes a key; resolves to what was there. Of several callers, in any tab or process, one gets it. */
  take(key: string): Promise<Entry<V> | undefined>
  /** The empty prefix is everything. */
  deletePrefix(prefix: string): Promise<unknown>
  deleteTag(tag: string): Promise<unknown>
  /** Every entry once, in any order, as of a moment after the call. */
  entries(): AsyncIterable<Entry<V>>
  /** Removes every entry whose `expiresAt` is at or before `now`. */
  sweep(now: number): Promise<Swept>
  /** Resolves when all writes asked for so far are settled, and bounds hold. */
  flush(): Promise<unknown>
  /** Flushes and frees everything; the data stays. */
  close(): Promise<unknown>
  /** Removes the data and frees everything. */
  destroy(): Promise<unknown>
}
