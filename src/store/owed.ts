// What writes that failed were to change: deleted before anything else is written, and hidden from reads until then, so that no
// older value comes back. A note beside the database says so to pages to come (marker.ts).

import { concerns, EVERYTHING, type Change } from '../change.ts'
import type { Entry } from '../entry.ts'
import type { Log } from './log.ts'
import type { Marker } from './marker.ts'
import type { QueuedWrite } from './write-all.ts'

export interface Owed<V> {
  readonly size: number
  /** Owes what writes were to delete or replace, unless others change it later. */
  add(writes: readonly QueuedWrite<V>[]): void
  /** The deletions to be done. */
  writes(): readonly QueuedWrite<V>[]
  /** They have been done. */
  settle(done: readonly QueuedWrite<V>[]): void
  /** Whether an entry on disk must not be seen. */
  hides(entry: Entry<V>): boolean
}

/** Changes remembered one by one; beyond it all that is on disk is owed. */
const MOST_OWED = 10_000

/**
 * Gives way to a value that others have set later, and to nothing else: not to one that another tab could not store until now,
 * and of a log that is not all there nobody knows.
 */
function removalOf<V>(change: Change & { readonly key: string }, since: number | undefined, at: number): QueuedWrite<V> {
  return {
    // Where nothing is, the removal of what a refused load was to replace is no change. Of another value it is: memory elsewhere may have an older one.
    change,
    since,
    decide: () => undefined,
    yields: (to, found) => to.type === 'set' && to.key === change.key && !!found && found.createdAt > at,
  }
}

/** @param now epoch ms */
export function createOwed<V>(log: Log, marker: Marker, now: () => number): Owed<V> {
  /** By what they delete. */
  const owed = new Map<string, QueuedWrite<V>>()
  const nameOf = (change: Change): string => Object.values(change).join()

  const add = (writes: readonly QueuedWrite<V>[]): void => {
    for (const { change, decide } of writes) {
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
      // What has been owed again meanwhile stays.
      for (const write of done) if (owed.get(nameOf(write.change)) === write) owed.delete(nameOf(write.change))
      if (done.length && !owed.size) marker.clear()
    },
    hides({ key, tags = [] }) {
      return [...owed.values()].some(({ change }) => concerns(change, key, tags))
    },
  }
}
