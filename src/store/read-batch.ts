// Reads of one tick share one readonly transaction. While a sweep's transaction runs, they ride in it instead of
// waiting for its end.

import type { Connection } from './connection.ts'
import { resultOf } from './requests.ts'

export interface ReadBatch {
  /** The record of a key, or undefined. */
  get(key: string): Promise<unknown>
  /** Issues the waiting reads in a transaction. */
  ride(entries: IDBObjectStore): void
  /** Runs work during which reads wait for a ride; those left over get their own transaction. */
  host<T>(work: () => Promise<T>): Promise<T>
}

interface Read {
  readonly key: string
  resolve(record: unknown): void
  reject(error: unknown): void
}

export function createReadBatch(connection: Connection): ReadBatch {
  const waiting: Read[] = []
  let hosts = 0

  const ride = (entries: IDBObjectStore): void => {
    for (const { key, resolve, reject } of waiting.splice(0)) resultOf(entries.get(key)).then(resolve, reject)
  }

  const flush = (): void => {
    if (hosts || !waiting.length) return
    connection.run('readonly', async (entries) => ride(entries)).catch((error) => waiting.splice(0).forEach(({ reject }) => reject(error)))
  }

  return {
    ride,
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
        flush()
      }
    },
  }
}
