// One connection per cache: opened when first needed, closed as soon as another tab needs that, opened again when needed. Faults
// are dealt with here, except for a full disk (write-queue.ts) and for single entries (write-all.ts, read-batch.ts). No call waits
// longer than the time limits; a database that opens later is used from then on.

import { closedError, type CacheError, type FaultPhase } from '../errors.ts'
import { setWeakTimeout } from '../weakly.ts'
import { createLimiter, within } from '../within.ts'
import { createBreaker, type Breaker, type Kind } from './breaker.ts'
import { nameOf, toCacheError } from './faults.ts'
import { complete, resultOf, type Work } from './requests.ts'
import { clearStores, createSchema, ENTRIES, LOG } from './schema.ts'

/** ms that any call may wait for the database to open, or to be deleted. */
export const OPEN_TIME_LIMIT = 3_000
/** ms that a transaction may take, unless its caller says otherwise. */
const TRANSACTION_TIME_LIMIT = 10_000
/** Length of the parts in which that time is counted, ms. */
const LIMIT_PART = 500
/** ms before each further try to open. */
const PAUSES = [50, 250, 1_000]

export interface Connection {
  readonly breaker: Breaker
  /**
   * Runs work in a transaction, and once more on a new handle if the connection is at fault.
   * @param calls how many it serves
   * @param limit ms that it may take, and one more for each call
   * @throws CacheError
   */
  run<T>(kind: Kind, work: Work<T>, calls?: number, limit?: number): Promise<T>
  /** @param isAway closes the handle, and again after each use, until called with false */
  release(isAway: boolean): void
  /** Refuses all calls from now on; the handle is closed when the database is deleted, or soon. */
  leave(): void
  close(): void
}

/** What a connection reports. */
export interface ConnectionWatcher {
  /** The database is being opened. */
  onOpening(): void
  /** The database has opened, for the first time or again. */
  onOpen(): void
  /** Site data was cleared, the database is being deleted, or the engine has closed it: the stored data may be gone. */
  onLost(): void
  /** The engine found the database damaged, and has begun an empty one. */
  onDamage(error: CacheError): void
  /** Storage is left alone because of a fault or, without one, works again. */
  onOutage(fault?: CacheError): void
  /** Time to try whether storage works again. */
  onProbe(): void
}

export function createConnection(name: string, durability: IDBTransactionDurability, watcher: Partial<ConnectionWatcher>): Connection {
  let opening: Promise<IDBDatabase> | undefined
  let handle: IDBDatabase | undefined
  let closed = false
  let away = false
  /** The handle whose indexes were checked; once, because that takes a tenth of a read in Firefox. */
  let whole: IDBDatabase | undefined
  const limiter = createLimiter(LIMIT_PART)
  const breaker = createBreaker(watcher.onOutage, watcher.onProbe)

  const drop = (database = handle): void => {
    database?.close()
    if (handle === database) handle = opening = whole = undefined
  }

  /** Uses an opened database, even if it comes too late for the calls that waited for it. */
  const adopt = (database: IDBDatabase): IDBDatabase => {
    if (closed || handle) {
      database.close()
      return handle ?? database
    }
    handle = database
    const lose = (): void => {
      drop(database)
      watcher.onLost?.()
    }
    database.onversionchange = ({ newVersion }) => {
      if (newVersion !== null) return drop(database)
      // It is being deleted. The rows go at once, however long another tab holds up the deletion.
      try {
        clearStores(database.transaction([ENTRIES, LOG], 'readwrite'))
      } catch {
        // A database without its object stores.
      }
      lose()
    }
    database.onclose = lose
    watcher.onOpen?.()
    if (breaker.fault?.fault?.phase === 'open') breaker.mend()
    return database
  }

  const request = (): Promise<IDBDatabase> => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = (event) => {
      createSchema(request.result)
      // Chromium's own property.
      const { dataLoss, dataLossMessage } = event as { readonly dataLoss?: string; readonly dataLossMessage?: string }
      if (dataLoss === 'total') watcher.onDamage?.(toCacheError('data-lost', dataLossMessage))
    }
    watcher.onOpening?.()
    return resultOf(request).then(adopt)
  }

  const tryToOpen = async (): Promise<IDBDatabase> => {
    for (let tries = 0; ; tries++) {
      try {
        return await request()
      } catch (cause) {
        const error = toCacheError('open-failed', cause, 'open')
        const again = error.fault!.class === 'heal' && tries < PAUSES.length
        if (again) await new Promise((resolve) => setTimeout(resolve, PAUSES[tries]))
        // Not after `close` either: that would create a database which was deleted meanwhile.
        if (!again || closed) throw error
      }
    }
  }

  const remove = async (): Promise<unknown> => within(OPEN_TIME_LIMIT, resultOf(indexedDB.deleteDatabase(name)))

  const stop = (): void => {
    closed = true
    breaker.stop()
    limiter.stop()
  }

  const open = (): Promise<IDBDatabase> =>
    within(OPEN_TIME_LIMIT, tryToOpen()).catch((cause) => {
      opening = undefined
      if (closed) throw closedError()
      throw breaker.trip(toCacheError('open-failed', cause, 'open'))
    })

  return {
    breaker,
    async run(kind, work, calls = 1, limit = TRANSACTION_TIME_LIMIT) {
      if (closed) throw closedError()
      const probes = breaker.admit(kind)
      for (let attempt = 1; ; attempt++) {
        const database = handle ?? (await (opening ??= open()))
        let transaction: IDBTransaction | undefined
        let phase: FaultPhase = 'transaction'
        try {
          transaction = database.transaction([ENTRIES, LOG], kind === 'read' ? 'readonly' : 'readwrite', { durability })
          // Its creation was cut off.
          if (database !== whole && transaction.objectStore(ENTRIES).indexNames.length < 2)
            throw new DOMException('no index', 'NotFoundError')
          whole = database
          phase = kind === 'read' ? kind : 'request'
          const result = await limiter.within(
            limit + calls,
            complete(transaction, work, () => (phase = 'commit')),
          )
          if (probes) breaker.mend()
          return result
        } catch (cause) {
          const error = toCacheError(kind === 'read' ? 'read-failed' : 'write-failed', cause, phase, { count: calls })
          const action = error.fault?.action
          try {
            // A transaction that does not answer is still open.
            transaction?.abort()
          } catch {
            // It has ended already.
          }
          if (closed) throw closedError()
          const isHandle = /memory|retried/.test(action!)
          if (isHandle) drop(database)
          if (probes && action === 'refused') breaker.again()
          if (attempt > 1 || action !== 'retried') throw isHandle ? breaker.trip(error) : error
          // A database without its object stores or indexes is created anew.
          if (phase === 'transaction' && nameOf(cause) === 'NotFoundError') await remove().catch(() => {})
        } finally {
          if (away) drop(database)
        }
      }
    },
    release(isAway) {
      if ((away = isAway)) drop()
    },
    leave() {
      stop()
      setWeakTimeout(drop, OPEN_TIME_LIMIT)
    },
    close() {
      stop()
      drop()
    },
  }
}
