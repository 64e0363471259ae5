// The bound on entries on disk. It holds after a flush or a sweep; in between it may be exceeded by a tenth and a hundred entries,
// and by what one tick writes.

import { resultOf } from './requests.ts'

export interface Bound {
  /** Counts writes. Called with 0 for a read, after which `flush` enforces the bound too. */
  count(writes: number): void
  /** Called in the transaction of each commit. */
  inspect(entries: IDBObjectStore): void
  /** Enforces the bound, however little was written. */
  hold(): Promise<void>
  /** The same, but only if something was written since it was last enforced. Waits for a trim under way. */
  flush(): Promise<void>
  /** Resolves when no trim is under way; never rejects. */
  settled(): Promise<void>
}

/** @param trim removes entries over the bound */
export function createBound(bound: number, trim: () => Promise<void>): Bound {
  /**
   * Writes since the bound was last enforced, and at first one more, for what other pages have left; undefined until the database is used.
   */
  let written: number | undefined
  let trimming: Promise<void> | undefined
  /** The one count of what other pages have left. */
  let counting: Promise<unknown> | undefined

  const hold = (): Promise<void> => {
    written = 0
    trimming = trim().catch((error: unknown) => {
      written ||= 1
      throw error
    })
    return trimming
  }

  const settled = async (): Promise<void> => trimming?.catch(() => {})

  const count = (writes: number): void => {
    written = (written ?? 1) + writes
    // A fault will show in the next flush or sweep, which trims again.
    if (written >= 100 + bound / 10) hold().catch(() => {})
  }

  return {
    hold,
    count,
    // Without it, each page that writes little and soon goes would leave a few entries too many.
    inspect: (entries) =>
      (counting ??= resultOf(entries.count()).then(
        (stored) => count(Math.max(0, stored - bound)),
        () => (counting = undefined),
      )),
    async flush() {
      // If a trim under way fails, it is done again.
      if (!written) await settled()
      await (written ? hold() : trimming)
    },
    settled,
  }
}
