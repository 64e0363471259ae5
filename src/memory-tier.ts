// The first tier: the entries in memory, the clock by which they expire, and the work in flight that may put entries there. A change
// takes the work that it overtakes out of flight (flight.ts), so that nothing older is put there afterwards.

import { EVERYTHING, concerns, type Change } from './change.ts'
import { expiresAtOf, type Entry } from './entry.ts'
import { reportLater } from './errors.ts'
import { overtake, type Flight, type Flights } from './flight.ts'
import { Lru } from './memory/lru.ts'
import type { MemorySettings, RemovalCause } from './options.ts'
import type { Swept, Write } from './store/store.ts'

/** The changes of a key under way that depend on what is stored: `add`, `update`, `touch`. */
export interface Deciding<V> extends Flight {
  last?: Write<V>
  /** The entry left by the last of them that has ended; until one has, the entry from before the first. */
  left: Entry<V> | undefined
}

export interface MemoryTier<V> {
  readonly entries: Lru<Entry<V>>
  /** Entries that the store does not have. */
  readonly unsaved: WeakSet<Entry<V>>
  /** What is being read from the store. */
  readonly reads: Map<string, Promise<Entry<V> | undefined>>
  /** `reads`, the loads and their failures; a change of a key takes out those of the key. */
  readonly fetches: Flights[]
  /** One list per iteration under way: the changes since it began. A list that has grown too long is taken out. */
  readonly watches: Set<Change[]>
  /** By key; a later set or removal by this tab takes them out. */
  readonly changes: Map<string, Deciding<V>>
  /** When the latest operation began. */
  readonly now: number
  /** Pending while it is not known whether memory has missed changes; reads of memory wait for it. */
  checking: Promise<unknown> | undefined
  /** Sets `now`, at the start of an operation. */
  readClock(): number
  /** Takes out of flight all work that a change overtakes. */
  overtake(change: Change, local?: boolean): void
  /** The same, for `fetches` only. */
  overtakeFetches(change: Change, local?: boolean): void
  /**
   * Memory forgets what changes remove, or what others have changed, in one walk over its entries.
   * @param keepsUnsaved keeps entries that the store does not have
   */
  forget(all: readonly Change[], local: boolean, keepsUnsaved?: boolean): void
  /** The entry in memory, unless that may be out of date. */
  peek(key: string): Entry<V> | undefined
  put(entry: Entry<V>): void
  /** As `put`, for an entry that the store has given: if `weigh` throws, the operation goes on, and memory holds nothing of the key. */
  keep(entry: Entry<V>): void
  /**
   * Brings memory in line with what a change has left in the store.
   * @param renews whether the change keeps the value, and so does not count as use
   */
  follow(key: string, found: Entry<V> | undefined, next: Entry<V> | undefined, renews: boolean | undefined): void
  sweep(): Swept
}

/** Changes noted per iteration: one that is never finished must not take more and more memory. */
const MOST_WATCHED = 1_000

/** ms by which the clock may go back before it counts as set back. */
const CLOCK_STEP = 5_000

/** @param onExpiring called when there is something that can expire */
export function createMemoryTier<V>(
  { clock, weigh, ...settings }: MemorySettings<V>,
  onRemove: (key: string, value: V, cause: RemovalCause) => void,
  onExpiring: () => void,
): MemoryTier<V> {
  const reads: MemoryTier<V>['reads'] = new Map()
  const fetches = [reads as Flights]
  const changes = new Map<string, Deciding<V>>()
  let now = 0
  /** When the last of the entries put here will have expired. */
  let lastExpiry = 0

  const entries = new Lru<Entry<V>>({
    ...settings,
    weigh: weigh && (({ value }, key) => weigh(value, key)),
    onRemove: (key, { value }, cause) => onRemove(key, value, cause),
    clock: { now: () => now },
  })

  const timeLeft = (entry: Entry<V>): number => Math.max(0, expiresAtOf(entry) - now)

  /** Notes that the entry will have to be swept, from whichever tier holds it. */
  const noteExpiry = ({ expiresAt }: Entry<V>): void => {
    if (!expiresAt) return
    lastExpiry = Math.max(lastExpiry, expiresAt)
    onExpiring()
  }

  const tier: MemoryTier<V> = {
    entries,
    unsaved: new WeakSet(),
    reads,
    fetches,
    watches: new Set(),
    changes,
    checking: undefined,
    get now() {
      return now
    },

    readClock() {
      const at = clock.now()
      // With a clock set back, entries in memory would live longer.
      if (at < now - CLOCK_STEP) tier.forget([EVERYTHING], true)
      return (now = at)
    },

    overtake(change, local) {
      tier.overtakeFetches(change, local)
      overtake(changes, change, local)
    },

    overtakeFetches(change, local) {
      for (const flights of fetches) overtake(flights, change, local)
      for (const watch of tier.watches) if (watch.push(change) > MOST_WATCHED) tier.watches.delete(watch)
    },

    forget: (all, local, keepsUnsaved) =>
      entries.atOnce(() => {
        // Expired entries are removed first: if the clock was set back, they would be live again.
        entries.sweep()
        for (const change of all) {
          // A change under way may leave an entry with the tag.
          if ('tag' in change) for (const [key, { tags }] of changes) if (concerns(change, key, tags)) entries.delete(key)
          tier.overtake(change, local)
          if ('key' in change) entries.delete(change.key)
        }
        const wide = all.filter((change) => !('key' in change))
        if (wide[0])
          for (const [key, entry] of entries.entries())
            if (wide.some((change) => concerns(change, key, entry.tags ?? [])) && !(keepsUnsaved && tier.unsaved.has(entry)))
              entries.delete(key)
      }),

    peek: (key) => (tier.checking ? undefined : entries.peek(key)),

    put(entry) {
      entries.set(entry.key, entry, timeLeft(entry))
      noteExpiry(entry)
    },

    keep(entry) {
      try {
        tier.put(entry)
      } catch (error) {
        // The entry that it would have replaced is out of date all the same.
        entries.delete(entry.key)
        reportLater(error)
      }
    },

    follow(key, found, next, renews) {
      const held = entries.peek(key)
      if (next && next !== found && renews) noteExpiry(next)
      if (!next || ((renews || next === found) && held?.createdAt !== next.createdAt)) entries.delete(key)
      else if (next !== found && !renews) tier.keep(next)
      else if (held && held !== next) {
        Object.assign(held, { staleAt: undefined, expiresAt: undefined }, next, { value: held.value })
        entries.touch(key, timeLeft(next))
      }
    },

    sweep: () => ({ keys: entries.sweep(), more: lastExpiry > now }),
  }
  return tier
}
