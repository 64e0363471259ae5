// Removes expired entries, by `sweep` and in the background, and the data of versions that no cache uses any more. The timer of the
// background sweep runs only while something can expire.

import type { Locks } from './coherence/locks.ts'
import { deleteDatabase } from './store/databases.ts'
import type { IndexedDbStore } from './store/indexeddb-store.ts'
import type { Store, Swept } from './store/store.ts'
import { setWeakTimeout } from './weakly.ts'

/** What a sweeper works on, and reports to. */
export interface Kept {
  readonly store: Pick<Store<unknown>, 'sweep'> | undefined
  /** The store if tabs share it. */
  readonly disk: Pick<IndexedDbStore<unknown>, 'database' | 'position' | 'others' | 'sweep'> | undefined
  readonly locks: Locks
  /** Reads the clock. */
  now(): number
  /** Removes expired entries from memory. */
  sweepMemory(): Swept
  /** Whether a cache somewhere uses a database. */
  isUsed(database: string): Promise<boolean>
  /** Told how many entries have expired in the store. */
  onSwept(count: number): void
  /** Reports a fault, and throws it unless the cache runs on memory alone. */
  fail(error: unknown): void
}

export interface Sweeper {
  /** Starts the timer, if it does not run yet. */
  arm(): void
  /** Resolves to how many keys expired. */
  sweep(now: number): Promise<number>
  stop(): void
}

/** ms to wait for the lock manager to say whether a lock is free. */
const LOCK_TIME_LIMIT = 10_000

/** @param interval ms between sweeps in the background */
export function createSweeper(interval: number, { store, disk, locks, now, sweepMemory, isUsed, onSwept, fail }: Kept): Sweeper {
  let stopped = false
  /** Whether anything that can expire was added since the last background sweep began. */
  let armed = false
  let timer: ReturnType<typeof setTimeout> | undefined

  /**
   * In the background, one tab at a time sweeps the database. Locks of keys begin with the database's name, so this name is none of theirs.
   */
  const sweepInTurn = (at: number): Promise<Swept> =>
    locks.run(
      `sweep ${disk!.database}`,
      LOCK_TIME_LIMIT,
      async (lock) => (lock === null ? { keys: [], more: true } : disk!.sweep(at)),
      true,
    )

  const collect = async (): Promise<void> => {
    if (disk?.position === undefined) return
    for (const other of await disk.others()) if (!(await isUsed(other)) && !stopped) await deleteDatabase(other)
  }

  const sweep = async (at: number, background?: boolean): Promise<{ readonly count: number; readonly more: boolean | undefined }> => {
    // Its faults concern the databases of other versions only.
    void collect().catch(() => {})
    const swept = sweepMemory()
    const keys = new Set(swept.keys)
    let stored: Swept | undefined
    try {
      stored = await (background && disk ? sweepInTurn(at) : store?.sweep(at))
      stored?.keys.forEach((key) => keys.add(key))
      onSwept(stored?.keys.length ?? 0)
    } catch (error) {
      fail(error)
    }
    return { count: keys.size, more: swept.more || stored?.more }
  }

  const arm = (): void => {
    armed = true
    if (!stopped) timer ??= setWeakTimeout(run, interval)
  }

  const run = async (): Promise<void> => {
    armed = false
    const more = await sweep(now(), true).then(
      (swept) => swept.more,
      () => true,
    )
    timer = undefined
    // The sweep may have missed what was stored meanwhile.
    if (more || armed) arm()
  }

  return {
    arm,
    sweep: async (at) => (await sweep(at)).count,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
