// When and how writes reach the disk: those of one tick, and those that arrive while a transaction commits, form the next
// one. What a failed batch meant to change stays owed: deleted before anything else is written, and hidden from reads
// until then, so that no older value comes back; a note beside the database says so to pages to come (marker.ts).

import { concerns, EVERYTHING, type Change } from '../change.ts'
import type { Entry } from '../entry.ts'
import type { CacheError, CacheErrorCode } from '../errors.ts'
import type { Connection } from './connection.ts'
import { classOf, toCacheError } from './faults.ts'
import type { Log } from './log.ts'
import type { Marker } from './marker.ts'
import { deleteSorted, prefixRange } from './ranges.ts'
import { resultOf } from './requests.ts'
import { BY_TAG, toEntry } from './schema.ts'
import type { Write } from './store.ts'

interface QueuedWrite<V> extends Write<V> {
  /** The fault that is its own, not the batch's. */
  error?: CacheError
  /** Those that fail with it. */
  group?: QueuedWrite<V>[]
  /** Set once the engine could not read what is there. */
  unreadable?: boolean
}

export interface WriteQueue<V> {
  /** @param group those that stand or fall together; it is added */
  add(write: Write<V>, group?: Write<V>[]): Promise<unknown>
  /** As `add`, also while storage is left alone: to try whether it works again. */
  retry(write: Write<V>): Promise<unknown>
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
  /** Told what others changed while nobody told this tab. */
  onMissed(changes: readonly Change[]): void
}

export function createWriteQueue<V>({ connection, log, marker, onCommit, onMissed, makeRoom }: WriteQueueSettings): WriteQueue<V> {
  let pending: Batch<V> | undefined
  let latest: Batch<V> | undefined
  /** Those that are not settled, in order. */
  const batches = new Set<Batch<V>>()
  /** By what they delete. */
  const owed = new Map<string, Write<V>>()
  /** What was done without a record in the log, as that would have taken space. */
  let unlogged: readonly Change[] = []

  /** Owes what writes that failed were to delete or replace, unless others change it later. */
  const owe = (writes: readonly Write<V>[]): void => {
    for (const { change } of writes) {
      const write: Write<V> = 'key' in change ? { change: { type: 'delete', key: change.key }, since: log.position, decide: () => undefined } : { change }
      owed.set(Object.values(write.change).join(), write)
    }
    if (owed.size > MOST_OWED) {
      owed.clear()
      owe([{ change: EVERYTHING }])
    }
    if (owed.size) marker.set()
  }

  /** @param frugal puts nothing, as that would take space: for want of a record in the log, others take everything for changed */
  const commit = async (writes: readonly QueuedWrite<V>[], frugal = false): Promise<void> => {
    let settled: [string, Write<V>][] = []
    const { missed, changes, record } = await connection.run(
      frugal ? 'delete' : 'put',
      async (entries, records) => {
        const missed = frugal ? await log.catchUp(records) : []
        settled = [...owed]
        const changes = await writeAll(entries, records, log, [...owed.values(), ...writes])
        if (frugal) log.empty(records)
        return { missed, changes, record: frugal || !changes.length ? undefined : log.append(records, unlogged.concat(changes)) }
      },
      writes.length,
    )
    for (const [what, write] of settled) if (owed.get(what) === write) owed.delete(what)
    if (settled.length && !owed.size) marker.clear()
    if (frugal) unlogged = unlogged.concat(changes).slice(-MOST_OWED)
    else if (record) unlogged = []
    onMissed(missed)
    if (changes.length) onCommit(changes, record?.result)
  }

  /** Commits as often as it helps: without entries that cannot be stored, once after room was made, and removals without any. */
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
        if (/^(paused|quota)/.test(error.code) && writes.every(({ change }) => change.type !== 'set')) return commit(writes, true)
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
      owe(writes)
      if (owed.size) await commit([], true).catch(() => {})
      return error as CacheError
    }
  }

  /** The batch that takes writes: it is committed after the one before, at the end of this tick at the earliest. */
  const open = (): Batch<V> => {
    const writes: QueuedWrite<V>[] = []
    const batch: Batch<V> = {
      writes,
      latest: new Map(),
      done: Promise.resolve(latest?.done)
        .then(() => drain(writes))
        .finally(() => batches.delete(batch)),
    }
    batches.add(batch)
    return (latest = batch)
  }

  const retry = async (write: QueuedWrite<V>, group: QueuedWrite<V>[] = []): Promise<void> => {
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
    group.push(write)
    write.group = group
    const error = (await batch.done) ?? write.error
    if (error) throw error
  }

  const settle = (always?: boolean): void => {
    if (always || owed.size) pending ??= open()
  }

  return {
    async add(write, group) {
      const refusal = connection.breaker.refusal(write.change.type === 'set' ? 'put' : 'delete')
      if (!refusal) return retry(write, group)
      // Nobody waits for a probe.
      owe([write])
      settle()
      throw refusal
    },
    retry,
    settle,
    recall() {
      if (marker.recall()) owe([{ change: EVERYTHING }])
    },
    settled: (key) => [...batches].reverse().find((batch) => key === undefined || batch.latest.has(undefined) || batch.latest.has(key))?.done,
    hides({ key, tags = [] }) {
      for (const { change } of owed.values()) if (concerns(change, key, tags)) return true
      return false
    },
  }
}

/** Issues writes in their order; those of one key wait for each other. Returns what they did. */
async function writeAll<V>(entries: IDBObjectStore, records: IDBObjectStore, log: Log, writes: readonly QueuedWrite<V>[]): Promise<readonly Change[]> {
  /** By key, or by number. */
  const made = new Map<string | number, Change>()
  const latest = new Map<string, Promise<QueuedWrite<V>>>()
  /** Loads that began together look at the log together. */
  const looks: Record<number, ReturnType<Log['since']>> = {}

  const writeOne = async (key: string, write: QueuedWrite<V>, before: Promise<QueuedWrite<V>> | undefined): Promise<QueuedWrite<V>> => {
    const { change, decide, since } = write
    const earlier = before && (await before)
    if (decide) {
      const found = (write.found = earlier ? earlier.entry : toEntry(await read(entries, key, write)))
      const entry = (write.entry = decide(found))
      const later = since === undefined ? [] : await (looks[since] ??= log.since(records, since))
      // An owed removal gives way to a newer value, and to nothing else: of a log that is not all there nobody knows.
      const counts = (other: Change): boolean => (change.type === 'delete' ? other.type === 'set' && other.key === key : concerns(other, key, entry?.tags ?? []))
      const overtaken = later.some(({ changes }) => changes.some(counts))
      if (overtaken) write.entry = found
      if (overtaken || (write.entry === found && change.type === 'set')) return write
    }
    made.set(key, put(entries, key, write) ? change : { type: 'delete', key })
    return write
  }

  for (const write of writes) {
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

/** What the engine cannot read counts as missing. Chromium ends a transaction in which a read has failed; the second try does not read. */
async function read<V>(entries: IDBObjectStore, key: string, write: QueuedWrite<V>): Promise<unknown> {
  if (write.unreadable) return undefined
  try {
    return await resultOf(entries.get(key))
  } catch (error) {
    if (classOf('read', error) !== 'corrupt-entry') throw error
    write.unreadable = true
    return undefined
  }
}

/** A value that cannot be stored fails its own write alone, and no older one may stay. Returns whether there is a value now. */
function put<V>(entries: IDBObjectStore, key: string, write: QueuedWrite<V>): boolean {
  const refuse = (code: CacheErrorCode, error: unknown): boolean => {
    if (classOf('put', error) !== 'bad-entry') return false
    const fault = toCacheError(code, error, 'put', { key })
    for (const each of write.group!) each.error ??= fault
    return true
  }
  if (write.entry && !write.error) {
    try {
      const request = entries.put(write.entry)
      // Chromium tells of one that is too large before put() returns, and has ended the transaction by then.
      if (request.readyState === 'done') refuse('write-failed', request.error)
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
