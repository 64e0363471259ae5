// The bound on entries on disk. It holds after a flush or a sweep; between them it is exceeded by a tenth and a hundred, and by what
// one tick writes.

import { resultOf } from './requests.ts'

export interface Bound {
  /** Counts writes. A read is none of them, but makes the bound one that is to be held. */
  count(writes: number): void
  /** Given the entries in the transaction of each commit. */
  look(entries: IDBObjectStore): void
  /** Holds the bound, however little was written. */
  hold(): Promise<void>
  /** The same where anything was written since; waits for what is being trimmed. */
  flush(): Promise<void>
  /** Resolves when nothing is being trimmed; never rejects. */
  settled(): Promise<void>
}

/** @param trim removes what is above the bound */
export function createBound(bound: number, trim: () => Promise<void>): Bound {
  /** Writes since the bound was last held, one more for what other pages have left; undefined while nobody has used the database. */
  let written: number | undefined
  let trimming: Promise<void> | undefined
  /** The one look at what other pages have left. */
  let looking: Promise<unknown> | undefined

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
    // A fault shows in the next flush or sweep, which does the same again.
    if (written >= 100 + bound / 10) hold().catch(() => {})
  }

  return {
    hold,
    count,
    // Pages that write little and soon go would each add to what those before have left.
    look: (entries) =>
      (looking ??= resultOf(entries.count()).then(
        (stored) => count(Math.max(0, stored - bound)),
        () => (looking = undefined),
      )),
    async flush() {
      // What is being trimmed may fail, and is then to be trimmed again.
      if (!written) await settled()
      await (written ? hold() : trimming)
    },
    settled,
  }
}
