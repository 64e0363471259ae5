// When and how writes reach the disk: those of one tick, and those that arrive while a transaction commits, form the next
// one. What a failed batch meant to change stays owed: deleted before anything else is written, and hidden from reads
// until then, so that no older value comes back.

import type { Entry } from '../entry.ts'
import type { Connection } from './connection.ts'
import { isStale, toCacheError } from './faults.ts'
import { deleteSorted, prefixRange } from './ranges.ts'
import { resultOf, resultOrNothing } from './requests.ts'
import { BY_TAG, toEntry, toRecord } from './schema.ts'
import type { Decide, Decision } from './store.ts'

/** Removes many entries at once. */
export type Bulk = { readonly prefix: string } | { readonly tag: string }

export interface WriteQueue<V> {
  set(entry: Entry<V>): Promise<void>
  setMany(entries: readonly Entry<V>[]): Promise<void>
  change<R>(key: string, decide: Decide<V, R>): Promise<Decision<V, R>>
  remove(bulk: Bulk): Promise<void>
  /** Whether writes wait for a transaction. */
  isWaiting(): boolean
  /** Resolves when what was asked for so far is settled, of a key if one is given; never rejects. */
  settled(key?: string): Promise<void>
  /** Whether what lies on disk must not be seen, as its removal failed. */
  hides(entry: Entry<V>): boolean
}

/** One write: of one key, plain or decided, or of many keys. */
interface Write<V> {
  readonly key?: string
  readonly bulk?: Bulk
  readonly decide?: Decide<V, unknown>
  /** What a plain write leaves. */
  entry?: Entry<V> | undefined
  /** Shared by the writes of one `setMany`: either all of them count or none. */
  readonly group?: { error?: unknown } | undefined
  outcome?: Decision<V, unknown>
  error?: unknown
  readonly caller?: Deferred
}

interface Batch<V> {
  readonly writes: Write<V>[]
  readonly keys: Set<string>
  /** Plain writes that nothing of their key follows: the next one takes their place. */
  readonly latest: Map<string, Write<V>>
  hasBulk: boolean
}

/** The end of a write, awaited by its caller or by nobody: a fault is reported elsewhere. */
class Deferred {
  resolve!: (value?: any) => void
  reject!: (error: unknown) => void
  readonly promise: Promise<any> = new Promise((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })

  constructor() {
    this.promise.catch(() => {})
  }
}

/** Aborts a transaction when a `setMany` cannot be stored as a whole; the batch is then written without it. */
const GROUP_FAILED = Symbol()
/** Owed writes remembered one by one; beyond it all that is on disk is owed. */
const MOST_OWED = 10_000

/** @param onCommit told how many records a transaction put */
export function createWriteQueue<V>(connection: Connection, onCommit: (written: number) => void): WriteQueue<V> {
  let pending = newBatch<V>()
  let committing = newBatch<V>()
  let owed: Write<V>[] = []
  let draining = false

  const enqueue = (write: Write<V>): Promise<any> => {
    const { key } = write
    const caller = new Deferred()
    const queued = { ...write, caller }
    pending.writes.push(queued)
    if (key === undefined) {
      pending.hasBulk = true
      pending.latest.clear()
    } else {
      pending.keys.add(key)
      if (write.entry && !write.group) pending.latest.set(key, queued)
      else pending.latest.delete(key)
    }
    if (!draining) {
      draining = true
      void drain()
    }
    return caller.promise
  }

  const drain = async (): Promise<void> => {
    await null
    while (pending.writes.length > 0) {
      committing = pending
      pending = newBatch()
      const { writes } = committing
      try {
        const written = await commit([...owed, ...writes])
        owed = []
        committing = newBatch()
        for (const { error, outcome, caller } of writes) error ? caller!.reject(error) : caller!.resolve(outcome)
        onCommit(written)
      } catch (error) {
        const failure = toCacheError('write-failed', error)
        for (const { key, bulk } of writes) owed.push(bulk ? { bulk } : { key: key! })
        if (owed.length > MOST_OWED) owed = [{ bulk: { prefix: '' } }]
        // Deletes need no quota.
        if (failure.code !== 'open-failed') await commit(owed).then(() => (owed = []), () => {})
        committing = newBatch()
        for (const { caller } of writes) caller!.reject(failure)
      }
    }
    draining = false
  }

  const commit = async (writes: Write<V>[]): Promise<number> => {
    for (;;) {
      try {
        return await connection.run('readwrite', (entries) => writeAll(entries, writes))
      } catch (error) {
        if (error !== GROUP_FAILED) throw error
      }
    }
  }

  return {
    set(entry) {
      const latest = pending.latest.get(entry.key)
      if (!latest) return enqueue({ key: entry.key, entry })
      latest.entry = entry
      return latest.caller!.promise
    },
    async setMany(entries) {
      const group = {}
      await Promise.all(entries.map((entry) => enqueue({ key: entry.key, entry, group })))
    },
    change: (key, decide) => enqueue({ key, decide }),
    remove: (bulk) => enqueue({ bulk }),
    isWaiting: () => pending.writes.length > 0,
    async settled(key) {
      const concerned = [committing, pending].filter(({ keys, hasBulk }) => key === undefined || hasBulk || keys.has(key))
      await Promise.allSettled(concerned.flatMap(({ writes }) => writes.map(({ caller }) => caller!.promise)))
    },
    hides: (entry) => owed.some(({ key, bulk }) => (bulk ? concerns(bulk, entry) : key === entry.key)),
  }
}

function newBatch<V>(): Batch<V> {
  return { writes: [], keys: new Set(), latest: new Map(), hasBulk: false }
}

function concerns(bulk: Bulk, entry: Entry<unknown>): boolean {
  return 'tag' in bulk ? entry.tags.includes(bulk.tag) : entry.key.startsWith(bulk.prefix)
}

/** Reads what the writes must know, then issues them all; resolves to how many records are put. */
async function writeAll<V>(entries: IDBObjectStore, writes: readonly Write<V>[]): Promise<number> {
  const found = new Map<string, Entry<V> | undefined>()
  const blind = new Set<string>()
  const reads: Promise<unknown>[] = []
  for (const { key, bulk, decide } of writes) {
    if (bulk) {
      if ('tag' in bulk) reads.push(resultOf(entries.index(BY_TAG).getAllKeys(bulk.tag)).then((keys) => deleteSorted(entries, keys as string[])))
    } else if (!decide) blind.add(key!)
    else if (!blind.has(key!) && !found.has(key!)) {
      found.set(key!, undefined)
      reads.push(resultOrNothing(entries.get(key!)).then((record) => found.set(key!, toEntry(record))))
    }
  }
  await Promise.all(reads)
  const after = fold(entries, writes, found)
  let written = 0
  for (const [key, entry] of after) {
    if (entry && entry === found.get(key)) continue
    if (entry && put(entries, entry, writes)) written++
    else if (entry || found.get(key) || blind.has(key)) entries.delete(key)
  }
  return written
}

/** What the writes leave of each key, one after the other; ranges are deleted on the way. */
function fold<V>(entries: IDBObjectStore, writes: readonly Write<V>[], found: ReadonlyMap<string, Entry<V> | undefined>): Map<string, Entry<V> | undefined> {
  const state = new Map(found)
  for (const write of writes) {
    const { key, bulk, group } = write
    if (bulk) {
      if ('prefix' in bulk) entries.delete(prefixRange(bulk.prefix))
      for (const [other, entry] of state) if (entry && concerns(bulk, entry)) state.set(other, undefined)
    } else {
      write.error = group?.error
      write.outcome = write.decide?.(state.get(key!)) ?? { next: write.entry, result: undefined }
      state.set(key!, write.error ? undefined : write.outcome.next)
    }
  }
  return state
}

/** False when the value cannot be cloned: the writes that brought it fail alone, and no older value may stay. */
function put<V>(entries: IDBObjectStore, entry: Entry<V>, writes: readonly Write<V>[]): boolean {
  try {
    entries.put(toRecord(entry))
    return true
  } catch (error) {
    if (isStale(error)) throw error
    for (const write of writes) {
      if (write.outcome?.next?.value !== entry.value) continue
      write.error = toCacheError('not-cloneable', error, entry.key)
      if (write.group) {
        write.group.error = write.error
        throw GROUP_FAILED
      }
    }
    return false
  }
}
