// How records are read. Reads of one tick share one readonly transaction; while a sweep's transaction runs, they are issued in that one
// instead of waiting for its end. An iteration reads page by page.

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
  /** Every record once, in key order, without those added after the call. */
  all(): AsyncIterable<Found>
  /** Issues the waiting reads in the given transaction, which was begun for other work; never rejects. */
  ride(entries: IDBObjectStore): Promise<unknown>
  /** Runs work during which reads wait for `ride`; those left over get a transaction of their own. */
  host<T>(work: () => Promise<T>): Promise<T>
}

/** A key and its record, which is absent if the engine cannot read it. */
export interface Found {
  readonly key: string
  readonly record?: unknown
}

/** Records, and keys, that an iteration reads at once. */
const PAGE = 200
const KEYS_PAGE = 5_000

interface Read {
  readonly key: string
  resolve(record: unknown): void
  reject(error: unknown): void
}

/** @param log read in the first transaction, so that every later change of what was read can be noticed */
export function createReadBatch(connection: Connection, log: Log): ReadBatch {
  const waiting: Read[] = []
  let hosts = 0

  /**
   * Issues reads; one whose record cannot be read is rejected and taken out. In Chromium that ends the transaction, which is tried again.
   */
  const issue = async (entries: IDBObjectStore, reads: Read[]): Promise<unknown> => {
    const slices = createSlices()
    const found: Promise<unknown>[] = []
    for (const read of [...reads]) {
      const finding = resultOf(slices.add(entries.get(read.key))).then(read.resolve, (error) => {
        takeCorrupt(error)
        reads.splice(reads.indexOf(read), 1)
        read.reject(toCacheError('read-failed', error, 'read', { key: read.key }))
      })
      // It is awaited later; another may reject first.
      finding.catch(() => {})
      found.push(finding)
      // Pauses after the request, not before: the first read must not queue behind that of the log.
      await slices.pause()
    }
    return Promise.all(found)
  }

  const ride = async (entries: IDBObjectStore): Promise<unknown> => {
    const reads = waiting.splice(0)
    try {
      return await issue(entries, reads)
    } catch {
      // They get a transaction of their own. Those that were answered already are answered again, without effect.
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

  /** Records in key order. If the engine cannot read one of them, they are read one by one. */
  const readPage = async (range: IDBKeyRange): Promise<readonly Found[]> => {
    let broken = false
    const page = await connection.run('read', async (entries): Promise<readonly Found[]> => {
      try {
        // In Chromium a failed read ends the transaction, so the second try lists keys only.
        if (!broken) return (await resultOf(entries.getAll(range))).map((record) => ({ key: record.key, record }))
      } catch (error) {
        takeCorrupt(error)
        broken = true
      }
      return (await resultOf(entries.getAllKeys(range))).map((key) => ({ key: key as string }))
    })
    return broken
      ? Promise.all(
          page.map(({ key }) =>
            get(key).then(
              (record) => ({ key, record }),
              () => ({ key }),
            ),
          ),
        )
      : page
  }

  return {
    ride,
    get,
    async *all() {
      const keys = await connection.run('read', listKeys)
      while (keys.length) {
        const next = keys.splice(0, PAGE)
        const page = await readPage(IDBKeyRange.bound(next[0], next.at(-1)))
        // Only those listed: an app that adds entries as it iterates would never come to the end.
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
  for (let range: IDBKeyRange | undefined; ;) {
    const page = (await resultOf(entries.getAllKeys(range, KEYS_PAGE))) as string[]
    keys.push(...page)
    if (page.length < KEYS_PAGE) return keys
    range = IDBKeyRange.lowerBound(page.at(-1), true)
  }
}
