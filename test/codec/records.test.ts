// What lies on disk under a cipher: nothing that can be read, and nothing that can be swapped, prolonged or put there by hand.

import { beforeEach, describe, expect, it } from 'vitest'
import type { Cache, CacheError, Codec } from '../../src/index.ts'
import { ALL_DECODED, collected, damageOnPurpose, NAME, placeOf, type Place } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { bound } from '../helpers/codecs.ts'
import { lookAtDisk, plant } from '../helpers/indexed-db.ts'
import { recorded } from '../helpers/log.ts'
import { aesGcm } from './aes-gcm.ts'

type Row = Readonly<Record<string, unknown>>

let place: Place
let errors: CacheError[]

beforeEach(() => {
  place = placeOf(ALL_DECODED)
  errors = []
})

function open(codec: Codec<any> = aesGcm('test')): Cache<unknown> {
  return place.open<unknown>({ codec, onError: (error) => void errors.push(error) })
}

const told = (): unknown[] => errors.map(({ code, key }) => [code, key])

async function rows(): Promise<Map<unknown, Row>> {
  return new Map((await lookAtDisk(NAME)).records.map((record) => [record['key'], record]))
}

/** Every text and byte in a value, as text. */
function textIn(value: unknown): string {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new TextDecoder('latin1').decode(value)
  return typeof value === 'object' && value !== null ? Object.entries(value).flat().map(textIn).join(' ') : String(value)
}

describe('on disk', () => {
  it('there is no value that could be read, in records or in the log', async () => {
    const cache = open()
    await cache.set('a', { iban: 'CONFIDENTIAL' }, { tags: ['x'] })
    await cache.update('a', ['CONFIDENTIAL'])
    await cache.setMany([['b', 'CONFIDENTIAL'], ['c', 'x'.repeat(1_000)]])
    await cache.getOrLoad('d', () => 'CONFIDENTIAL')
    await cache.flush()
    const left = textIn([[...(await rows()).values()], await recorded()])
    expect(left).not.toMatch(/CONFIDENTIAL|iban|xxxxxx/)
    // Keys and tags are what entries are found by, and lie open.
    expect((await rows()).get('a')).toMatchObject({ key: 'a', tags: ['x'] })
    expect(await cache.get('a')).toEqual(['CONFIDENTIAL'])
  })

  it('one value twice is not the same bytes twice', async () => {
    const cache = open()
    await cache.setMany([['a', 'same'], ['b', 'same']])
    const [a, b] = [...(await rows()).values()].map(({ value }) => textIn((value as { data: { data: unknown } }).data.data))
    expect(a).toHaveLength(b!.length)
    expect(a).not.toBe(b)
  })

  it('everything else is as it would be without: times, tags, indexes', async () => {
    const cache = open()
    const options = { ttl: 5, staleIfError: 5, tags: ['x'] }
    await cache.set('a', 1, options)
    const plain = place.open({ name: 'plain', codec: undefined as never })
    await plain.set('a', 1, options)
    const withoutValue = ({ records, expiry, tags }: Awaited<ReturnType<typeof lookAtDisk>>): unknown => ({ records: records.map(({ value: _, ...rest }) => rest), expiry, tags })
    expect(withoutValue(await lookAtDisk(NAME))).toEqual(withoutValue(await lookAtDisk('plain')))
  })

  it('the bound, tags, prefixes and expiry hold', async () => {
    const cache = place.open<number>({ codec: aesGcm('test'), maxStoredEntries: 3 })
    for (const number of [1, 2, 3, 4, 5]) await cache.set(`k${number}`, number, { ttl: number * SECOND, tags: [`t${number}`] })
    await cache.flush()
    expect([...(await rows()).keys()]).toEqual(['k3', 'k4', 'k5'])
    await cache.deleteTag('t4')
    expect(await collected(cache.values())).toEqual([3, 5])
    place.clock.advance(3 * SECOND)
    expect(await cache.sweep()).toBe(1)
    await cache.deletePrefix('k')
    expect(await lookAtDisk(NAME)).toMatchObject({ records: [], expiry: [], tags: [] })
  })
})

describe.each([['AES-GCM', () => aesGcm('test')], ['a codec that binds key and expiry', () => bound]] as const)('a record that was changed by hand, under %s', (_name, codecOf) => {
  it('the value of another key is a miss', async () => {
    const cache = open(codecOf())
    await cache.setMany([['role of ada', 'admin'], ['role of bob', 'guest']])
    const { value } = (await rows()).get('role of ada')!
    await plant(NAME, { ...(await rows()).get('role of bob'), value })
    expect(await cache.get('role of bob')).toBeUndefined()
    expect(await cache.get('role of ada')).toBe('admin')
    expect(told()).toEqual([['codec-failed', 'role of bob']])
  })

  it('a whole record under another key is a miss', async () => {
    const cache = open(codecOf())
    await cache.set('a', 1)
    await plant(NAME, { ...(await rows()).get('a'), key: 'b' })
    expect(await cache.get('b')).toBeUndefined()
    expect(await collected(cache.entries())).toEqual([['a', 1]])
    expect(told()).toEqual([['codec-failed', 'b'], ['codec-failed', 'b']])
  })

  it.each<[string, object]>([
    ['prolonged', { expiresAt: 8e15 }],
    ['shortened', { expiresAt: 1_700_000_000_001 }],
    ['made never to expire', { expiresAt: undefined }],
  ])('an expiry that was %s is a miss', async (_how, times) => {
    const cache = open(codecOf())
    await cache.set('a', 1, { ttl: SECOND })
    const record = { ...(await rows()).get('a'), ...times }
    if (record.expiresAt === undefined) delete record.expiresAt
    await plant(NAME, record)
    expect(await cache.get('a')).toBeUndefined()
    expect(told()).toEqual([['codec-failed', 'a']])
  })

  it('an older value of the key, of another expiry, is a miss', async () => {
    const cache = open(codecOf())
    await cache.set('a', 'old', { ttl: 5 * SECOND })
    const { value } = (await rows()).get('a')!
    await cache.set('a', 'new', { ttl: 9 * SECOND })
    await plant(NAME, { ...(await rows()).get('a'), value })
    expect(await cache.get('a')).toBeUndefined()
  })
})

it('AES-GCM: one bit that has flipped is a miss', async () => {
  const cache = open()
  await cache.set('a', 'value')
  const record = structuredClone((await rows()).get('a')) as { value: { data: { data: ArrayBuffer } } }
  new Uint8Array(record.value.data.data)[3]! ^= 1
  await plant(NAME, record)
  expect(await cache.get('a')).toBeUndefined()
  expect(told()).toEqual([['codec-failed', 'a']])
})

it('a record written without the codec is a miss', async () => {
  const before = place.open<unknown>({ codec: undefined as never })
  await before.set('a', { stamp: 'of approval' })
  const cache = await place.reload(before, { codec: bound, onError: (error) => void errors.push(error) })
  expect(await cache.get('a')).toBeUndefined()
  expect(told()).toEqual([['codec-failed', 'a']])
})

/** Values that no cache has written. */
const HOSTILE: readonly unknown[] = [
  null, 0, '', 'text', NaN, [], {}, [1, 2], new Date(NaN), new Map([['stamp', 1]]), new ArrayBuffer(8),
  { stamp: 1 }, { data: 1 }, { stamp: NaN, data: 1 }, { stamp: Infinity, data: 1 }, { stamp: null, data: null }, { stamp: 1n, data: 1 },
  { stamp: {}, data: {} }, { stamp: { valueOf: 1, toString: 1 }, data: [] }, { stamp: 1, data: { iv: 1, data: 2 } },
  { stamp: 1, data: { iv: new Uint8Array(12), data: new ArrayBuffer(0) } }, { stamp: 1, data: ['a', Infinity] },
  JSON.parse('{"__proto__": {"stamp": 1, "data": 1}, "constructor": 1}'),
]

describe.each([['AES-GCM', () => aesGcm('test')], ['a codec that binds key and expiry', () => bound]] as const)('a record of foreign make, under %s', (_name, codecOf) => {
  it.each(HOSTILE.map((value, number) => [number, value]))('is a miss to all, and makes way for what is set (%i)', async (_number, value) => {
    damageOnPurpose()
    const cache = open(codecOf())
    const { time } = place.clock
    await cache.get('nothing')
    const planted = (): Promise<void> => plant(NAME, ...['a', 'b', 'c', 'd', 'e'].map((key) => ({ key, value, createdAt: time })))
    await planted()
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.update('b', 1)).toBeUndefined()
    expect(await cache.touch('b', 1)).toBe(false)
    expect(await cache.take('c')).toBeUndefined()
    expect(await cache.delete('d')).toBe(false)
    expect(await cache.add('e', 'own')).toBe(true)
    expect(await cache.get('e')).toBe('own')
    expect(await collected(cache.entries())).toEqual([['e', 'own']])
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['codec-failed']))
    await planted()
    await cache.setMany([['a', 1], ['e', 2]])
    expect(await cache.getMany(['a', 'b', 'e'])).toEqual(new Map([['a', 1], ['e', 2]]))
    expect(await cache.add('a', 3)).toBe(false)
    await cache.clear()
  })
})
