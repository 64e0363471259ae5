// Reads of the two tiers. What was read from the store is copied to memory, unless a change has overtaken the read.

import { concerns, type Change } from './change.ts'
import type { TierStats } from './contract.ts'
import { isFresh, isUsable, type Entry } from './entry.ts'
import type { CacheErrorCode } from './errors.ts'
import type { MemoryTier } from './memory-tier.ts'
import type { Store } from './store/store.ts'

/** Until when a read may serve an entry, epoch ms. */
export type Limit = (entry: Entry<unknown>) => number

export interface Reads<V> {
  /** The usable entry that memory holds. Counts as a use, and in the statistics as served if `now` is within its limit. */
  fromMemory(key: string, now: number, limit: Limit): Entry<V> | undefined
  /** As `fromMemory`, from the store. The entry is copied to memory. */
  fromStore(key: string, now: number, limit: Limit): Promise<Entry<V> | undefined>
  /** What the store holds, copied to memory; does not count in the statistics. Only if there is a store. */
  fetch(key: string): Promise<Entry<V> | undefined>
  /** What either tier holds, not copied to memory; does not count in the statistics. */
  inspect(key: string): Promise<{ readonly entry: Entry<V> | undefined; readonly tier: 'memory' | 'store' }>
  /**
   * Every fresh entry of either tier, each once, as it is when its turn comes.
   * @param begin called at each step: reads the clock, and throws if the cache is closed
   */
  fresh(begin: () => number): AsyncIterable<Entry<V>>
}

/**
 * @param counts per tier
 * @param onLook called at each read of the store, which may hold something that can expire
 */
export function createReads<V>(
  memory: MemoryTier<V>,
  store: Store<V> | undefined,
  counts: Readonly<Record<'memory' | 'store', TierStats>>,
  onLook: () => void,
  report: (error: unknown, code: CacheErrorCode, key?: string) => void,
): Reads<V> {
  const { entries, reads } = memory

  const look = (key: string): Promise<Entry<V> | undefined> => {
    onLook()
    return store!.get(key).catch((error) => void report(error, 'read-failed', key))
  }

  const fetch = (key: string): Promise<Entry<V> | undefined> => {
    const current = reads.get(key)
    if (current) return current
    const read = look(key).then((entry) => {
      if (reads.get(key) === read) {
        reads.delete(key)
        if (isUsable(entry, memory.now)) memory.keep(entry)
      }
      return entry
    })
    reads.set(key, read)
    return read
  }

  const count = (entry: Entry<V> | undefined, at: number, limit: Limit, tier: TierStats): void => {
    tier[!entry || at >= limit(entry) ? 'misses' : isFresh(entry, at) ? 'hits' : 'stale']++
  }

  const inspect: Reads<V>['inspect'] = async (key) => {
    await memory.checking
    const held = entries.peek(key)
    // Another store does not announce changes by others: it may hold a newer entry than the stale one in memory.
    const stored = store && !isFresh(held, memory.now) ? await look(key) : undefined
    return held && !isFresh(stored, memory.now) ? { entry: held, tier: 'memory' } : { entry: stored, tier: 'store' }
  }

  return {
    fromMemory(key, at, limit) {
      const entry = entries.get(key)
      count(entry, at, limit, counts.memory)
      return entry
    },

    async fromStore(key, at, limit) {
      if (!store) return undefined
      const entry = await fetch(key)
      count(entry, at, limit, counts.store)
      return isUsable(entry, at) ? entry : undefined
    },

    fetch,

    inspect,

    async *fresh(begin) {
      begin()
      await memory.checking
      const seen = new Set<string>()
      for (const [key, entry] of entries.entries()) {
        if (!isFresh(entry, begin())) continue
        seen.add(key)
        yield entry
        await memory.checking
      }
      // The store reads ahead, so an entry may have changed since it was read.
      const watch: Change[] = []
      memory.watches.add(watch)
      try {
        for await (const found of store?.entries() ?? []) {
          const { key } = found
          if (seen.has(key)) continue
          // The page may have been away since it was read.
          await memory.checking
          let entry: Entry<V> | undefined = found
          const isChanged = (since: number): boolean =>
            (!since && !memory.watches.has(watch)) || watch.slice(since).some((change) => concerns(change, key, entry?.tags ?? []))
          for (let since = 0; isChanged(since);) {
            since = watch.length
            entry = (await inspect(key)).entry
          }
          if (isFresh(entry, begin())) yield entry
        }
      } catch (error) {
        report(error, 'read-failed')
      } finally {
        memory.watches.delete(watch)
      }
      // Throws if the cache was closed meanwhile, because then not everything was yielded.
      begin()
    },
  }
}
