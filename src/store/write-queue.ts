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
  /** The latest write of each key, as long as no change of many keys follows. */
  readonly latest: Map<string, QueuedWrite<V>>
  /** Whether it has changes of many keys. */
  wide: boolean
  error: CacheError | undefined
  /** Never rejects. */
  done: Promise<void>
}

/** Owed changes remembered one by one; beyond it all that is on disk is owed. */
const MOST_OWED = 10_000

/** @param onCommit told what a transaction did, and the number of its record in the log */
export function createWriteQueue<V>(connection: Connection, log: Log, onCommit: (changes: readonly Change[], id: number) => void): WriteQueue<V> {
  let pending: Batch<V> | undefined
  let latest: Batch<V> | undefined
  let owed: Change[] = []

  const commit = async (writes: readonly Write<V>[]): Promise<void> => {
    let record: IDBRequest | undefined
    const changes = await connection.run('readwrite', async (entries, records) => {
      const made = await writeAll(entries, records, [...owed.map((change): Write<V> => ({ change })), ...writes])
      record = made.length ? log.append(records, made) : undefined
      return made
    })
    owed = []
    if (record) onCommit(changes, record.result)
  }

  const drain = async (batch: Batch<V>): Promise<void> => {
    pending = undefined
    try {
      await commit(batch.writes)
    } catch (error) {
      batch.error = toCacheError('write-failed', error)
      owed.push(...batch.writes.map(({ change }): Change => ('key' in change ? { type: 'delete', key: change.key } : change)))
      if (owed.length > MOST_OWED) owed = [EVERYTHING]
      // Deletes need no quota.
      if (batch.error.code !== 'open-failed') await commit([]).catch(() => {})
    }
  }

  /** The batch that takes writes: it is committed after the one before, at the end of this tick at the earliest. */
  const open = (): Batch<V> => {
    const batch: Batch<V> = { writes: [], latest: new Map(), wide: false, error: undefined, done: Promise.resolve(latest?.done).then(() => drain(batch)) }
    return (latest = batch)
  }

  return {
    async add(write: QueuedWrite<V>) {
      const { change, decide, entry } = write
      const batch = (pending ??= open())
      const { key } = change as { key?: string }
      const earlier = batch.latest.get(key!)
      if (earlier && !earlier.decide && !decide && !batch.wide) {
        // The last value of a tick is the one to be written.
        earlier.entry = entry
        write = earlier
      } else {
        batch.writes.push(write)
        if (key === undefined) batch.wide = true
        else batch.latest.set(key, write)
      }
      await batch.done
      const error = write.error ?? batch.error
      if (error) throw error
    },
    settled: (key) => [pending, latest].find((batch) => batch && (!key || batch.wide || batch.latest.has(key)))?.done,
    hides: ({ key, tags = [] }) => owed.some((change) => concerns(change, key, tags)),
  }
}

/** Issues writes in their order; those of one key wait for each other. Returns what they did. */
async function writeAll<V>(entries: IDBObjectStore, log: IDBObjectStore, writes: readonly QueuedWrite<V>[]): Promise<readonly Change[]> {
  /** By key, or by number. */
  const made = new Map<string | number, Change>()
  const latest = new Map<string, Promise<QueuedWrite<V>>>()
  const position = writes.reduce((least, { since = Infinity }) => Math.min(least, since), Infinity)
  const records = position < Infinity ? await recordsSince(log, position) : []

  const writeOne = async (key: string, write: QueuedWrite<V>, before: Promise<QueuedWrite<V>> | undefined): Promise<QueuedWrite<V>> => {
    const { change, decide, since } = write
    const earlier = before && (await before)
    if (decide) {
      // What the engine cannot read counts as missing.
      const found = (write.found = earlier ? earlier.entry : toEntry(await resultOf(entries.get(key)).catch(() => {})))
      const entry = (write.entry = decide(found))
      if (records.some(({ id, changes }) => id > since! && changes.some((other) => concerns(other, key, entry?.tags)))) write.entry = found
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
    else change.prefix ? entries.delete(prefixRange(change.prefix)) : entries.clear()
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
