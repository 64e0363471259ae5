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
  /** What those that have ended have left, or what there was before the first. */
  left: Entry<V> | undefined
}

export interface MemoryTier<V> {
  readonly entries: Lru<Entry<V>>
  /** Those that the store does not have. */
  readonly unsaved: WeakSet<Entry<V>>
  /** What is being read from the store. */
  readonly reads: Map<string, Promise<Entry<V> | undefined>>
  /** Those and what else is being fetched; a change of the key takes it out. */
  readonly fetches: Flights[]
  /** What iterations are told of the changes since they began; one that has heard of too many is no longer among them. */
  readonly watches: Set<Change[]>
  /** By key; a set or a removal of this tab, which comes after them, takes them out. */
  readonly changes: Map<string, Looking<V>>
  /** When the latest operation began. */
  readonly now: number
  /** While it is not known whether memory has missed changes; reads of memory wait for it. */
  checking: Promise<unknown> | undefined
  /** Begins an operation. */
  readClock(): number
  /** Takes what a change overtakes out of all that is in flight. */
  overtake(change: Change, local?: boolean): void
  /** The same for what is being fetched alone. */
  overtakeFetches(change: Change, local?: boolean): void
  /** Memory forgets what is removed, or what others changed; if it keeps them, not the entries that it alone has. */
  forget(change: Change, local: boolean, keepsUnsaved?: boolean): void
  /** What it holds under a key, unless that may be out of date. */
  peek(key: string): Entry<V> | undefined
  put(entry: Entry<V>): void
  /** As `put`, of what was read or decided; a `weigh` that throws must not fail that, but then memory has nothing. */
  keep(entry: Entry<V>): void
  /**
   * Memory follows what a change has left.
   * @param renews that it keeps the value, and is no use
   */
  follow(key: string, found: Entry<V> | undefined, next: Entry<V> | undefined, renews: boolean | undefined): void
  sweep(): Swept
}

/** Changes that an iteration is told of. One that nobody ends must not cost more and more. */
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

  /** It is to be swept, in whatever tier it is. */
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
      // Set back, it would prolong what memory holds.
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
        // What expired goes too, or a clock set back would bring it to life.
        entries.sweep()
        // What a change under way will leave may have the tag.
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
        // What it replaces is out of date all the same.
        entries.delete(entry.key)
        reportLater(error)
      }
    },

    follow(key, found, next, renews) {
      const held = entries.peek(key)
      if (next && next !== found && renews) noteExpiry(next)
      if (!next || (next === found && held?.createdAt !== next.createdAt)) entries.delete(key)
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
