// Writes of the two tiers. Memory changes in the call itself and the store follows; where what is there decides, the store
// decides, and memory follows it.

import type { Change } from './change.ts'
import type { TierStats } from './contract.ts'
import { isFresh, isFromFuture, isUsable, type Entry } from './entry.ts'
import type { Looking, MemoryTier } from './memory-tier.ts'
import type { IndexedDbStore } from './store/indexeddb-store.ts'
import type { Store, Write } from './store/store.ts'

/** The entry that a change puts in the place of a fresh one, or of none; undefined leaves all as it is. */
export type Decide<V> = (fresh: Entry<V> | undefined) => Entry<V> | undefined

export interface Writes<V> {
  /**
   * Puts entries of one lifetime into both tiers, all or nothing in the store.
   * @param told of what a load has brought: whether others have told of a change of it since the load began
   * @param since where the log stood then
   */
  set(entries: readonly Entry<V>[], told?: boolean, since?: number): Promise<void>
  /** Removes a key; resolves to the fresh entry that was there. */
  remove(key: string): Promise<Entry<V> | undefined>
  /**
   * Has the store decide, or memory where there is none; then memory follows. Resolves to the fresh entry that was there.
   * @param tags of a new entry; absent where it keeps those that are there
   * @param renews that it keeps the value, and is no use
   */
  change(key: string, decide: Decide<V>, tags?: readonly string[], renews?: boolean): Promise<Entry<V> | undefined>
  removeAll(change: Change): Promise<void>
  /** Stores what memory holds and disk lacks, unless others have changed it meanwhile; then memory drops it. */
  saveAgain(disk: IndexedDbStore<V>): Promise<unknown>
}

export interface Wiring<V> {
  readonly memory: MemoryTier<V>
  readonly store: Store<V> | undefined
  readonly counts: Readonly<Record<'memory' | 'store', TierStats>>
  /** Tells listeners, who may use the cache: all that a call does by itself has been done. */
  tell(change: Change): void
  /** Takes a fault, or throws it. */
  fail(error: unknown): void
  /** Whether memory is all there is, for now at least. */
  isAlone(): boolean
}

export function createWrites<V>({ memory, store, counts, tell, fail, isAlone }: Wiring<V>): Writes<V> {
  const { entries: held, changes, unsaved } = memory

  /** Sends writes to the store; false where memory is all there is. When it refuses, memory goes on serving what it has. */
  const save = async (writes: readonly Write<V>[]): Promise<boolean> => {
    try {
      if (!store) return false
      await store.write(writes)
      counts.store.writes += writes.length
      // It may bear the mark of an older one, which was evicted meanwhile.
      for (const { entry } of writes) if (entry) unsaved.delete(entry)
      return true
    } catch (error) {
      for (const { change, decide, entry } of writes) {
        const kept = decide && 'key' in change ? held.peek(change.key) : entry
        if (kept) unsaved.add(kept)
      }
      fail(error)
      return false
    }
  }

  /** @param first done in the same step */
  const invalidate = (write: Write<V>, first?: () => void): Promise<boolean> => {
    const saving = held.atOnce(() => {
      first?.()
      memory.forget(write.change, true)
      return save([write])
    })
    tell(write.change)
    return saving
  }

  const remove = async (key: string, since?: number): Promise<Entry<V> | undefined> => {
    const at = memory.now
    let before: Entry<V> | undefined
    const looking = changes.get(key)
    const write: Write<V> = { change: { type: 'delete', key }, since, decide: () => undefined }
    const saved = await invalidate(write, () => (before = memory.peek(key)))
    const { found = before && unsaved.has(before) ? before : undefined } = saved ? write : { found: looking ? looking.left : before }
    return isFresh(found, at) ? found : undefined
  }

  /** What was refused for a later change must not be served either. */
  const drop = (entry: Entry<V>, write: Write<V>): void => {
    const { key } = entry
    if (write.entry === entry || held.peek(key) !== entry) return
    held.delete(key)
    // What others tell need not concern it: it may have been written with something else, all or nothing.
    tell({ type: write.entry ? 'set' : 'delete', key })
  }

  return {
    set(entries, told, since) {
      // A change under way was asked for during the load. Of one that was told nobody knows when it came, where the log could not be asked.
      if (told !== undefined && ((told && since === undefined) || entries.some(({ key }) => changes.has(key)))) return Promise.resolve()
      if (entries.some((entry) => !isUsable(entry, entry.createdAt))) return told ? Promise.resolve() : Promise.all(entries.map(({ key }) => remove(key, since))).then(() => {})
      const writes = entries.map((entry): Write<V> => ({ change: { type: 'set', key: entry.key }, entry, ...(since !== undefined && { since, decide: () => entry }) }))
      const saving = held.atOnce(() => {
        for (const { change, entry } of writes) {
          // The store knows which came first, and is asked from then on.
          if (told) memory.forget(change, true)
          else {
            // What has gone in cannot be taken back, so a `weigh` that throws fails the first alone.
            if (entry === entries[0]) memory.put(entry!)
            else memory.keep(entry!)
            memory.overtake(change)
          }
        }
        return save(writes)
      })
      if (!told) for (const { change } of writes) tell(change)
      return saving.then((saved) =>
        entries.forEach((entry, place) => {
          const write = writes[place]!
          if (told && saved && write.entry === entry) tell(write.change)
          drop(entry, write)
        }),
      )
    },

    remove: (key) => remove(key),

    removeAll: (what) => invalidate({ change: what }).then(() => {}),

    async change(key, decide, tags, renews) {
      let before = memory.peek(key)
      /** What the store does not have. */
      let local: Entry<V> | undefined
      const at = memory.now
      let fresh: Entry<V> | undefined
      /** Whether what comes of it is over at once. */
      let over = false
      const write: Write<V> = {
        change: { type: 'set', key },
        idle: !held.peek(key) && !decide(undefined),
        decide(stored) {
          local = before && unsaved.has(before) ? before : undefined
          const found = stored ?? local
          // Another tab may have written it while this page slept; what is made of it is then of that time too.
          const by = found && isFromFuture(found, at) ? memory.readClock() : at
          fresh = isFresh(found, by) ? found : undefined
          const next = decide(fresh)
          over = !!next && !isUsable(next, fresh ? by : at)
          return over ? undefined : (next ?? stored)
        },
      }
      // Storage that is left alone has no say: memory decides at once, so that nothing comes between, and it gets what comes of it.
      const alone = isAlone() && !changes.has(key)
      const looking: Looking<V> = changes.get(key) ?? { told: false, tags: [], left: before }
      looking.tags = tags && looking.tags?.concat(tags)
      looking.last = write
      changes.set(key, looking)
      memory.reads.delete(key)
      let saved = false
      let superseded = false
      try {
        saved = !alone && (await save([write]))
      } catch (error) {
        // It has gone from disk, as others are told.
        if (write.found && !held.peek(key)) tell({ type: 'delete', key })
        throw error
      } finally {
        superseded = changes.get(key) !== looking
        if (!superseded && looking.last === write) changes.delete(key)
      }
      if (!saved) {
        before = undefined
        write.found = superseded ? looking.left : memory.peek(key)
        write.entry = write.decide!(write.found)
      }
      looking.left = write.entry
      // What has come after it stays.
      if (!saved && superseded) return fresh
      const { found = local, entry } = write
      const next = entry === write.found && !over ? found : entry
      const changed = next !== found
      if (changed) {
        // What has come after it has overtaken what began before, and not what began since.
        if (!looking.overtaken) memory.overtakeFetches(write.change)
        // The store has it again, or what has come in its place.
        if (local) unsaved.delete(local)
      }
      // Where others have changed it too, and where a later change may find what this one has left and leave it so, the store is asked.
      if (saved && (looking.told || (changed && looking.last !== write))) {
        if (!superseded) held.delete(key)
      } else if (!superseded) {
        held.atOnce(() => {
          memory.follow(key, found, next, renews)
          const left = held.peek(key)
          if (left && !saved) unsaved.add(left)
        })
      }
      if (changed && alone) save([{ change: write.change, decide: () => next, entry: next }]).catch(() => {})
      // What has come after it was told already.
      if (changed && !looking.overtaken) tell({ type: next ? 'set' : 'delete', key })
      return fresh
    },

    async saveAgain(disk) {
      const at = memory.readClock()
      const since = disk.position
      const lost = [...held.entries()].map(([, entry]) => entry).filter((entry) => unsaved.has(entry) && isUsable(entry, at))
      const saveOne = async (entry: Entry<V>): Promise<void> => {
        // What was asked for meanwhile comes after it.
        const decide = (found: Entry<V> | undefined): Entry<V> | undefined => (held.peek(entry.key) !== entry || (found && found.createdAt > entry.createdAt) ? found : entry)
        const write: Write<V> = { change: { type: 'set', key: entry.key }, since, entry, decide }
        await disk.restore([write])
        unsaved.delete(entry)
        drop(entry, write)
      }
      await Promise.allSettled([disk.restore([]), ...lost.map(saveOne)])
    },
  }
}
