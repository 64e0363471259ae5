// A page of the kill test: runs its lanes on a cache that all pages share, and tells each operation that has resolved. The next one
// of the lane waits until the test has noted it. After the crash, another page shows what lies on disk, without the library.

import { createCache, type Cache } from '../../src/index.ts'
import { databaseName } from '../../src/store/schema.ts'
import type { Note, OnDisk } from './judge.ts'
import { LIVES, operationOf, valueOf, type Operation } from './plan.ts'

type Value = ReturnType<typeof valueOf>

const NAME = 'crash'

/** Notes that the test has yet to confirm. */
const waiting = new Map<string, () => void>()

const page = {
  /** Runs lanes from an operation each, for ever. */
  async run(seed: number, lanes: Readonly<Record<string, number>>): Promise<void> {
    const cache = openCache()
    await Promise.all(Object.entries(lanes).map(([lane, first]) => runLane(cache, seed, lane, first)))
  },

  confirm(lane: string): void {
    const resolve = waiting.get(lane)
    waiting.delete(lane)
    resolve?.()
  },

  /** What lies on disk; undefined where there is no database. */
  async look(): Promise<OnDisk | undefined> {
    const request = indexedDB.open(databaseName(NAME, ''))
    let fresh = false
    request.onupgradeneeded = () => (fresh = true) && request.transaction?.abort()
    const database = await done(request).catch((error) => {
      if (fresh) return undefined
      throw error
    })
    if (!database) return undefined
    const transaction = database.transaction(['entries', 'changes'])
    const entries = transaction.objectStore('entries')
    const [records, byExpiry, byTag, changes] = await Promise.all([
      done(entries.getAll()),
      indexRows(entries.index('expiresAt')),
      indexRows(entries.index('tags')),
      done(transaction.objectStore('changes').getAll()),
    ])
    database.close()
    const rows = records.map(({ key, value, createdAt, expiresAt, tags = [] }) => {
      return { key, n: value?.n, intact: JSON.stringify(value) === JSON.stringify(valueOf(key, value?.n)), createdAt, expiresAt, tags }
    })
    return { rows, byExpiry, byTag, changes: changes.map(({ id, changes }) => ({ id, count: changes?.length })), marks: Object.keys(localStorage), now: Date.now() }
  },

  /** What the library reads of these keys, by number of operation, and whether it can still write, read and remove. */
  async use(keys: readonly string[]): Promise<{ found: Record<string, number>; works: unknown[]; faults: string[] }> {
    const faults: string[] = []
    const cache = openCache(faults)
    const found = Object.fromEntries([...(await cache.getMany(keys))].map(([key, { n }]) => [key, n]))
    const value = valueOf('probe', 0)
    await cache.set('probe', value)
    const works = [await cache.get('probe').then((got) => got?.n), await cache.delete('probe'), await cache.get('probe'), await cache.size(), cache.status.persistence]
    await cache.close()
    return { found, works, faults }
  },
}

export type CrashPage = typeof page

function openCache(faults: string[] = []): Cache<Value> {
  return createCache<Value>({
    name: NAME,
    sweepInterval: 400,
    onError(error) {
      faults.push(`${error}`)
      tell({ fault: `${error}` })
    },
  })
}

async function runLane(cache: Cache<Value>, seed: number, lane: string, first: number): Promise<void> {
  for (let n = first; ; n++) {
    const began = Date.now()
    const error = await perform(cache, operationOf(seed, lane, n)).catch((reason: unknown) => `operation ${n} of ${lane}: ${reason}`)
    if (error !== undefined) return tell({ fault: String(error) })
    const noted = new Promise<void>((resolve) => waiting.set(lane, resolve))
    tell({ lane, n, began, ended: Date.now() })
    await noted
  }
}

async function perform(cache: Cache<Value>, { n, method, names, life, tags }: Operation): Promise<void> {
  const ttl = LIVES[life]
  const options = { tags, ...(ttl !== undefined && { ttl }) }
  const pairs = names.map((key) => [key, valueOf(key, n)] as const)
  const [name] = names as [string]
  switch (method) {
    case 'set':
    case 'sets':
      await Promise.all(pairs.map(([key, value]) => cache.set(key, value, options)))
      break
    case 'setMany':
      await cache.setMany(pairs, options)
      break
    case 'add':
      await cache.add(name, valueOf(name, n), options)
      break
    case 'update':
      await cache.update(name, valueOf(name, n))
      break
    case 'deletes':
      await cache.deleteMany(names)
      break
    case 'sweep':
      await cache.sweep()
      break
    case 'take':
    case 'delete':
    case 'deletePrefix':
    case 'deleteTag':
      await cache[method](name)
  }
}

/** Reaches the test after what it tells of has happened, or never. */
function tell(note: Note): void {
  ;(globalThis as unknown as { acknowledge(text: string): void }).acknowledge(JSON.stringify(note))
}

async function indexRows(index: IDBIndex): Promise<[IDBValidKey, string][]> {
  const rows: [IDBValidKey, string][] = []
  const request = index.openKeyCursor()
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const cursor = request.result
      if (!cursor) return resolve(rows)
      rows.push([cursor.key, cursor.primaryKey as string])
      cursor.continue()
    }
  })
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

Object.assign(globalThis, { page })
