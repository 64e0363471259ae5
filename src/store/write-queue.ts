// When and how writes reach the disk: those of one tick, and those that arrive while a transaction commits, form the next
// one. What a failed batch meant to change stays owed: deleted before anything else is written, and hidden from reads
// until then, so that no older value comes back.

import type { Entry } from '../entry.ts'
import type { CacheError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { isStale, toCacheError } from './faults.ts'
import { deleteSorted, prefixRange } from './ranges.ts'
import { resultOf } from './requests.ts'
import { BY_TAG, toEntry } from './schema.ts'
import type { Decide } from './store.ts'

/** What a write is about: one key, everything with a prefix, or everything with a tag. */
type Target = { readonly key: string } | { readonly prefix: string } | { readonly tag: string }

export interface WriteQueue<V> {
  set(entry: Entry<V>): Promise<unknown>
  change(key: string, decide: Decide<V>): Promise<unknown>
  remove(target: Target): Promise<unknown>
  /** Resolves when what was asked for so far is settled, of a key if one is given; never rejects. */
  settled(key?: string): Promise<unknown>
  /** Whether an entry on disk must not be seen, as its removal failed. */
  hides(entry: Entry<V>): boolean
}

interface Write<V> {
  readonly target: Target
  /** Absent for a write that does not look at what is there. */
  readonly decide?: Decide<V> | undefined
  /** What it leaves. */
  entry?: Entry<V> | undefined
  error?: CacheError | undefined
  readonly done: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

interface Batch<V> {
  readonly writes: Write<V>[]
  /** The latest write of each key, as long as no other target follows. */
  readonly latest: Map<string, Write<V>>
  /** Whether it has writes of other targets than keys. */
  wide: boolean
}

/** Owed writes remembered one by one; beyond it all that is on disk is owed. */
const MOST_OWED = 10_000

export function createWriteQueue<V>(connection: Connection): WriteQueue<V> {
  let pending = newBatch<V>()
  let committing = newBatch<V>()
  let owed: Write<V>[] = []
  let draining = false

  const enqueue = (target: Target, entry?: Entry<V>, decide?: Decide<V>): Promise<void> => {
    const write = newWrite(target, entry, decide)
    pending.writes.push(write)
    if ('key' in target) pending.latest.set(target.key, write)
    else pending.wide = true
    if (!draining) {
      draining = true
      void drain()
    }
    return write.done
  }

  const commit = (writes: readonly Write<V>[]): Promise<void> => connection.run('readwrite', (entries) => writeAll(entries, writes))

  const drain = async (): Promise<void> => {
    await null
    while (pending.writes.length) {
      committing = pending
      pending = newBatch()
      const { writes } = committing
      let failure: CacheError | undefined
      try {
        await commit([...owed, ...writes])
        owed = []
      } catch (error) {
        failure = toCacheError('write-failed', error)
        owed.push(...writes.map(({ target }) => newWrite<V>(target)))
        if (owed.length > MOST_OWED) owed = [newWrite({ prefix: '' })]
        // Deletes need no quota.
        if (failure.code !== 'open-failed') await commit(owed).then(() => (owed = []), () => {})
      }
      committing = newBatch()
      for (const { error = failure, resolve, reject } of writes) error ? reject(error) : resolve()
    }
    draining = false
  }

  return {
    set(entry) {
      const latest = pending.latest.get(entry.key)
      if (!latest || latest.decide || pending.wide) return enqueue(entry, entry)
      latest.entry = entry
      return latest.done
    },
    change: (key, decide) => enqueue({ key }, undefined, decide),
    remove: (target) => enqueue(target),
    settled: (key) =>
      Promise.allSettled(
        [committing, pending].flatMap(({ writes, latest, wide }) => (!key || wide || latest.has(key) ? writes.map(({ done }) => done) : [])),
      ),
    hides: (entry) => owed.some(({ target }) => concerns(target, entry)),
  }
}

function newBatch<V>(): Batch<V> {
  return { writes: [], latest: new Map(), wide: false }
}

function newWrite<V>(target: Target, entry?: Entry<V>, decide?: Decide<V>): Write<V> {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const done = new Promise<void>((...settle) => ([resolve, reject] = settle))
  // A fault may reach a caller who does not wait: it is reported elsewhere.
  done.catch(() => {})
  return { target, entry, decide, done, resolve, reject }
}

function concerns(target: Target, entry: Entry<unknown>): boolean {
  if ('key' in target) return target.key === entry.key
  return 'tag' in target ? !!entry.tags?.includes(target.tag) : entry.key.startsWith(target.prefix)
}

/** Reads what the writes must know, then issues them all. */
async function writeAll<V>(entries: IDBObjectStore, writes: readonly Write<V>[]): Promise<void> {
  /** Keys written without a look at what is there. */
  const blind = new Set<string>()
  const found = new Map<string, Entry<V> | undefined>()
  const reads: Promise<unknown>[] = []
  for (const { target, decide } of writes) {
    if ('tag' in target) {
      reads.push(resultOf(entries.index(BY_TAG).getAllKeys(target.tag)).then((keys) => deleteSorted(entries, keys as string[])))
    } else if ('key' in target && !blind.has(target.key) && !found.has(target.key)) {
      const { key } = target
      found.set(key, undefined)
      // What the engine cannot read counts as missing.
      if (decide) reads.push(resultOf(entries.get(key)).then((record) => found.set(key, toEntry(record)), () => {}))
      else blind.add(key)
    }
  }
  await Promise.all(reads)

  const left = new Map(found)
  for (const write of writes) {
    const { target, decide } = write
    if ('key' in target) {
      if (decide) write.entry = decide(left.get(target.key))
      left.set(target.key, write.entry)
    } else {
      if ('prefix' in target) entries.delete(prefixRange(target.prefix))
      for (const [key, other] of left) if (other && concerns(target, other)) left.set(key, undefined)
    }
  }

  for (const [key, entry] of left) {
    if (entry ? entry !== found.get(key) && !put(entries, entry, writes) : found.get(key) || blind.has(key)) entries.delete(key)
  }
}

/** False when the value cannot be cloned: the writes that brought it fail alone, and no older value may stay. */
function put<V>(entries: IDBObjectStore, entry: Entry<V>, writes: readonly Write<V>[]): boolean {
  try {
    entries.put(entry)
    return true
  } catch (error) {
    if (isStale(error)) throw error
    for (const write of writes) if (write.entry?.value === entry.value) write.error = toCacheError('not-cloneable', error, entry.key)
    return false
  }
}
