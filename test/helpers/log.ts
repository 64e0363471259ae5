// The log of changes as it lies on disk, looked at and filled through connections of its own.

import type { Change } from '../../src/index.ts'
import { createSchema } from '../../src/store/schema.ts'
import { databaseNames, newIndexedDb, settled } from './indexed-db.ts'

export interface LogRecord {
  readonly id: number
  readonly changes: readonly Change[]
}

export const set = (key: string): Change => ({ type: 'set', key })
export const del = (key: string): Change => ({ type: 'delete', key })
export const EVERYTHING: Change = { type: 'deletePrefix', prefix: '' }

/** Runs work on the log of a database; by default of the only one. */
export async function inLog<T>(work: (log: IDBObjectStore) => T | Promise<T>, database?: string): Promise<T> {
  const connection = await settled(indexedDB.open(database ?? (await databaseNames())[0]!))
  try {
    const transaction = connection.transaction('changes', 'readwrite')
    const completed = new Promise<void>((resolve) => (transaction.oncomplete = () => resolve()))
    const result = await work(transaction.objectStore('changes'))
    await completed
    return result
  } finally {
    connection.close()
  }
}

export function recorded(): Promise<LogRecord[]> {
  return inLog((log) => settled(log.getAll()))
}

/**
 * A database, the only one, whose log the test fills by hand: records of these numbers, one change of the key `k<id>` each.
 *
 * @returns runs work on the log
 */
export async function logOf(...ids: unknown[]): Promise<(work: (log: IDBObjectStore) => Promise<void>) => Promise<void>> {
  newIndexedDb()
  const request = indexedDB.open('by hand', 1)
  request.onupgradeneeded = () => createSchema(request.result)
  ;(await settled(request)).close()
  await inLog((log) => {
    log.clear()
    for (const id of ids) log.put({ id, changes: [set(`k${String(id)}`)] })
  }, 'by hand')
  return (work) => inLog(work, 'by hand')
}
