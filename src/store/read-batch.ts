// How records are read. Reads of one tick share one readonly transaction; while a sweep's transaction runs, they ride in it
// instead of waiting for its end. An iteration reads pages.

import type { Connection } from './connection.ts'
import { takeCorrupt, toCacheError } from './faults.ts'
import type { Log } from './log.ts'
import { createSlices, resultOf } from './requests.ts'

export interface ReadBatch {
  /**
   * The record of a key, or undefined.
   * @throws CacheError of class `corrupt-entry` for one that the engine cannot read
   */
  get(key: string): Promise<unknown>
  /** Every record once, in key order, but those that come after the call. */
  all(): AsyncIterable<Found>
  /** Issues the waiting reads in a transaction of somebody else; never rejects. */
  ride(entries: IDBObjectStore): Promise<unknown>
  /** Runs work during which reads wait for a ride; those left over get their own transaction. */
  host<T>(work: () => Promise<T>): Promise<T>
}

/** What lies under a key; no record where the engine cannot read it. */
export interface Found {
  readonly key: string
  readonly record?: unknown
}

/** Records, and keys, read at once by an iteration. */
const PAGE = 200
const KEYS_PAGE = 5_000

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
  const issue = async (entries: IDBObjectStore, reads: Read[]): Promise<unknown> => {
    const slices = createSlices()
    const found: Promise<unknown>[] = []
    for (const read of [...reads]) {
      const finding = resultOf(slices.add(entries.get(read.key))).then(read.resolve, (error) => {
        takeCorrupt(error)
        reads.splice(reads.indexOf(read), 1)
        read.reject(toCacheError('read-failed', error, 'read', { key: read.key }))
      })
      // What comes after it may throw first.
      finding.catch(() => {})
      found.push(finding)
      // At the end: the first read is to be asked for before the look at the log, which would keep it waiting.
      await slices.pause()
    }
    return Promise.all(found)
  }

  const ride = async (entries: IDBObjectStore): Promise<unknown> => {
    const reads = waiting.splice(0)
    try {
      return await issue(entries, reads)
    } catch {
      // For a transaction of their own; those that have been answered are so again, to no effect.
      if (waiting.push(...reads) === reads.length) flushSoon()
      return undefined
    }
  }

  const flush = (): void => {
    if (hosts || !waiting.length) return
    const reads = waiting.splice(0)
    connection
      .run('read', (entries) => Promise.all([issue(entries, reads), log.position ?? log.catchUp(entries.transaction)]), reads.length)
      .catch((error) => reads.forEach(({ reject }) => reject(error)))
  }

  // In browsers queueMicrotask takes a microsecond longer.
  const flushSoon = (): void => void Promise.resolve().then(flush)

  const get = (key: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (waiting.push({ key, resolve, reject }) === 1) flushSoon()
    })

  /** Records in key order. Where the engine cannot read one of them, they are read one by one. */
  const readPage = async (range: IDBKeyRange): Promise<readonly Found[]> => {
    let broken = false
    const page = await connection.run('read', async (entries): Promise<readonly Found[]> => {
      try {
        // Chromium ends a transaction in which a read has failed; the second try does not read.
        if (!broken) return (await resultOf(entries.getAll(range))).map((record) => ({ key: record.key, record }))
      } catch (error) {
        takeCorrupt(error)
        broken = true
      }
      return (await resultOf(entries.getAllKeys(range))).map((key) => ({ key: key as string }))
    })
    return broken ? Promise.all(page.map(({ key }) => get(key).then((record) => ({ key, record }), () => ({ key })))) : page
  }

  return {
    ride,
    get,
    async *all() {
      const keys = await connection.run('read', listKeys)
      while (keys.length) {
        const next = keys.splice(0, PAGE)
        const page = await readPage(IDBKeyRange.bound(next[0], next.at(-1)))
        // An app that adds entries meanwhile would never come to the end.
        yield* page.filter(({ key }) => next.includes(key))
      }
    },
    host(work) {
      hosts++
      return work().finally(() => {
        hosts--
        flush()
      })
    },
  }
}

async function listKeys(entries: IDBObjectStore): Promise<string[]> {
  const keys: string[] = []
  for (let range: IDBKeyRange | undefined; ; ) {
    const page = (await resultOf(entries.getAllKeys(range, KEYS_PAGE))) as string[]
    keys.push(...page)
    if (page.length < KEYS_PAGE) return keys
    range = IDBKeyRange.lowerBound(page.at(-1), true)
  }
}
