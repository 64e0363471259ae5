// When and how writes reach the disk: those of one tick, and those that arrive while a transaction commits, form the next
// one. What a failed batch meant to change stays owed: deleted before anything else is written, and hidden from reads
// until then, so that no older value comes back.

import { concerns, EVERYTHING, type Change } from '../change.ts'
import type { Entry } from '../entry.ts'
import type { CacheError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { isStale, toCacheError } from './faults.ts'
import { recordsSince, type Log } from './log.ts'
import { deleteSorted, prefixRange } from './ranges.ts'
import { resultOf } from './requests.ts'
import { BY_TAG, toEntry } from './schema.ts'
import type { Write } from './store.ts'

/** With the fault that is its own, not the batch's. */
type QueuedWrite<V> = Write<V> & { error?: CacheError }

export interface WriteQueue<V> {
  add(write: Write<V>): Promise<unknown>
  /** Resolves when what was asked for so far is settled, of a key if one is given; never rejects. */
  settled(key?: string): Promise<unknown> | undefined
  /** Whether an entry on disk must not be seen, as its removal failed. */
  hides(entry: Entry<V>): boolean
}

interface Batch<V> {
  readonly writes: QueuedWrite<V>[]
  /** The latest write of each key since the last change of many keys, which stands under undefined. */
  readonly latest: Map<string | undefined, QueuedWrite<V>>
  /** Resolves to the batch's fault, if there is one. */
  readonly done: Promise<CacheError | undefined>
}

/** Owed changes remembered one by one; beyond it all that is on disk is owed. */
const MOST_OWED = 10_000

/** @param onCommit told what a transaction did, and the number of its record in the log */
export function createWriteQueue<V>(connection: Connection, log: Log, onCommit: (changes: readonly Change[], id: number) => void): WriteQueue<V> {
  let pending: Batch<V> | undefined
  let latest: Batch<V> | undefined
  let owed: Write<V>[] = []

  const commit = async (writes: readonly Write<V>[]): Promise<void> => {
    const made = await connection.run('readwrite', async (entries, records) => {
      const changes = await writeAll(entries, records, [...owed, ...writes])
      return changes.length && { changes, record: log.append(records, changes) }
    })
    owed = []
    if (made) onCommit(made.changes, made.record.result)
  }

  const drain = async (writes: readonly Write<V>[]): Promise<CacheError | undefined> => {
    pending = undefined
    try {
      await commit(writes)
      return undefined
    } catch (cause) {
      const error = toCacheError('write-failed', cause)
      for (const { change } of writes) owed.push({ change: 'key' in change ? { type: 'delete', key: change.key } : change })
      if (owed.length > MOST_OWED) owed = [{ change: EVERYTHING }]
      // Deletes need no quota.
      if (error.code !== 'open-failed') await commit([]).catch(() => {})
      return error
    }
  }

  /** The batch that takes writes: it is committed after the one before, at the end of this tick at the earliest. */
  const open = (): Batch<V> => {
    const writes: QueuedWrite<V>[] = []
    return (latest = { writes, latest: new Map(), done: Promise.resolve(latest?.done).then(() => drain(writes)) })
  }

  return {
    async add(write: QueuedWrite<V>) {
      const { change, decide, entry } = write
      const batch = (pending ??= open())
      const { key } = change as { key?: string }
      const earlier = batch.latest.get(key)
      if (key === undefined) batch.latest.clear()
      if (key !== undefined && earlier && !earlier.decide && !decide) {
        // The last value of a tick is the one to be written.
        earlier.entry = entry
        write = earlier
      } else {
        batch.writes.push(write)
        batch.latest.set(key, write)
      }
      const error = (await batch.done) ?? write.error
      if (error) throw error
    },
    settled: (key) => [pending, latest].find((batch) => batch && (!key || batch.latest.has(undefined) || batch.latest.has(key)))?.done,
    hides: ({ key, tags = [] }) => owed.some(({ change }) => concerns(change, key, tags)),
  }
}

/** Issues writes in their order; those of one key wait for each other. Returns what they did. */
async function writeAll<V>(entries: IDBObjectStore, log: IDBObjectStore, writes: readonly QueuedWrite<V>[]): Promise<readonly Change[]> {
  /** By key, or by number. */
  const made = new Map<string | number, Change>()
  const latest = new Map<string, Promise<QueuedWrite<V>>>()
  /** Loads that began together look at the log together. */
  const looks: Record<number, ReturnType<typeof recordsSince>> = {}

  const writeOne = async (key: string, write: QueuedWrite<V>, before: Promise<QueuedWrite<V>> | undefined): Promise<QueuedWrite<V>> => {
    const { change, decide, since } = write
    const earlier = before && (await before)
    if (decide) {
      // What the engine cannot read counts as missing.
      const found = (write.found = earlier ? earlier.entry : toEntry(await resultOf(entries.get(key)).catch(() => {})))
      const entry = (write.entry = decide(found))
      const later = since === undefined ? [] : await (looks[since] ??= recordsSince(log, since))
      if (later.some(({ changes }) => changes.some((other) => concerns(other, key, entry?.tags ?? [])))) write.entry = found
      if (write.entry === found && change.type === 'set') return write
    }
    made.set(key, put(entries, key, write) ? change : { type: 'delete', key })
    return write
  }

  for (const write of writes) {
    const { change } = write
    if ('key' in change) {
      latest.set(change.key, writeOne(change.key, write, latest.get(change.key)))
      continue
    }
    await Promise.all(latest.values())
    latest.clear()
    if ('tag' in change) await deleteSorted(entries, (await resultOf(entries.index(BY_TAG).getAllKeys(change.tag))) as string[])
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

/** A value that cannot be cloned fails its own write alone, and no older one may stay. Returns whether there is a value now. */
function put<V>(entries: IDBObjectStore, key: string, write: QueuedWrite<V>): boolean {
  try {
    if (write.entry) return !!entries.put(write.entry)
  } catch (error) {
    if (isStale(error)) throw error
    write.error = toCacheError('not-cloneable', error, key)
  }
  entries.delete(key)
  return false
}
