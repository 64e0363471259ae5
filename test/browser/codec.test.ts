// A codec on a real engine, with its own WebCrypto: the README's AES-GCM, whose key lies in IndexedDB beside the cache.

import { expect, onTestFinished, test, vi } from 'vitest'
import { aesGcm, secretOf } from '../codec/aes-gcm.ts'
import { ManualClock, SECOND } from '../helpers/clock.ts'
import { connect, contents, databaseName, databaseNames, done, NAME, open, openReady, type Row } from './support/caches.ts'
import { openFrame } from './support/frame.ts'

type Library = typeof import('../../src/index.ts')

const KEYS = Array.from({ length: 100 }, (_, number) => `key ${number}`)

/** Puts a row into the cache's database without the library. */
async function plant(row: object): Promise<void> {
  const connection = await connect(await databaseName())
  const transaction = connection.transaction('entries', 'readwrite')
  const ended = new Promise((resolve) => (transaction.oncomplete = resolve))
  await done(transaction.objectStore('entries').put(row))
  await ended
  connection.close()
}

async function rowOf(key: string): Promise<Row> {
  return (await contents()).rows.find((row) => row.key === key)!
}

test('what was set under AES-GCM comes back, to a cache that finds the key again', async () => {
  const first = open<unknown>({ codec: aesGcm('test') })
  await first.set('a', { iban: 'CONFIDENTIAL' }, { tags: ['x'], ttl: 60 * SECOND })
  expect(await first.update('a', { iban: 'CONFIDENTIAL', seen: null })).toEqual({ iban: 'CONFIDENTIAL' })
  await first.touch('a', 90 * SECOND)
  await first.close()
  const { rows } = await contents()
  const { iv, data } = (rows[0]!.value as { data: { iv: Uint8Array; data: ArrayBuffer } }).data
  expect(iv).toHaveLength(12)
  expect(data).toBeInstanceOf(ArrayBuffer)
  expect(new TextDecoder('latin1').decode(data)).not.toMatch(/CONFIDENTIAL|iban/)
  const second = open<unknown>({ codec: aesGcm('test') })
  expect(await second.get('a')).toEqual({ iban: 'CONFIDENTIAL', seen: null })
  expect(await second.info('a')).toMatchObject({ tags: ['x'] })
})

/** Runs in a document of its own, which has nothing but its arguments and its globals. */
async function visit({ createCache }: Library, codecOf: typeof aesGcm, name: string): Promise<unknown> {
  const codes: string[] = []
  addEventListener('securitypolicyviolation', ({ violatedDirective }) => codes.push(violatedDirective))
  const cache = createCache<number>({ name, codec: codecOf('test'), onError: ({ code }) => codes.push(code) })
  const found = await cache.get('visits')
  await cache.set('visits', (found ?? 0) + 1)
  await cache.close()
  const opening = indexedDB.open('secret of test')
  await new Promise((resolve) => (opening.onsuccess = resolve))
  const reading = opening.result.transaction('keys').objectStore('keys').get('key')
  await new Promise((resolve) => (reading.onsuccess = resolve))
  opening.result.close()
  const key = reading.result as CryptoKey
  const exports = await Promise.all((['raw', 'jwk'] as const).map((format) => crypto.subtle.exportKey(format, key).then(() => 'exported', ({ name }) => name)))
  return { found, codes, persistence: cache.status.persistence, extractable: key.extractable, exports }
}

test('a key that cannot be exported outlives its document, under a strict Content-Security-Policy', async () => {
  const script = `${secretOf}\n${aesGcm}\n(${visit})(bestbefore, aesGcm, ${JSON.stringify(NAME)}).then((seen) => parent.postMessage(seen, '*'), (error) => parent.postMessage(String(error), '*'))`
  const policy = `default-src 'self'; script-src 'self' 'nonce-suite'; require-trusted-types-for 'script'`
  for (const found of [undefined, 1, 2]) {
    const frame = await openFrame({ policy, script })
    expect(await frame.message).toEqual({ found, codes: [], persistence: 'indexeddb', extractable: false, exports: ['InvalidAccessError', 'InvalidAccessError'] })
    frame.remove()
  }
})

test('tabs that begin together agree on one key', async () => {
  const caches = [1, 2, 3].map(() => open<number>({ codec: aesGcm('test') }))
  await Promise.all(caches.map((cache, number) => cache.set(`of ${number}`, number)))
  for (const cache of caches) expect(await cache.getMany(['of 0', 'of 1', 'of 2'])).toEqual(new Map([['of 0', 0], ['of 1', 1], ['of 2', 2]]))
})

test('sets of one tick share a transaction, which begins when all are encrypted', async () => {
  const { cache } = await openReady<number>({ codec: aesGcm('test') })
  await cache.set('first', 0)
  const spy = vi.spyOn(IDBDatabase.prototype, 'transaction')
  onTestFinished(() => spy.mockRestore())
  await Promise.all(KEYS.map((key, number) => cache.set(key, number)))
  expect(spy.mock.calls.map(([, mode]) => mode)).toEqual(['readwrite'])
  spy.mockClear()
  await open<number>({ codec: aesGcm('test') }).getMany(KEYS)
  expect(spy.mock.calls.filter(([stores]) => Array.isArray(stores) && stores.includes('entries')).length).toBeLessThanOrEqual(2)
})

test('writes and reads of one tick keep their order, though encryption takes its time', async () => {
  const { cache } = await openReady<number>({ codec: aesGcm('test'), maxWeight: 1, weigh: () => 2 })
  const told = await Promise.all([
    cache.set('a', 1),
    cache.update('a', 2),
    cache.get('a'),
    cache.set('a', 3),
    cache.add('a', 4),
    cache.take('a'),
    cache.add('a', 5),
    cache.setMany(KEYS.map((key, number) => [key, number])),
    cache.deletePrefix('key 9'),
  ])
  expect(told[1]).toBe(1)
  expect(told.slice(3)).toEqual([undefined, false, 3, true, undefined, undefined])
  expect(await cache.get('a')).toBe(5)
  expect(await cache.size()).toBe(1 + 89)
})

test('of concurrent adds, takes and updates in several tabs none counts twice', async () => {
  const caches = Array.from({ length: 4 }, () => open<number>({ codec: aesGcm('test') }))
  await Promise.all(caches.map((cache) => cache.get('nothing')))
  for (const key of ['a', 'b', 'c']) {
    const won = await Promise.all(caches.map((cache, number) => cache.add(key, number)))
    expect(won.filter((each) => each)).toEqual([true])
    const told = await Promise.all(caches.map((cache, number) => cache.update(key, 10 + number)))
    const taken = await Promise.all(caches.map((cache) => cache.take(key)))
    const chain = [...told, ...taken.filter((value) => value !== undefined)].toSorted((one, two) => one! - two!)
    expect(chain).toEqual([won.indexOf(true), 10, 11, 12, 13])
  }
})

test('a value that was copied to another key, and an expiry that was prolonged, are misses', async () => {
  const clock = new ManualClock()
  const { cache, faults } = await openReady<string>({ codec: aesGcm('test'), clock, maxWeight: 1, weigh: () => 2 })
  await cache.setMany([['ada', 'admin'], ['bob', 'guest'], ['eve', 'guest']], { ttl: SECOND })
  await plant({ ...(await rowOf('bob')), value: (await rowOf('ada')).value })
  await plant({ ...(await rowOf('eve')), expiresAt: clock.time + 60 * SECOND })
  expect(await cache.getMany(['ada', 'bob', 'eve'])).toEqual(new Map([['ada', 'admin']]))
  expect(faults.map(({ code, key }) => `${code} ${key}`).toSorted()).toEqual(['codec-failed bob', 'codec-failed eve'])
})

test('a set that cannot be encrypted is refused alone, and leaves no older value', async () => {
  const { cache, faults } = await openReady<unknown>({ codec: aesGcm('test') })
  await cache.setMany([['a', 1], ['b', 1]])
  const circle: { self?: unknown } = {}
  circle.self = circle
  const [bad, good] = await Promise.allSettled([cache.set('a', circle), cache.set('b', 2)])
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'codec-failed', key: 'a', cause: expect.any(TypeError) } })
  expect(good.status).toBe('fulfilled')
  expect(faults).toHaveLength(1)
  expect((await contents()).rows.map(({ key }) => key)).toEqual(['b'])
  expect(await cache.get('a')).toBe(circle)
})

test('destroy() takes the data, and the key goes when the app says so', async () => {
  const { cache } = await openReady<number>({ codec: aesGcm('test') })
  const gone = new Promise((resolve) => {
    cache.subscribe(({ type }) => {
      if (type === 'destroy') resolve(done(indexedDB.deleteDatabase('secret of test')))
    })
  })
  await cache.set('a', 1)
  expect(await databaseNames('secret')).toEqual(['secret of test'])
  await cache.destroy()
  await gone
  expect(await databaseNames()).toEqual([])
})
