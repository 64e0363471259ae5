// Removals owed: what a failed write was to change is deleted before anything else is written, and hidden from reads until then,
// so that no older value comes back. A note beside the database tells later pages of it (marker.ts).

import { concerns, EVERYTHING, type Change } from '../change.ts'
import type { Entry } from '../entry.ts'
import type { Log } from './log.ts'
import type { Marker } from './marker.ts'
import type { QueuedWrite } from './write-all.ts'

export interface Owed<V> {
  readonly size: number
  /** Owes the removal of what writes were to delete or replace, unless others change it later. */
  add(writes: readonly QueuedWrite<V>[]): void
  /** The removals to be carried out. */
  writes(): readonly QueuedWrite<V>[]
  /** Takes note that they were carried out. */
  settle(done: readonly QueuedWrite<V>[]): void
  /** Whether an entry on disk must not be seen. */
  hides(entry: Entry<V>): boolean
}

/** Removals remembered one by one; if there are more, all that is on disk is to be removed. */
const MOST_OWED = 10_000

/**
 * The removal of one key. It yields to a value that another tab has set later, and to nothing else: not to an older value that the
 * other tab could only store now, and not to a log that is incomplete.
 */
function removalOf<V>(change: Change & { readonly key: string }, since: number | undefined, at: number): QueuedWrite<V> {
  return {
    change,
    since,
    decide: () => undefined,
    yields: (to, found) => to.type === 'set' && to.key === change.key && !!found && found.createdAt > at,
  }
}

/** @param now epoch ms */
export function createOwed<V>(log: Log, marker: Marker, now: () => number): Owed<V> {
  /** By the name of what they remove. */
  const owed = new Map<string, QueuedWrite<V>>()
  const nameOf = (change: Change): string => Object.values(change).join()

  const add = (writes: readonly QueuedWrite<V>[]): void => {
    for (const { change, decide } of writes) {
      // A refused load or `add` stays a 'set', which is no change where nothing is stored. A refused `set` becomes a 'delete', which is
      // always announced: other tabs may hold an older value in memory.
      const write = 'key' in change ? removalOf<V>(decide ? change : { type: 'delete', key: change.key }, log.heard, now()) : { change }
      owed.set(nameOf(write.change), write)
    }
    if (owed.size > MOST_OWED) {
      owed.clear()
      add([{ change: EVERYTHING }])
    }
    if (owed.size) marker.set()
  }

  return {
    get size() {
      return owed.size
    },
    add,
    writes: () => [...owed.values()],
    settle(done) {
      // A removal that was owed again meanwhile stays.
      for (const write of done) if (owed.get(nameOf(write.change)) === write) owed.delete(nameOf(write.change))
      if (done.length && !owed.size) marker.clear()
    },
    hides({ key, tags = [] }) {
      return [...owed.values()].some(({ change }) => concerns(change, key, tags))
    },
  }
}
