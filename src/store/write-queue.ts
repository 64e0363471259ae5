// When and how writes reach the disk: those of one tick, and those that arrive while a transaction commits, form the next
// one. What a failed batch meant to change stays owed: deleted before anything else is written, and hidden from reads
// until then, so that no older value comes back; a note beside the database says so to pages to come (marker.ts).

import { concerns, EVERYTHING, type Change } from '../change.ts'
import type { Entry } from '../entry.ts'
import type { CacheError, CacheErrorCode } from '../errors.ts'
import type { Connection } from './connection.ts'
import { classOf, toCacheError } from './faults.ts'
import { recordsSince, type Log } from './log.ts'
import type { Marker } from './marker.ts'
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
  /** Carries out what is owed; always: begins a transaction in any case. */
  settle(always?: boolean): void
  /** Owes what pages have left undone. */
  recall(): void
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

export interface WriteQueueSettings {
  readonly connection: Connection
  readonly log: Log
  readonly marker: Marker
  /** Told what a transaction did, and the number of its record in the log, if it has one. */
  onCommit(changes: readonly Change[], id?: number): void
  /** Makes room where there is none left for what is to be written; rejects when it cannot. */
  makeRoom(): Promise<unknown>
}

export function createWriteQueue<V>({ connection, log, marker, onCommit, makeRoom }: WriteQueueSettings): WriteQueue<V> {
  let pending: Batch<V> | undefined
  let latest: Batch<V> | undefined
  let owed: readonly Write<V>[] = []
  /** What was done without a record in the log, as that would have taken space. */
  let unlogged: readonly Change[] = []

  const setOwed = (writes: readonly Write<V>[]): void => {
    if (writes.length) marker.set()
    else if (owed.length) marker.clear()
    owed = writes
  }

  const commit = async (writes: readonly QueuedWrite<V>[]): Promise<void> => {
    const made = await connection.run(
      'put',
      async (entries, records) => {
        const changes = await writeAll(entries, records, [...owed, ...writes])
        return changes.length && { changes, record: log.append(records, unlogged.concat(changes)) }
      },
      writes.length,
    )
    setOwed([])
    if (made) unlogged = []
    if (made) onCommit(made.changes, made.record.result)
  }

  /** Deletes what is owed, and puts nothing: that needs no space. For want of a record in the log, others take everything for changed. */
  const deleteOwed = async (): Promise<void> => {
    const changes = await connection.run('delete', async (entries, records) => {
      records.clear()
      return writeAll(entries, records, owed)
    })
    setOwed([])
    unlogged = unlogged.concat(changes).slice(-MOST_OWED)
    onCommit(changes)
  }

  /** Commits as often as it helps: without entries that cannot be stored, and once after room was made. */
  const commitAtLast = async (writes: readonly QueuedWrite<V>[]): Promise<void> => {
    // A probe makes none, or a full disk would lose a tenth with each.
    let roomMade = connection.breaker.fault !== undefined
    for (;;) {
      const refused = writes.filter(({ error }) => error).length
      try {
        return await commit(writes)
      } catch (cause) {
        const error = toCacheError('write-failed', cause)
        const type = error.fault?.class
        if (type === 'bad-entry' && writes.filter(({ error }) => error).length > refused) continue
        if (type !== 'capacity') throw error
        if (roomMade) throw connection.breaker.trip(error)
        roomMade = true
        await makeRoom().catch(() => {})
      }
    }
  }

  const drain = async (writes: readonly Write<V>[]): Promise<CacheError | undefined> => {
    pending = undefined
    try {
      await commitAtLast(writes)
      return undefined
    } catch (error) {
      const all = owed.concat(writes.map(({ change }) => ({ change: 'key' in change ? { type: 'delete', key: change.key } : change })))
      setOwed(all.length > MOST_OWED ? [{ change: EVERYTHING }] : all)
      if (all.length) await deleteOwed().catch(() => {})
      return error as CacheError
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
    settle(always) {
      if (always || owed.length) pending ??= open()
    },
    recall() {
      if (marker.recall()) setOwed([{ change: EVERYTHING }])
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

/** A value that cannot be stored fails its own write alone, and no older one may stay. Returns whether there is a value now. */
function put<V>(entries: IDBObjectStore, key: string, write: QueuedWrite<V>): boolean {
  const refuse = (code: CacheErrorCode, error: unknown): boolean => {
    const refused = classOf('put', error) === 'bad-entry'
    if (refused) write.error = toCacheError(code, error, 'put', { key })
    return refused
  }
  if (write.entry && !write.error) {
    try {
      const request = entries.put(write.entry)
      // It shows after the commit was asked for, and so ends the transaction; the next one goes without.
      request.onerror = () => refuse('write-failed', request.error)
      return true
    } catch (error) {
      if (!refuse('not-cloneable', error)) throw error
    }
  }
  entries.delete(key)
  return false
}
