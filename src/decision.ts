// A write that depends on what is there, such as `add`, `update` and `touch`: what it finds, and what it leaves.

import { isFresh, isFromFuture, isUsable, type Entry } from './entry.ts'
import type { MemoryTier } from './memory-tier.ts'
import type { Write } from './store/store.ts'

/** Given the fresh entry, if there is one, returns the entry to replace it; undefined changes nothing. */
export type Decide<V> = (fresh: Entry<V> | undefined) => Entry<V> | undefined

export interface Decision<V> {
  /** For the store, which calls its `decide`. */
  readonly write: Write<V>
  /** Decides in place of the store. @param found what memory has */
  decideAlone(found: Entry<V> | undefined): void
  /** What the decision has come to, once the store or memory has made it. */
  outcome(): Outcome<V>
}

export interface Outcome<V> {
  /** The entry that was there. */
  readonly found: Entry<V> | undefined
  /** The same, if it was fresh. */
  readonly fresh: Entry<V> | undefined
  /** The entry that is there now. */
  readonly next: Entry<V> | undefined
  /** The entry that memory had and the store had not: the store now has it, or what has replaced it. */
  readonly local: Entry<V> | undefined
}

export function createDecision<V>(memory: MemoryTier<V>, key: string, decide: Decide<V>): Decision<V> {
  let before = memory.peek(key)
  let local: Entry<V> | undefined
  let fresh: Entry<V> | undefined
  /** Whether the new entry expires at once. */
  let over = false
  const at = memory.now
  const write: Write<V> = {
    change: { type: 'set', key },
    idle: !memory.entries.peek(key) && !decide(undefined),
    decide(stored) {
      local = before && memory.unsaved.has(before) ? before : undefined
      const found = stored ?? local
      // Another tab may have written it while this page slept: then the clock is read again.
      const by = found && isFromFuture(found, at) ? memory.readClock() : at
      fresh = isFresh(found, by) ? found : undefined
      const next = decide(fresh)
      over = !!next && !isUsable(next, fresh ? by : at)
      return over ? undefined : (next ?? stored)
    },
  }
  return {
    write,

    decideAlone(found) {
      before = undefined
      write.found = found
      write.entry = write.decide!(found)
    },

    outcome() {
      const { found = local, entry } = write
      return { found, fresh, next: entry === write.found && !over ? found : entry, local }
    },
  }
}
