// Reads of one tick share one readonly transaction. While a sweep's transaction runs, they ride in it instead of
// waiting for its end.

import type { Connection } from './connection.ts'
import { resultOf } from './requests.ts'

export interface ReadBatch {
  /** The record of a key, or undefined. */
  get(key: string): Promise<unknown>
  /** Runs work during which reads wait for {@link ReadBatch.ride}; those left over get their own transaction. */
  host<T>(work: () => Promise<T>): Promise<T>
  /** Issues the waiting reads in a transaction of somebody else. */
  ride(entries: IDBObjectStore): void
}

interface Read {
  readonly key: string
  resolve(record: unknown): void
  reject(error: unknown): void
}

export function createReadBatch(connection: Connection): ReadBatch {
  let waiting: Read[] = []
  let hosts = 0

  const flush = async (): Promise<void> => {
    if (hosts > 0 || waiting.length === 0) return
    const reads = waiting
    waiting = []
    try {
      await connection.run('readonly', async (entries) => issue(entries, reads))
    } catch (error) {
      for (const { reject } of reads) reject(error)
    }
  }

  return {
    get: (key) =>
      new Promise((resolve, reject) => {
        if (waiting.push({ key, resolve, reject }) === 1) queueMicrotask(flush)
      }),
    async host(work) {
      hosts++
      try {
        return await work()
      } finally {
        hosts--
        void flush()
      }
    },
    ride(entries) {
      issue(entries, waiting)
      waiting = []
    },
  }
}

function issue(entries: IDBObjectStore, reads: readonly Read[]): void {
  for (const { key, resolve, reject } of reads) resultOf(entries.get(key)).then(resolve, reject)
}
