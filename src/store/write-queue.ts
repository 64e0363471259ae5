// When and how writes reach the disk: those of one tick, and those that arrive while a transaction commits, share the next one. What a
// failed batch was to change must be removed (owed.ts) before anything else is written.

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
  /** @param group writes of the same all-or-nothing call; this one is added to them */
  add(write: Write<V>, group?: Write<V>[]): Promise<unknown>
  /** As `add`, but also while storage is left alone, to test whether it works again. */
  retry(write: Write<V>): Promise<unknown>
  /** Resolves when all writes so far, or those that concern a key, are settled; never rejects. */
  settled(key?: string): Promise<unknown> | undefined
  /**
   * Carries out the removals owed.
   * @param always begins a transaction even if nothing is owed
   */
  settle(always?: boolean): void
  /** Owes the removals that earlier pages have left undone. */
  recall(): void
  /** Whether an entry on disk must not be seen, because its removal failed. */
  hides(entry: Entry<V>): boolean
}

interface Batch<V> {
  readonly writes: QueuedWrite<V>[]
  /** The latest write of each key since the last removal of many keys, which is under `undefined`. */
  readonly latest: Map<string | undefined, QueuedWrite<V>>
  /** Resolves to the batch's fault, if there is one. */
  readonly done: Promise<CacheError | undefined>
}

/** ms for a transaction that repeats a removal of many entries: that may have failed before only because it was slow. */
const REMOVAL_TIME_LIMIT = 60_000
/** The removal of everything that a note of another page demands. */
const RECALLED: Change = { ...EVERYTHING }
/** Changes without a log record that are remembered. */
const MOST_UNLOGGED = 10_000

export interface WriteQueueSettings {
  readonly connection: Connection
  readonly log: Log
  readonly marker: Marker
  /** Epoch ms. */
  now(): number
  /** Called in the transaction of each commit, after its requests. */
  inspect(entries: IDBObjectStore): void
  /** Called with what a transaction has changed, and the number of its record in the log, if it has one. */
  onCommit(changes: readonly Change[], id?: number): void
  /** Makes room on a full disk; rejects when it cannot. */
  makeRoom(): Promise<unknown>
  /** Called with changes by others that are in the log but were not announced by a message. */
  onMissed(changes: readonly Change[]): void
  /** Called when all that was on disk was removed, because an earlier page has left a removal undone. */
  onRecalled(): void
}

export function createWriteQueue<V>({
  connection,
  log,
  marker,
  now,
  inspect,
  onCommit,
  onMissed,
  onRecalled,
  makeRoom,
}: WriteQueueSettings): WriteQueue<V> {
  let pending: Batch<V> | undefined
  /** Resolves when the latest batch is settled. */
  let last: Promise<unknown> | undefined
  /** The batches that are not settled, in order. */
  const batches = new Set<Batch<V>>()
  const owed = createOwed<V>(log, marker, now)
  /** What was committed without a log record, which would have taken space. */
  let unlogged: readonly Change[] = []

  /** @param frugal puts nothing, because that takes space. Without a record in the log, other tabs take everything for changed. */
  const commit = async (writes: readonly QueuedWrite<V>[], frugal = false): Promise<void> => {
    let begun: readonly Write<V>[] = []
    const { changes, emptied, record } = await connection.run(
      frugal ? 'delete' : 'put',
      async (entries) => {
        const { transaction } = entries
        // Reported even if this transaction fails: no later read of the log finds it again.
        if (frugal) onMissed(await log.catchUp(transaction))
        begun = owed.writes()
        const changes = await writeAll(entries, log, [...begun, ...writes])
        const emptied = frugal && changes.length ? await log.empty(transaction, changes) : undefined
        const record = frugal || !(changes.length || log.isBlind) ? undefined : log.append(transaction, unlogged.concat(changes))
        inspect(entries)
        return { changes, emptied, record }
      },
      writes.length,
      owed.writes().some(({ change }) => !('key' in change)) ? REMOVAL_TIME_LIMIT : undefined,
    )
    owed.settle(begun)
    if (begun.some(({ change }) => change === RECALLED)) onRecalled()
    emptied?.()
    // A tab to which the record is announced does not read it, so the message must hold all changes in it.
    const told = record ? unlogged.concat(changes) : changes
    if (frugal) unlogged = unlogged.concat(changes).slice(-MOST_UNLOGGED)
    else if (record) unlogged = []
    if (changes.length) onCommit(told, record?.result)
  }

  /**
   * Commits, and tries again if that can help: without entries that cannot be stored, once after making room, removals without taking
   * space.
   */
  const commitAtLast = async (writes: readonly QueuedWrite<V>[]): Promise<void> => {
    // A probe makes no room: on a full disk each one would evict a tenth of the entries.
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
      // The cache was closed, or its data destroyed: nothing is owed.
      if ((error as CacheError).code === 'closed') return error as CacheError
      // Idle writes would have changed nothing.
      owed.add((error as CacheError).code === 'paused' ? writes.filter(({ idle }) => !idle) : writes)
      if (owed.size) await commit([], true).catch(() => {})
      return error as CacheError
    }
  }

  /** A batch that takes writes until it is committed: after the batch before, at the end of this tick at the earliest. */
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
      // Only the last value of a tick is written. But a write of an all-or-nothing group stays, because the others depend on it.
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

  /** The latest unsettled batch that changes a key; without a key, the latest of all. */
  const underWay = (key?: string): Batch<V> | undefined =>
    [...batches].reverse().find(({ latest }) => key === undefined || latest.has(undefined) || latest.has(key))

  return {
    async add(write, group) {
      const { change } = write
      const refusal = connection.breaker.refusal(change.type === 'set' ? 'put' : 'delete')
      // A write of a key with another one queued must come after that, but removals owed are carried out before all that is queued.
      if (!refusal || underWay((change as { key?: string }).key)) return retry(write, group)
      // The caller does not wait for storage to come back.
      if (!write.idle) owed.add([write])
      settle()
      throw refusal
    },
    retry,
    settle,
    recall() {
      if (marker.recall()) owed.add([{ change: RECALLED }])
    },
    settled: (key) => underWay(key)?.done,
    hides: owed.hides,
  }
}

function countRefused<V>(writes: readonly QueuedWrite<V>[]): number {
  return writes.filter(({ error }) => error).length
}
