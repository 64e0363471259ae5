// Carries out writes within one transaction.

import { concerns, type Change } from '../change.ts'
import type { Entry } from '../entry.ts'
import type { CacheError, CacheErrorCode } from '../errors.ts'
import { classOf, takeCorrupt, toCacheError } from './faults.ts'
import type { Log } from './log.ts'
import { deleteSorted, prefixRange, sortEntryKeys } from './ranges.ts'
import { createSlices, resultOf, type Slices } from './requests.ts'
import { BY_TAG, toEntry } from './schema.ts'
import type { Write } from './store.ts'

export interface QueuedWrite<V> extends Write<V> {
  /** A fault of this write alone, not of the batch. */
  error?: CacheError
  /** The writes of an all-or-nothing call, itself included; they fail together. */
  group?: QueuedWrite<V>[] | undefined
  /** For a write with `since`: whether it yields to a later change. By default it yields to changes that concern its group. */
  readonly yields?: (to: Change, found: Entry<V> | undefined) => boolean
  /** Set once the engine has failed to read what is there. */
  unreadable?: boolean
}

/** Issues writes in order; those of one key wait for each other. Resolves to what they changed. */
export async function writeAll<V>(entries: IDBObjectStore, log: Log, writes: readonly QueuedWrite<V>[]): Promise<readonly Change[]> {
  /** Changes of one key by key, others by number. */
  const made = new Map<string | number, Change>()
  const latest = new Map<string, Promise<QueuedWrite<V>>>()
  /** By `since`: loads that began together share one read of the log. */
  const laterThan: Record<number, ReturnType<Log['since']>> = {}
  /** By group: whether it is overtaken. Saves checking the whole group for each of its writes. */
  const fates = new Map<unknown, boolean>()
  const slices = createSlices()

  const writeOne = async (key: string, write: QueuedWrite<V>, before: Promise<QueuedWrite<V>> | undefined): Promise<QueuedWrite<V>> => {
    const { change, decide, since } = write
    const earlier = before && (await before)
    if (decide) {
      const found = (write.found = earlier ? earlier.entry : toEntry(await read(entries, key, write, slices)))
      const entry = (write.entry = decide(found))
      const later = since === undefined ? [] : await (laterThan[since] ??= log.since(entries.transaction, since))
      // All values of a load are stored, or none.
      const {
        yields = (to: Change) =>
          (write.group ?? [write]).some(({ change }) => concerns(to, (change as { key: string }).key, entry?.tags ?? [])),
      } = write
      const overtaken =
        fates.get(write.group) ??
        later.some(({ changes, at }) => !(since! < 0 && Number(at) < entry?.createdAt!) && changes.some((to) => yields(to, found)))
      if (write.group) fates.set(write.group, overtaken)
      if (overtaken) write.entry = found
      if (overtaken || (write.entry === found && change.type === 'set')) return write
    }
    const stored = put(entries, key, write, slices)
    // A refused value where nothing was is no change. As a change it would make other tabs forget what they have, and load again.
    if (!stored && decide && !write.found && change.type === 'set') return write
    // Moves to the end: others are told in this order, and the last change of a key counts.
    made.delete(key)
    made.set(key, stored ? change : { type: 'delete', key })
    return write
  }

  for (const write of writes) {
    await slices.pause()
    const { change } = write
    if ('key' in change) {
      const writing = writeOne(change.key, write, latest.get(change.key))
      // It is awaited later; another may reject first.
      writing.catch(() => {})
      latest.set(change.key, writing)
      continue
    }
    await Promise.all(latest.values())
    latest.clear()
    if ('tag' in change) await deleteSorted(entries, sortEntryKeys(entries, await resultOf(entries.index(BY_TAG).getAllKeys(change.tag))))
    else if (change.prefix) entries.delete(prefixRange(change.prefix))
    else {
      entries.clear()
      made.clear()
    }
    made.set(made.size, change)
  }
  await Promise.all(latest.values())
  return [...made.values()]
}

/**
 * A record that the engine cannot read counts as missing. In Chromium a failed read ends the transaction, so the second try leaves it out.
 */
async function read<V>(entries: IDBObjectStore, key: string, write: QueuedWrite<V>, slices: Slices): Promise<unknown> {
  if (write.unreadable) return undefined
  try {
    return await resultOf(slices.add(entries.get(key)))
  } catch (error) {
    takeCorrupt(error)
    write.unreadable = true
    return undefined
  }
}

/**
 * Puts a value. One that cannot be stored fails its own write only, and the older value is deleted. Returns whether a value is there now.
 */
function put<V>(entries: IDBObjectStore, key: string, write: QueuedWrite<V>, slices: Slices): boolean {
  const refuse = (code: CacheErrorCode, error: unknown): boolean => {
    if (classOf('put', error) !== 'bad-entry') return false
    const fault = toCacheError(code, error, 'put', { key })
    for (const each of write.group ?? [write]) each.error ??= fault
    return true
  }
  if (write.entry && !write.error) {
    try {
      const request = slices.add(entries.put(write.entry))
      // Chromium reports a value that is too large before put() returns, and has ended the transaction by then.
      if (request.readyState === 'done') refuse('write-failed', request.error)
      // Otherwise the error may come after commit() was called; it aborts the transaction, and the next try leaves this write out.
      request.onerror = () => refuse('write-failed', request.error)
      return true
    } catch (error) {
      if (!refuse('not-cloneable', error)) throw error
      // Others of the group may have been put already: the transaction is tried again without them.
      if (write.group) throw write.error
    }
  }
  entries.delete(key)
  return false
}
