// The README's cipher: where its key is kept, what happens where none can be, and what comes back.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { databaseNames, newIndexedDb, settled } from '../helpers/indexed-db.ts'
import { ENCODED, placeOf } from '../helpers/caches.ts'
import { aesGcm, secretOf } from './aes-gcm.ts'

const CONTEXT = { key: 'a', expiresAt: Infinity }

/** Whether what one key has encrypted can be decrypted with another. */
async function areTheSame(one: CryptoKey, two: CryptoKey): Promise<boolean> {
  const algorithm = { name: 'AES-GCM', iv: new Uint8Array(12) }
  const sealed = await crypto.subtle.encrypt(algorithm, one, new Uint8Array(5))
  return crypto.subtle.decrypt(algorithm, two, sealed).then(() => true, () => false)
}

it('the README shows this very code', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const source = readFileSync(join(import.meta.dirname, 'aes-gcm.ts'), 'utf8')
  const code = source.slice(source.indexOf('/**')).replaceAll('export ', '')
  expect(code).toMatch(/^\/\*\* Values as JSON[^]*secretOf[^]*\}\n$/)
  expect(readme.includes(code), 'README.md and aes-gcm.ts agree').toBe(true)
})

describe('the key', () => {
  it('is kept, and found again after a reload', async () => {
    expect(await areTheSame(await secretOf('a'), await secretOf('a'))).toBe(true)
    expect(await databaseNames()).toEqual(['secret of a'])
  })

  it('is another for another name', async () => {
    expect(await areTheSame(await secretOf('a'), await secretOf('b'))).toBe(false)
  })

  it('is one and the same for tabs that begin together', async () => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => secretOf('a')))
    for (const key of keys) expect(await areTheSame(keys[0]!, key)).toBe(true)
  })

  it('cannot be read out', async () => {
    const key = await secretOf('a')
    expect(key.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toMatchObject({ name: expect.stringMatching(/^InvalidAccess/) })
    await expect(crypto.subtle.exportKey('jwk', await secretOf('a'))).rejects.toMatchObject({ name: expect.stringMatching(/^InvalidAccess/) })
  })

  it('is gone with its database, and so is what it has encrypted', async () => {
    const stored = await aesGcm('a').encode('value', CONTEXT)
    await settled(indexedDB.deleteDatabase('secret of a'))
    await expect(aesGcm('a').decode(stored, CONTEXT)).rejects.toMatchObject({ name: 'OperationError' })
  })

  it('does not hold up the deletion of its database', async () => {
    await secretOf('a')
    await settled(indexedDB.deleteDatabase('secret of a'))
    expect(await databaseNames()).toEqual([])
  })
})

describe('where no key can be kept', () => {
  it.each<[string, () => void]>([
    ['there is no IndexedDB', () => void vi.stubGlobal('indexedDB', undefined)],
    ['the database does not open', () => void vi.spyOn(indexedDB, 'open').mockImplementation(() => { throw new DOMException('no', 'SecurityError') })],
    ['a key is no value for a record', () => void vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => { throw new DOMException('no', 'DataCloneError') })],
    ['it is put there and read back as null', () => {
      const { add } = IDBObjectStore.prototype
      vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(function (this: IDBObjectStore, _key, place) {
        return add.call(this, null, place)
      })
    }],
    ['something else lies in its place', () => void vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore) {
      return this.count() as IDBRequest
    })],
  ])('as %s, one serves for the life of the page', async (_why, damage) => {
    newIndexedDb()
    damage()
    try {
      const codec = aesGcm<string>('a')
      const stored = await codec.encode('value', CONTEXT)
      expect(await codec.decode(stored, CONTEXT)).toBe('value')
      // The next page has another one.
      await expect(aesGcm('a').decode(stored, CONTEXT)).rejects.toMatchObject({ name: 'OperationError' })
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('and there is no WebCrypto, as on pages without HTTPS, nothing is stored, and memory serves', async () => {
    const { open, reload, faults } = placeOf(ENCODED)
    vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes })
    const cache = open<string>({ codec: aesGcm('a') })
    await expect(cache.set('a', 'value')).rejects.toMatchObject({ code: 'codec-failed' })
    expect(await cache.get('a')).toBe('value')
    vi.unstubAllGlobals()
    expect(faults).toEqual(['codec-failed'])
    expect(await (await reload(cache)).get('a')).toBeUndefined()
  })
})

describe('a cache', () => {
  it.each([null, false, 0, '', 'häuser \u{1f600}', [1, [2]], { a: { b: null } }, JSON.parse('{"__proto__": {"admin": true}}')])('gives %j back after a reload', async (value) => {
    const { open, reload } = placeOf({ ...ENCODED, memory: 'none' })
    const cache = open<unknown>({ codec: aesGcm('a') })
    await cache.set('a', value)
    expect(await (await reload(cache, { codec: aesGcm('a') })).get('a')).toStrictEqual(value)
    newIndexedDb()
  })

  it('keeps keys apart that differ in a lone surrogate only', async () => {
    const codec = aesGcm('a')
    const stored = await codec.encode(1, { key: '\ud800', expiresAt: 5 })
    await expect(codec.decode(stored, { key: '\ud801', expiresAt: 5 })).rejects.toMatchObject({ name: 'OperationError' })
    await expect(codec.decode(stored, { key: '\ufffd', expiresAt: 5 })).rejects.toMatchObject({ name: 'OperationError' })
    expect(await codec.decode(stored, { key: '\ud800', expiresAt: 5 })).toBe(1)
  })
})
