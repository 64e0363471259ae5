// The databases of a cache name: lists them, and deletes one.

import { within } from '../within.ts'
import { createConnection, OPEN_TIME_LIMIT } from './connection.ts'
import { nameOf } from './faults.ts'
import { resultOf } from './requests.ts'
import { clearStores, databasePrefix } from './schema.ts'

/** The databases of a name, in every data version; if the engine cannot list them, the one given. */
export async function databasesOf(name: string, database: string): Promise<readonly string[]> {
  const all = indexedDB.databases ? await within(OPEN_TIME_LIMIT, indexedDB.databases()) : [{ name: database }]
  return all.map((each) => each.name!).filter((each) => each.startsWith(databasePrefix(name)))
}

/**
 * Clears a database and deletes it. One that is still in use elsewhere is left empty, and is deleted when the last connection closes.
 *
 * @param cleared whether it is empty already
 */
export async function deleteDatabase(database: string, cleared?: boolean): Promise<void> {
  const connection = createConnection(database, 'relaxed', {})
  const isEmpty = await connection
    .run('delete', async ({ transaction }) => clearStores(transaction))
    .then(
      () => true,
      () => cleared,
    )
  connection.close()
  const request = indexedDB.deleteDatabase(database)
  const gone = within(OPEN_TIME_LIMIT, Promise.race([resultOf(request), new Promise((resolve) => (request.onblocked = resolve))]))
  await gone.catch((error) => {
    // An empty one is deleted when the frozen tab that has it open wakes.
    if (!isEmpty || nameOf(error) !== 'TimeoutError') throw error
  })
}
