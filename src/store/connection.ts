// One connection per cache: opened at first need, given up as soon as another tab needs it gone, opened again when needed.
// Nobody waits longer than the time limit; a database that opens later is taken up then.

import { closedError, type CacheError } from '../errors.ts'
import { isStale, toCacheError } from './faults.ts'
import { complete, resultOf, type Work } from './requests.ts'
import { createSchema, ENTRIES, LOG } from './schema.ts'

/** How long any call may wait for the database to open or to go, ms. */
export const OPEN_TIME_LIMIT = 3_000

export interface Connection {
  /** Runs work in a transaction, and once more on a new handle if the old one proves dead. */
  run<T>(mode: 'readonly' | 'readwrite', work: Work<T>): Promise<T>
  /** Lets go of the database until it is needed again. */
  release(): void
  close(): void
}

/** @param onOpen called each time the database has opened, after a failure too */
export function createConnection(name: string, durability: IDBTransactionDurability, onOpen: () => void): Connection {
  let opening: Promise<IDBDatabase> | undefined
  let handle: IDBDatabase | undefined
  let failure: CacheError | undefined
  let closed = false

  const drop = (database = handle): void => {
    database?.close()
    if (handle === database) handle = opening = undefined
  }

  /** Takes up the database, also when it comes too late for those who asked for it. */
  const take = (database: IDBDatabase): IDBDatabase => {
    handle = database
    opening ??= Promise.resolve(database)
    database.onversionchange = database.onclose = () => drop(database)
    failure = undefined
    closed ? drop() : onOpen()
    return database
  }

  const open = async (): Promise<IDBDatabase> => {
    try {
      const request = indexedDB.open(name, 1)
      request.onupgradeneeded = () => createSchema(request.result)
      return await within(OPEN_TIME_LIMIT, resultOf(request).then(take))
    } catch (error) {
      opening = undefined
      throw (failure = toCacheError('open-failed', error))
    }
  }

  return {
    async run(mode, work) {
      for (let attempt = 1; ; attempt++) {
        if (closed) throw closedError()
        if (failure) throw failure
        const database = await (opening ??= open())
        try {
          return await complete(database.transaction([ENTRIES, LOG], mode, { durability }), work)
        } catch (error) {
          if (attempt > 1 || !isStale(error)) throw error
          drop(database)
        }
      }
    },
    release: () => drop(),
    close() {
      closed = true
      drop()
    },
  }
}

/** Rejects when a promise takes longer than so many ms. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DOMException(`no answer after ${ms} ms`, 'TimeoutError')), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
