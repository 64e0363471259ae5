// When and how writes reach the disk: those of one tick, and those that arrive while a transaction commits, form the next
// one. What a failed batch meant to change stays owed (owed.ts), and is done before anything else.

import { EVERYTHING, type Change } from '../change.ts'
import type { Entry } from '../entry.ts'
import type { CacheError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { toCacheError } from './faults.ts'
import type { Log } from './log.ts'
import type { Marker } from './marker.ts'
import { createOwed } from './owed.ts'
import type { Write } from './store.ts'
import { writeAll, type QueuedWrite } from './write-all.ts'

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

/** ms that a transaction may take which begins with the removal of many entries, as that has failed before: it may be slow, not stuck. */
const REMOVAL_TIME_LIMIT = 60_000
/** Changes without a record that are remembered. */
const MOST_UNLOGGED = 10_000

export interface WriteQueueSettings {
  readonly connection: Connection
  readonly log: Log
  readonly marker: Marker
  /** Epoch ms. */
  now(): number
  /** Given the entries in the transaction of each commit, once all of it is asked for. */
  look(entries: IDBObjectStore): void
  /** Told what a transaction did, and the number of its record in the log, if it has one. */
  onCommit(changes: readonly Change[], id?: number): void
  /** Makes room where there is none left for what is to be written; rejects when it cannot. */
  makeRoom(): Promise<unknown>
  /** Told what others changed while nobody told this tab. */
  onMissed(changes: readonly Change[]): void
}

export function createWriteQueue<V>({ connection, log, marker, now, look, onCommit, onMissed, makeRoom }: WriteQueueSettings): WriteQueue<V> {
  let pending: Batch<V> | undefined
  /** Resolves when the latest is settled. */
  let last: Promise<unknown> | undefined
  /** Those that are not settled, in order. */
  const batches = new Set<Batch<V>>()
  const owed = createOwed<V>(log, marker, now)
  /** What was done without a record in the log, as that would have taken space. */
  let unlogged: readonly Change[] = []

  /** @param frugal puts nothing, as that would take space: for want of a record in the log, others take everything for changed */
  const commit = async (writes: readonly QueuedWrite<V>[], frugal = false): Promise<void> => {
    let begun: readonly Write<V>[] = []
    const { changes, emptied, record } = await connection.run(
      frugal ? 'delete' : 'put',
      async (entries) => {
        const { transaction } = entries
        // At once: no later look finds it again, not even if this transaction comes to nothing.
        if (frugal) onMissed(await log.catchUp(transaction))
        begun = owed.writes()
        const changes = await writeAll(entries, log, [...begun, ...writes])
        const emptied = frugal && changes.length ? await log.empty(transaction, changes) : undefined
        const record = frugal || !(changes.length || log.isBlind) ? undefined : log.append(transaction, unlogged.concat(changes))
        look(entries)
        return { changes, emptied, record }
      },
      writes.length,
      owed.writes().some(({ change }) => !('key' in change)) ? REMOVAL_TIME_LIMIT : undefined,
    )
    owed.settle(begun)
    emptied?.()
    // Whoever hears of the record takes all that is in it for known.
    const told = record ? unlogged.concat(changes) : changes
    if (frugal) unlogged = unlogged.concat(changes).slice(-MOST_UNLOGGED)
    else if (record) unlogged = []
    if (changes.length) onCommit(told, record?.result)
  }

  /** Commits as often as it helps: without entries that cannot be stored, once after room was made, and removals without any. */
  const commitAtLast = async (writes: readonly QueuedWrite<V>[]): Promise<void> => {
    // A probe makes none, or a full disk would lose a tenth with each.
    let roomMade = connection.breaker.fault !== undefined
    for (;;) {
      const refused = countRefused(writes)
      try {
        return await commit(writes)
      } catch (cause) {
        const error = toCacheError('write-failed', cause)
        const type = error.fault?.class
        if (type === 'bad-entry' && countRefused(writes) > refused) continue
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
      // Whoever has closed the cache, or removed the data, had the last word.
      if ((error as CacheError).code === 'closed') return error as CacheError
      // Nothing came of it, so those that leave all as it is have changed nothing.
      owed.add((error as CacheError).code === 'paused' ? writes.filter(({ idle }) => !idle) : writes)
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
      done: Promise.resolve(last)
        .then(() => drain(writes))
        .finally(() => batches.delete(batch)),
    }
    batches.add(batch)
    last = batch.done
    return batch
  }

  const retry = async (write: QueuedWrite<V>, group?: QueuedWrite<V>[]): Promise<void> => {
    const { change, decide, entry } = write
    const batch = (pending ??= open())
    const { key } = change as { key?: string }
    const earlier = batch.latest.get(key)
    if (key === undefined) batch.latest.clear()
    if (key !== undefined && earlier && !(earlier.decide ?? earlier.group ?? decide ?? group)) {
      // The last value of a tick is the one to be written. One of several that stand or fall together is not: its fate is theirs.
      earlier.entry = entry
      write = earlier
    } else {
      batch.writes.push(write)
      batch.latest.set(key, write)
    }
    group?.push(write)
    write.group = group
    const error = (await batch.done) ?? write.error
    if (error) throw error
  }

  const settle = (always?: boolean): void => {
    if (always || owed.size) pending ??= open()
  }

  /** The latest batch not settled that changes a key, or any. */
  const underWay = (key?: string): Batch<V> | undefined => [...batches].reverse().find(({ latest }) => key === undefined || latest.has(undefined) || latest.has(key))

  return {
    async add(write, group) {
      const { change } = write
      const refusal = connection.breaker.refusal(change.type === 'set' ? 'put' : 'delete')
      // What is owed is done before all that is under way, so it must have been asked for before.
      if (!refusal || underWay((change as { key?: string }).key)) return retry(write, group)
      // Nobody else waits for a probe.
      if (!write.idle) owed.add([write])
      settle()
      throw refusal
    },
    retry,
    settle,
    recall() {
      if (marker.recall()) owed.add([{ change: EVERYTHING }])
    },
    settled: (key) => underWay(key)?.done,
    hides: owed.hides,
  }
}

function countRefused<V>(writes: readonly QueuedWrite<V>[]): number {
  return writes.filter(({ error }) => error).length
}
