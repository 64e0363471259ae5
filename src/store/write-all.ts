// What one transaction does with the writes that it is given.

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
  /** The fault that is its own, not the batch's. */
  error?: CacheError
  /** Those that fail with it, where there are any: itself among them. */
  group?: QueuedWrite<V>[] | undefined
  /** Of one with `since`: whether it yields to a later change; where it does not say, to each that concerns what is written with it. */
  readonly yields?: (to: Change, found: Entry<V> | undefined) => boolean
  /** Set once the engine could not read what is there. */
  unreadable?: boolean
}

/** Issues writes in their order; those of one key wait for each other. Returns what they did. */
export async function writeAll<V>(entries: IDBObjectStore, log: Log, writes: readonly QueuedWrite<V>[]): Promise<readonly Change[]> {
  /** By key, or by number. */
  const made = new Map<string | number, Change>()
  const latest = new Map<string, Promise<QueuedWrite<V>>>()
  /** Loads that began together look at the log together. */
  const looks: Record<number, ReturnType<Log['since']>> = {}
  /** Whether those that stand or fall together are overtaken: each would ask about all. */
  const fates = new Map<unknown, boolean>()
  const slices = createSlices()

  const writeOne = async (key: string, write: QueuedWrite<V>, before: Promise<QueuedWrite<V>> | undefined): Promise<QueuedWrite<V>> => {
    const { change, decide, since } = write
    const earlier = before && (await before)
    if (decide) {
      const found = (write.found = earlier ? earlier.entry : toEntry(await read(entries, key, write, slices)))
      const entry = (write.entry = decide(found))
      const later = since === undefined ? [] : await (looks[since] ??= log.since(entries.transaction, since))
      // What a load has brought is stored together or not at all.
      const { yields = (to: Change) => (write.group ?? [write]).some(({ change }) => concerns(to, (change as { key: string }).key, entry?.tags ?? [])) } = write
      const overtaken = fates.get(write.group) ?? later.some(({ changes }) => changes.some((to) => yields(to, found)))
      if (write.group) fates.set(write.group, overtaken)
      if (overtaken) write.entry = found
      if (overtaken || (write.entry === found && change.type === 'set')) return write
    }
    const stored = put(entries, key, write, slices)
    // Where nothing was there a refused value is no change: others, who are told of one, forget theirs and may load again.
    if (!stored && decide && !write.found && change.type === 'set') return write
    // In the order in which others are told, the last of a key is what comes of it.
    made.delete(key)
    made.set(key, stored ? change : { type: 'delete', key })
    return write
  }

  for (const write of writes) {
    await slices.pause()
    const { change } = write
    if ('key' in change) {
      const writing = writeOne(change.key, write, latest.get(change.key))
      // What comes after it may throw first.
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

/** What the engine cannot read counts as missing. Chromium ends a transaction in which a read has failed; the second try does not read. */
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

/** A value that cannot be stored fails its own write alone, and no older one may stay. Returns whether there is a value now. */
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
      // Chromium tells of one that is too large before put() returns, and has ended the transaction by then.
      if (request.readyState === 'done') refuse('write-failed', request.error)
      // It shows after the commit was asked for, and so ends the transaction; the next one goes without.
      request.onerror = () => refuse('write-failed', request.error)
      return true
    } catch (error) {
      if (!refuse('not-cloneable', error)) throw error
      // Those before it are put already: all is done again, without them.
      if (write.group) throw write.error
    }
  }
  entries.delete(key)
  return false
}
