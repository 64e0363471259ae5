// Reads of one tick share one readonly transaction. While a sweep's transaction runs, they ride in it instead of
// waiting for its end.

import type { Connection } from './connection.ts'
import { classOf, toCacheError } from './faults.ts'
import type { Log } from './log.ts'
import { resultOf } from './requests.ts'

export interface ReadBatch {
  /**
   * The record of a key, or undefined.
   * @throws CacheError of class `corrupt-entry` for one that the engine cannot read
   */
  get(key: string): Promise<unknown>
  /** Issues the waiting reads in a transaction of somebody else; never rejects. */
  ride(entries: IDBObjectStore): Promise<unknown>
  /** Runs work during which reads wait for a ride; those left over get their own transaction. */
  host<T>(work: () => Promise<T>): Promise<T>
}

interface Read {
  readonly key: string
  resolve(record: unknown): void
  reject(error: unknown): void
}

/** @param log looked at by the first of the transactions, so that nothing is read of which it is not known what changes it */
export function createReadBatch(connection: Connection, log: Log): ReadBatch {
  const waiting: Read[] = []
  let hosts = 0

  /** Takes those out that the engine cannot read: Chromium ends a transaction in which a read has failed, and the next one is without them. */
  const issue = (entries: IDBObjectStore, reads: Read[]): Promise<unknown> =>
    Promise.all(
      // One that throws rejects, too.
      reads.map(async (read) =>
        resultOf(entries.get(read.key)).then(read.resolve, (error) => {
          if (classOf('read', error) !== 'corrupt-entry') throw error
          reads.splice(reads.indexOf(read), 1)
          read.reject(toCacheError('read-failed', error, 'read', { key: read.key }))
        }),
      ),
    )

  const ride = async (entries: IDBObjectStore): Promise<unknown> => {
    const reads = waiting.splice(0)
    try {
      return await issue(entries, reads)
    } catch {
      // For a transaction of their own; those that have been answered are so again, to no effect.
      if (waiting.push(...reads) === reads.length) queueMicrotask(flush)
      return undefined
    }
  }

  const flush = (): void => {
    if (hosts || !waiting.length) return
    const reads = waiting.splice(0)
    connection
      .run('read', (entries, records) => Promise.all([issue(entries, reads), log.position ?? log.catchUp(records)]), reads.length)
      .catch((error) => reads.forEach(({ reject }) => reject(error)))
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
