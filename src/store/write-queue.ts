// When and how writes reach the disk: those of one tick, and those that arrive while a transaction commits, form the next
// one. What a failed batch meant to change stays owed: deleted before anything else is written, and hidden from reads
// until then, so that no older value comes back.

import { concerns, EVERYTHING, type Change } from '../change.ts'
import type { Entry } from '../entry.ts'
import type { CacheError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { isStale, toCacheError } from './faults.ts'
import { isChanged, type Log } from './log.ts'
import { deleteSorted, prefixRange } from './ranges.ts'
import { resultOf } from './requests.ts'
import { BY_TAG, toEntry } from './schema.ts'

/** As the port's, and told whether the log has a change of the key after the write's position. */
type Decide<V> = (found: Entry<V> | undefined, changed: boolean | undefined) => Entry<V> | undefined

export interface WriteQueue<V> {
  set(entry: Entry<V>): Promise<unknown>
  /** @param tags of the entry to be; with `position` they tell which changes concern it */
  change(key: string, decide: Decide<V>, position?: number, tags?: readonly string[]): Promise<unknown>
  /** Resolves to what was there; of many keys, to nothing. */
  remove(change: Change): Promise<Entry<V> | undefined>
  /** Resolves when what was asked for so far is settled, of a key if one is given; never rejects. */
  settled(key?: string): Promise<unknown>
  /** Whether an entry on disk must not be seen, as its removal failed. */
  hides(entry: Entry<V>): boolean
}

interface Write<V> {
  readonly change: Change
  /** Absent for a write that does not look at what is there. */
  readonly decide: Decide<V> | undefined
  readonly position: number | undefined
  readonly tags: readonly string[] | undefined
  /** What it found. */
  found?: Entry<V> | undefined
  /** What it leaves. */
  entry: Entry<V> | undefined
  error?: CacheError | undefined
  readonly done: Promise<Write<V>>
  resolve(write: Write<V>): void
  reject(error: unknown): void
}

interface Batch<V> {
  readonly writes: Write<V>[]
  /** The latest write of each key, as long as no change of many keys follows. */
  readonly latest: Map<string, Write<V>>
  /** Whether it has changes of many keys. */
  wide: boolean
}

/** Owed changes remembered one by one; beyond it all that is on disk is owed. */
const MOST_OWED = 10_000

/** @param onCommit told what a transaction did, and the number of its record in the log */
export function createWriteQueue<V>(connection: Connection, log: Log, onCommit: (changes: readonly Change[], id: number) => void): WriteQueue<V> {
  let pending = newBatch<V>()
  let committing = newBatch<V>()
  let owed: Change[] = []
  let draining = false

  const enqueue = (write: Write<V>): Promise<Write<V>> => {
    const { change, done } = write
    pending.writes.push(write)
    if ('key' in change) pending.latest.set(change.key, write)
    else pending.wide = true
    if (!draining) {
      draining = true
      void drain()
    }
    return done
  }

  const commit = async (writes: readonly Write<V>[]): Promise<void> => {
    let record: IDBRequest | undefined
    const changes = await connection.run('readwrite', async (entries, records) => {
      const made = await writeAll(entries, records, [...owed.map((change) => newWrite<V>(change)), ...writes])
      record = made.length ? log.append(records, made) : undefined
      return made
    })
    owed = []
    if (record) onCommit(changes, record.result)
  }

  const drain = async (): Promise<void> => {
    await null
    while (pending.writes.length) {
      committing = pending
      pending = newBatch()
      const { writes } = committing
      let failure: CacheError | undefined
      try {
        await commit(writes)
      } catch (error) {
        failure = toCacheError('write-failed', error)
        owed.push(...writes.map(({ change }): Change => ('key' in change ? { type: 'delete', key: change.key } : change)))
        if (owed.length > MOST_OWED) owed = [EVERYTHING]
        // Deletes need no quota.
        if (failure.code !== 'open-failed') await commit([]).catch(() => {})
      }
      committing = newBatch()
      for (const write of writes) {
        const error = write.error ?? failure
        error ? write.reject(error) : write.resolve(write)
      }
    }
    draining = false
  }

  return {
    set(entry) {
      const { key } = entry
      const latest = pending.latest.get(key)
      if (!latest || latest.decide || pending.wide) return enqueue(newWrite({ type: 'set', key }, entry))
      latest.entry = entry
      return latest.done
    },
    change: (key, decide, position, tags) => enqueue(newWrite({ type: 'set', key }, undefined, decide, position, tags)),
    remove: (change) => enqueue(newWrite<V>(change, undefined, () => undefined)).then(({ found }) => found),
    settled: (key) =>
      Promise.allSettled(
        [committing, pending].flatMap(({ writes, latest, wide }) => (!key || wide || latest.has(key) ? writes.map(({ done }) => done) : [])),
      ),
    hides: ({ key, tags = [] }) => owed.some((change) => concerns(change, key, tags)),
  }
}

function newBatch<V>(): Batch<V> {
  return { writes: [], latest: new Map(), wide: false }
}

function newWrite<V>(change: Change, entry?: Entry<V>, decide?: Decide<V>, position?: number, tags?: readonly string[]): Write<V> {
  let resolve!: (write: Write<V>) => void
  let reject!: (error: unknown) => void
  const done = new Promise<Write<V>>((...settle) => ([resolve, reject] = settle))
  // A fault may reach a caller who does not wait: it is reported elsewhere.
  done.catch(() => {})
  return { change, entry, decide, position, tags, done, resolve, reject }
}

/** Reads what the writes must know, then issues them all, one after the other; returns what they did. */
async function writeAll<V>(entries: IDBObjectStore, log: IDBObjectStore, writes: readonly Write<V>[]): Promise<readonly Change[]> {
  const state = new Map<string, Entry<V> | undefined>()
  const changed = new Map<Write<V>, boolean>()
  const made: Change[] = []
  const reads = writes.map(async (write) => {
    const { change, decide, position, tags = [] } = write
    if ('tag' in change) await deleteSorted(entries, (await resultOf(entries.index(BY_TAG).getAllKeys(change.tag))) as string[])
    else if ('key' in change && decide) {
      if (position !== undefined) changed.set(write, await isChanged(log, position, change.key, tags))
      // What the engine cannot read counts as missing.
      state.set(change.key, toEntry(await resultOf(entries.get(change.key)).catch(() => {})))
    }
  })
  await Promise.all(reads)

  for (const write of writes) {
    const { change, decide } = write
    if ('key' in change) {
      const { key } = change
      const found = (write.found = state.get(key))
      if (decide) write.entry = decide(found, changed.get(write))
      state.set(key, write.entry)
      if (decide && write.entry === found && change.type === 'set') continue
      made.push(put(entries, key, write) ? change : { type: 'delete', key })
    } else {
      if ('prefix' in change) entries.delete(prefixRange(change.prefix))
      for (const [key, entry] of state) {
        if (!entry || !concerns(change, key, entry.tags ?? [])) continue
        state.set(key, undefined)
        entries.delete(key)
      }
      made.push(change)
    }
  }
  return made
}

/** A value that cannot be cloned fails its own write alone, and no older one may stay. Returns whether there is a value now. */
function put<V>(entries: IDBObjectStore, key: string, write: Write<V>): boolean {
  try {
    if (write.entry) return !!entries.put(write.entry)
  } catch (error) {
    if (isStale(error)) throw error
    write.error = toCacheError('not-cloneable', error, key)
  }
  entries.delete(key)
  return false
}
