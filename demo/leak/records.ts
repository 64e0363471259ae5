// Looks into IndexedDB past the cache, as the browser's developer tools do.

/** The keys of all records of a cache, and what they and their values come to in characters. */
export async function listRecords(name: string, version: string): Promise<{ key: string; characters: number }[]> {
  const all = await indexedDB.databases()
  const found = all.find((each) => each.name?.includes(`:${name}:`) && each.name.endsWith(`:${version}`))?.name
  if (found === undefined) return []
  const database = await settled(indexedDB.open(found))
  try {
    if (!database.objectStoreNames.contains('entries')) return []
    const records: { key: string; value: string }[] = await settled(database.transaction('entries').objectStore('entries').getAll())
    return records.map(({ key, value }) => ({ key, characters: key.length + value.length }))
  } finally {
    database.close()
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
