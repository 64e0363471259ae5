// How a batch becomes requests of one transaction: everything it must know is read first, then everything is written.

import type { Entry } from '../entry.ts'
import { fold, type Batch, type Bulk, type Step } from './batch.ts'
import { resultOf } from './connection.ts'
import { isStale, toCacheError } from './faults.ts'
import { deleteSorted } from './ranges.ts'
import { prefixRange } from './ranges.ts'
import { BY_TAG, toEntry, toRecord } from './schema.ts'

/** Aborts the transaction when a `setMany` cannot be stored as a whole; the batch is then written again without it. */
export const GROUP_FAILED: unique symbol = Symbol('group failed')

/** Issues all requests of a batch; returns how many records it puts. */
export function writeBatch<V>(entries: IDBObjectStore, batch: Batch<V>): number | Promise<number> {
  const unread = [...batch.chains].filter(([, chain]) => !chain[0]!.blind).map(([key]) => key)
  const tags = batch.bulks.flatMap(({ bulk }) => (bulk.type === 'tag' ? [bulk.tag] : []))
  if (unread.length === 0 && tags.length === 0) return write(entries, batch, new Map())
  return readThenWrite(entries, batch, unread, tags)
}

async function readThenWrite<V>(entries: IDBObjectStore, batch: Batch<V>, unread: readonly string[], tags: readonly string[]): Promise<number> {
  const found = new Map<string, Entry<V> | undefined>()
  const reads = unread.map(async (key) => found.set(key, toEntry<V>(await readable(entries.get(key)))))
  const tagged = tags.map((tag) => resultOf(entries.index(BY_TAG).getAllKeys(tag)))
  const [keys] = await Promise.all([Promise.all(tagged), Promise.all(reads)])
  // Keys are strings, as the store's key path yields nothing else.
  if (keys.length > 0) await deleteSorted(entries, [...new Set(keys.flat() as string[])].sort())
  return write(entries, batch, found)
}

function write<V>(entries: IDBObjectStore, batch: Batch<V>, found: ReadonlyMap<string, Entry<V> | undefined>): number {
  let written = 0
  for (const { bulk } of batch.bulks) removeRange(entries, bulk)
  for (const [key, chain] of batch.chains) {
    const before = found.get(key)
    const entry = fold(chain, before)
    if (entry === before && !chain[0]!.blind) continue
    if (entry !== undefined && put(entries, entry, chain)) written++
    else entries.delete(key)
  }
  return written
}

function removeRange(entries: IDBObjectStore, bulk: Bulk): void {
  if (bulk.type === 'clear') entries.clear()
  else if (bulk.type === 'prefix') entries.delete(prefixRange(bulk.prefix))
}

/** False when the value cannot be cloned: the steps that brought it fail alone, and no older value may stay. */
function put<V>(entries: IDBObjectStore, entry: Entry<V>, chain: readonly Step<V>[]): boolean {
  try {
    entries.put(toRecord(entry))
    return true
  } catch (error) {
    if (isStale(error)) throw error
    const failure = toCacheError('not-cloneable', error, entry.key)
    for (const step of chain) {
      if (step.outcome?.next?.value !== entry.value) continue
      step.error = failure
      if (step.group === undefined) continue
      step.group.error = failure
      throw GROUP_FAILED
    }
    return false
  }
}

/** A record whose value the engine has lost counts as missing, and does not fail the others. */
function readable<T>(request: IDBRequest<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = (event) => {
      event.preventDefault()
      resolve(undefined)
    }
  })
}
