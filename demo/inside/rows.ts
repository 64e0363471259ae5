// Rows of a cache's database, counted by IndexedDB itself: a witness that is not the library. It reads what the README says
// of the layout, and makes no database that is not there.

const STORE = 'entries'

/** Names of the databases of a cache. */
export async function databasesOf(name: string): Promise<string[]> {
  const all = (await indexedDB.databases?.()) ?? []
  return all.flatMap((database) => (database.name?.startsWith(`bestbefore:${name.length}:${name}:`) ? [database.name] : []))
}

/** @param prefix of the keys to count */
export async function countRows(name: string, prefix = ''): Promise<number> {
  const counts = (await databasesOf(name)).map((database) => countIn(database, prefix))
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

function countIn(name: string, prefix: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name)
    // It has gone meanwhile.
    opening.onupgradeneeded = () => opening.transaction?.abort()
    opening.onerror = () => resolve(0)
    opening.onsuccess = () => {
      const database = opening.result
      database.onversionchange = () => database.close()
      try {
        const counting = database
          .transaction(STORE)
          .objectStore(STORE)
          .count(IDBKeyRange.bound(prefix, `${prefix}\uffff`))
        counting.onsuccess = () => resolve(counting.result)
        counting.onerror = () => reject(counting.error)
      } catch {
        resolve(0)
      }
      database.close()
    }
  })
}
