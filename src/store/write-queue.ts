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

/** Reads what the writes must know, then issues them all, one after the other. */
async function writeAll<V>(entries: IDBObjectStore, writes: readonly Write<V>[]): Promise<void> {
  const state = new Map<string, Entry<V> | undefined>()
  const reads = writes.map(async ({ target, decide }) => {
    if ('tag' in target) await deleteSorted(entries, (await resultOf(entries.index(BY_TAG).getAllKeys(target.tag))) as string[])
    // What the engine cannot read counts as missing.
    else if (decide && 'key' in target) state.set(target.key, toEntry(await resultOf(entries.get(target.key)).catch(() => {})))
  })
  await Promise.all(reads)

  for (const write of writes) {
    const { target, decide } = write
    if ('key' in target) {
      const found = state.get(target.key)
      if (decide) write.entry = decide(found)
      state.set(target.key, write.entry)
      if (!decide || write.entry !== found) put(entries, target.key, write)
    } else {
      if ('prefix' in target) entries.delete(prefixRange(target.prefix))
      for (const [key, entry] of state) {
        if (!entry || !concerns(target, entry)) continue
        state.set(key, undefined)
        entries.delete(key)
      }
    }
  }
}

/** A value that cannot be cloned fails its own write alone, and no older one may stay. */
function put<V>(entries: IDBObjectStore, key: string, write: Write<V>): void {
  try {
    if (write.entry) return void entries.put(write.entry)
  } catch (error) {
    if (isStale(error)) throw error
    write.error = toCacheError('not-cloneable', error, key)
  }
  entries.delete(key)
}
