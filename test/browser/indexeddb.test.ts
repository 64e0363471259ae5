// What the store relies on, asked of the engine itself. It also proves that the suite runs in the engine it names.

import { afterEach, expect, inject, test } from 'vitest'
import { commands } from 'vitest/browser'
import type { EngineName } from './engines.ts'

const NAME = 'indexeddb-test'

/** What only this engine says of itself: Chromium also calls itself Safari, and both like Gecko. */
const USER_AGENT: Record<EngineName, RegExp> = {
  chromium: /Chrome\/\d+/,
  'chromium-sqlite': /Chrome\/\d+/,
  firefox: /Gecko\/.*Firefox\/\d+/,
  webkit: /^(?!.*Chrome).*AppleWebKit\/.*Safari\//,
}

/** A file that only this backend keeps. Chromium's flag for the newer one may go away, and would go unseen. */
const DATABASE_FILE: Record<EngineName, RegExp> = {
  chromium: /\.indexeddb\.leveldb\/\d+\.log$/,
  'chromium-sqlite': /IndexedDB\/http_127\.0\.0\.1_\d+\/[A-Z0-9]+$/,
  firefox: /http\+{3}127\.0\.0\.1\+\d+\/idb\/[^/]+\.sqlite$/,
  webkit: /IndexedDB\.sqlite3$/,
}

let open: IDBDatabase | undefined

afterEach(async () => {
  open?.close()
  open = undefined
  await done(indexedDB.deleteDatabase(NAME))
})

test('the engine that runs is the one the project names', () => {
  expect(navigator.userAgent).toMatch(USER_AGENT[inject('engine')])
})

test('the page is a secure context with storage, locks and channels', () => {
  expect(isSecureContext).toBe(true)
  expect(navigator.locks.request).toBeTypeOf('function')
  expect(BroadcastChannel).toBeTypeOf('function')
  expect(crypto.randomUUID()).toHaveLength(36)
})

test('databases lie on disk in the backend that the project names', async () => {
  await openStore()
  // Asked again while it fails: other files come and go in the engine's home meanwhile.
  await expect.poll(() => commands.databaseFiles()).toContainEqual(expect.stringMatching(DATABASE_FILE[inject('engine')]))
})

test('an upper bound on the expiresAt index takes in the bound, not entries after it, nor entries without expiresAt', async () => {
  const store = await openStore()
  store.put({ key: 'before', expiresAt: 1_000 })
  store.put({ key: 'at', expiresAt: 2_000 })
  store.put({ key: 'after', expiresAt: 2_001 })
  store.put({ key: 'never' })
  const expired = await done(store.index('expiresAt').getAllKeys(IDBKeyRange.upperBound(2_000)))
  expect(expired).toEqual(['before', 'at'])
  expect(await done(store.index('expiresAt').count())).toBe(3)
})

test('string keys sort by UTF-16 code units', async () => {
  const store = await openStore()
  // By code points the emoji (U+1F600) would come after U+FF5E; its first code unit is 0xD83D.
  const keys = ['', 'A', 'B', 'a', 'a\0', 'aa', 'é', '\u{1f600}', '\uff5e', '\uffff']
  for (const key of keys.toReversed()) store.put({ key })
  expect(await done(store.getAllKeys())).toEqual(keys)
  expect([...keys].sort()).toEqual(keys)
})

test('put() of a value that cannot be cloned throws a DataCloneError at once and the transaction lives on', async () => {
  const store = await openStore()
  expect(() => store.put({ key: 'bad', value: () => {} })).toThrow(expect.objectContaining({ name: 'DataCloneError' }))
  store.put({ key: 'good', value: 1 })
  expect(await done(store.getAllKeys())).toEqual(['good'])
})

test('a range delete removes exactly the keys within the range', async () => {
  const store = await openStore()
  for (const key of ['a', 'b', 'b1', 'c', 'd']) store.put({ key })
  store.delete(IDBKeyRange.bound('b', 'c'))
  expect(await done(store.getAllKeys())).toEqual(['a', 'd'])
})

test('what a transaction committed is there when the database is opened again', async () => {
  const store = await openStore()
  store.put({ key: 'kept', value: { nested: [1, new Date(0)] } })
  const { transaction } = store
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve
    transaction.onabort = () => reject(transaction.error)
    transaction.commit()
  })
  open?.close()
  const again = await openStore()
  expect(await done(again.get('kept'))).toEqual({ key: 'kept', value: { nested: [1, new Date(0)] } })
})

/** The store `entries` of the test's database, in a new readwrite transaction. */
async function openStore(): Promise<IDBObjectStore> {
  const request = indexedDB.open(NAME, 1)
  request.onupgradeneeded = () => {
    request.result.createObjectStore('entries', { keyPath: 'key' }).createIndex('expiresAt', 'expiresAt')
  }
  open = await done(request)
  return open.transaction('entries', 'readwrite').objectStore('entries')
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
