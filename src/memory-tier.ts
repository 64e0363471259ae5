// The first tier: the entries in memory, the clock that they age by, and the work in flight that may put another there. A change
// takes out of flight what it overtakes (flight.ts), so that nothing older comes in after it.

import { EVERYTHING, concerns, type Change } from './change.ts'
import { expiresAtOf, type Entry } from './entry.ts'
import { reportLater } from './errors.ts'
import { overtake, type Flight, type Flights } from './flight.ts'
import { Lru } from './memory/lru.ts'
import type { MemorySettings, RemovalCause } from './options.ts'
import type { Swept, Write } from './store/store.ts'

/** Changes of a key that look first and are under way. */
export interface Looking<V> extends Flight {
  last?: Write<V>
  /** What the last of them to end has left; until then, what was there before the first. */
  left: Entry<V> | undefined
}

export interface MemoryTier<V> {
  readonly entries: Lru<Entry<V>>
  /** Entries that the store does not have. */
  readonly unsaved: WeakSet<Entry<V>>
  /** What is being read from the store. */
  readonly reads: Map<string, Promise<Entry<V> | undefined>>
  /** `reads` and the loads; a change of a key takes out what is in flight for it. */
  readonly fetches: Flights[]
  /** One list per iteration under way: the changes since it began. A list that has grown too long is no longer among them. */
  readonly watches: Set<Change[]>
  /** By key; a later set or removal by this tab takes them out. */
  readonly changes: Map<string, Looking<V>>
  /** When the latest operation began. */
  readonly now: number
  /** While it is not known whether memory has missed changes; reads of memory wait for it. */
  checking: Promise<unknown> | undefined
  /** Begins an operation. */
  readClock(): number
  /** Takes out of flight all that a change overtakes. */
  overtake(change: Change, local?: boolean): void
  /** The same, for `fetches` only. */
  overtakeFetches(change: Change, local?: boolean): void
  /**
   * Memory forgets what a change removes, or what others have changed.
   * @param keepsUnsaved keeps entries that the store does not have
   */
  forget(change: Change, local: boolean, keepsUnsaved?: boolean): void
  /** What it holds under a key, unless that may be out of date. */
  peek(key: string): Entry<V> | undefined
  put(entry: Entry<V>): void
  /** As `put`, for what was read or decided by the store: a `weigh` that throws does not fail that, but memory then holds nothing of the key. */
  keep(entry: Entry<V>): void
  /**
   * Brings memory in line with what a change has left in the store.
   * @param renews whether the change keeps the value, and so does not count as use
   */
  follow(key: string, found: Entry<V> | undefined, next: Entry<V> | undefined, renews: boolean | undefined): void
  sweep(): Swept
}

/** Changes that an iteration is told of: one that is never ended must not cost more and more. */
const MOST_WATCHED = 1_000

/** ms by which a clock may go back without being taken for set back. */
const CLOCK_STEP = 5_000

/** @param onExpiring told when there is something that can expire */
export function createMemoryTier<V>({ clock, weigh, ...settings }: MemorySettings<V>, onRemove: (key: string, value: V, cause: RemovalCause) => void, onExpiring: () => void): MemoryTier<V> {
  const reads: MemoryTier<V>['reads'] = new Map()
  const fetches = [reads as Flights]
  const changes = new Map<string, Looking<V>>()
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

  /** The entry will have to be swept, from whichever tier holds it. */
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
      // A clock set back would prolong the life of what memory holds.
      if (at < now - CLOCK_STEP) tier.forget(EVERYTHING, true)
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

    forget: (change, local, keepsUnsaved) =>
      entries.atOnce(() => {
        // Expired entries go first, or a clock set back would revive them.
        entries.sweep()
        // A change under way may leave an entry with the tag.
        if ('tag' in change) for (const [key, { tags }] of changes) if (concerns(change, key, tags)) entries.delete(key)
        tier.overtake(change, local)
        if ('key' in change) entries.delete(change.key)
        else for (const [key, entry] of entries.entries()) if (concerns(change, key, entry.tags ?? []) && !(keepsUnsaved && tier.unsaved.has(entry))) entries.delete(key)
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
