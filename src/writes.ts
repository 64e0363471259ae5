// Writes of the two tiers. Memory changes in the call itself and the store follows. Where a write depends on what is there, the
// store decides and memory follows.

import type { Change } from './change.ts'
import type { TierStats } from './contract.ts'
import { createDecision, type Decide } from './decision.ts'
import { isFresh, isUsable, type Entry } from './entry.ts'
import type { Deciding, MemoryTier } from './memory-tier.ts'
import type { IndexedDbStore } from './store/indexeddb-store.ts'
import type { Store, Write } from './store/store.ts'

export interface Writes<V> {
  /**
   * Puts entries of one lifetime into both tiers, all or nothing in the store.
   * @param told only for entries of a load: whether another tab has announced a change of them since the load began
   * @param since where the log stood when the load began
   */
  set(entries: readonly Entry<V>[], told?: boolean, since?: number): Promise<void>
  /** Removes a key; resolves to the fresh entry that was there. */
  remove(key: string): Promise<Entry<V> | undefined>
  /**
   * Lets the store decide, or memory if there is none; then memory follows. Resolves to the fresh entry that was there.
   * @param tags of a new entry; absent if it keeps those that are there
   * @param renews whether it keeps the value, and so does not count as use
   */
  change(key: string, decide: Decide<V>, tags?: readonly string[], renews?: boolean): Promise<Entry<V> | undefined>
  removeAll(change: Change): Promise<void>
  /** Stores entries that memory has and the disk lacks. One that others have changed meanwhile is dropped from memory instead. */
  saveAgain(disk: IndexedDbStore<V>): Promise<unknown>
}

export interface Wiring<V> {
  readonly memory: MemoryTier<V>
  readonly store: Store<V> | undefined
  readonly counts: Readonly<Record<'memory' | 'store', TierStats>>
  /** Tells listeners of a change. They may use the cache, so this comes after everything that the call itself does. */
  tell(change: Change): void
  /** Reports a fault, and throws it unless the cache runs on memory alone. */
  fail(error: unknown): void
  /** Whether the cache runs on memory alone, for now at least. */
  isAlone(): boolean
}

export function createWrites<V>({ memory, store, counts, tell, fail, isAlone }: Wiring<V>): Writes<V> {
  const { entries: held, changes, unsaved } = memory

  /** Sends writes to the store; resolves to whether it took them. If it refuses, memory goes on serving what it has. */
  const save = async (writes: readonly Write<V>[]): Promise<boolean> => {
    try {
      if (!store) return false
      await store.write(writes)
      counts.store.writes += writes.length
      // If the key's older entry was evicted from disk meanwhile, that has marked the new one, which memory holds.
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

  /** @param first done in the same synchronous step */
  const invalidate = (write: Write<V>, first?: () => void): Promise<boolean> => {
    const saving = held.atOnce(() => {
      first?.()
      memory.forget([write.change], true)
      return save([write])
    })
    tell(write.change)
    return saving
  }

  const remove = async (key: string, since?: number): Promise<Entry<V> | undefined> => {
    const at = memory.now
    let before: Entry<V> | undefined
    const deciding = changes.get(key)
    const write: Write<V> = { change: { type: 'delete', key }, since, decide: () => undefined }
    const saved = await invalidate(write, () => (before = memory.peek(key)))
    const { found = before && unsaved.has(before) ? before : undefined } = saved ? write : { found: deciding ? deciding.left : before }
    return isFresh(found, at) ? found : undefined
  }

  /** Drops an entry from memory that the store has refused because of a later change. */
  const drop = (entry: Entry<V>, write: Write<V>): void => {
    const { key } = entry
    if (write.entry === entry || held.peek(key) !== entry) return
    held.delete(key)
    // No other event may tell of it: the later change may have been of another key that was to be written with this one.
    tell({ type: write.entry ? 'set' : 'delete', key })
  }

  /** Counts a write among those of its key that are being decided. */
  const begin = (key: string, write: Write<V>, tags: readonly string[] | undefined): Deciding<V> => {
    const deciding: Deciding<V> = changes.get(key) ?? { told: false, tags: [], left: memory.peek(key) }
    deciding.tags = tags && deciding.tags?.concat(tags)
    deciding.last = write
    changes.set(key, deciding)
    memory.reads.delete(key)
    return deciding
  }

  /** Brings memory in line with what was decided. */
  const follow = (
    key: string,
    found: Entry<V> | undefined,
    next: Entry<V> | undefined,
    renews: boolean | undefined,
    saved: boolean,
  ): void =>
    held.atOnce(() => {
      memory.follow(key, found, next, renews)
      const left = held.peek(key)
      if (left && !saved) unsaved.add(left)
    })

  return {
    set(entries, told, since) {
      // A load yields to a change under way, which was asked for later, and to one that others announced if the log could not be read.
      if (told !== undefined && ((told && since === undefined) || entries.some(({ key }) => changes.has(key)))) return Promise.resolve()
      if (entries.some((entry) => !isUsable(entry, entry.createdAt)))
        return told ? Promise.resolve() : Promise.all(entries.map(({ key }) => remove(key, since))).then(() => {})
      const writes = entries.map((entry): Write<V> => ({
        change: { type: 'set', key: entry.key },
        entry,
        ...(since !== undefined && { since, decide: () => entry }),
      }))
      const saving = held.atOnce(() => {
        for (const { change, entry } of writes) {
          // Only the store knows which came first, so reads ask it from now on.
          if (told) memory.forget([change], true)
          else {
            // A `weigh` that throws fails the call at the first entry only: entries already in memory cannot be taken back.
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
      const decision = createDecision(memory, key, decide)
      const { write } = decision
      // While storage is left alone, memory decides at once, so that nothing comes between. The outcome is passed to the store afterwards.
      const alone = isAlone() && !changes.has(key)
      const deciding = begin(key, write, tags)
      let saved = false
      let superseded = false
      try {
        saved = !alone && (await save([write]))
      } catch (error) {
        // The refused write has removed the entry from disk. Other tabs are told so; listeners here must be too.
        if (write.found && !held.peek(key)) tell({ type: 'delete', key })
        throw error
      } finally {
        superseded = changes.get(key) !== deciding
        if (!superseded && deciding.last === write) changes.delete(key)
      }
      if (!saved) decision.decideAlone(superseded ? deciding.left : memory.peek(key))
      deciding.left = write.entry
      const { found, fresh, next, local } = decision.outcome()
      // A later change stays.
      if (!saved && superseded) return fresh
      const changed = next !== found
      if (changed) {
        // If a later change has overtaken this one, it has also overtaken the fetches before it; those that began since must go on.
        if (!deciding.overtaken) memory.overtakeFetches(write.change)
        if (local) unsaved.delete(local)
      }
      // If others have changed the key too, or a later change may leave this entry in place, reads must ask the store.
      const unsure = saved && (deciding.told || (changed && deciding.last !== write))
      if (!superseded) {
        if (unsure) held.delete(key)
        else follow(key, found, next, renews, saved)
      }
      if (changed && alone) save([{ change: write.change, decide: () => next, entry: next }]).catch(() => {})
      // If a later change has overtaken this one, listeners have been told of that one.
      if (changed && !deciding.overtaken) tell({ type: next ? 'set' : 'delete', key })
      return fresh
    },

    async saveAgain(disk) {
      const at = memory.readClock()
      // If the log was never read, each entry yields to what is not older.
      const since = disk.position ?? -1
      const lost = [...held.entries()].map(([, entry]) => entry).filter((entry) => unsaved.has(entry) && isUsable(entry, at))
      const saveOne = async (entry: Entry<V>): Promise<void> => {
        // A change that was asked for meanwhile wins, and so does a newer entry on disk.
        const decide = (found: Entry<V> | undefined): Entry<V> | undefined =>
          held.peek(entry.key) !== entry || (found && found.createdAt > entry.createdAt) ? found : entry
        const write: Write<V> = { change: { type: 'set', key: entry.key }, since, entry, decide }
        await disk.restore([write])
        unsaved.delete(entry)
        drop(entry, write)
      }
      await Promise.allSettled([disk.restore([]), ...lost.map(saveOne)])
    },
  }
}
