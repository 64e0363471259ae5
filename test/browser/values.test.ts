// What the structured clone of a real engine takes and refuses, and that no number which is none gets into the index.

import { expect, test } from 'vitest'
import { CacheError } from '../../src/index.ts'
import { contents, open, openReady, storedKeys } from './support/caches.ts'

const CLONEABLE: Readonly<Record<string, unknown>> = {
  null: null,
  false: false,
  zero: 0,
  'minus zero': -0,
  NaN: NaN,
  Infinity: Infinity,
  'empty string': '',
  'lone surrogate': '\ud800',
  bigint: 2n ** 70n,
  array: [1, [2, [3]]],
  'array with holes': [, 1, , 2],
  object: { a: { b: { c: null } }, undefined: undefined },
  '__proto__ of its own': JSON.parse('{"__proto__":{"polluted":true}}'),
  Date: new Date(1_234),
  'invalid Date': new Date(NaN),
  RegExp: /a+/gi,
  Map: new Map<unknown, unknown>([['a', 1], [{ b: 2 }, new Set([3])]]),
  Set: new Set([1, 'two', null]),
  ArrayBuffer: new Uint8Array([1, 2, 3]).buffer,
  Float64Array: new Float64Array([0.1, -0, NaN]),
  Error: new RangeError('too far'),
}

const UNCLONEABLE: Readonly<Record<string, () => unknown>> = {
  function: () => () => {},
  'object with a function': () => ({ deep: [{ handler() {} }] }),
  symbol: () => Symbol('s'),
  Promise: () => Promise.resolve(1),
  WeakMap: () => new WeakMap(),
  Response: () => new Response('body'),
  Request: () => new Request('/'),
  'DOM node': () => document.createElement('div'),
  Window: () => window,
  Proxy: () => new Proxy({}, {}),
  AbortSignal: () => new AbortController().signal,
}

test.each(Object.keys(CLONEABLE))('%s comes back equal after a reload', async (name) => {
  const first = open<unknown>()
  await first.set('key', CLONEABLE[name])
  await first.close()
  expect(await open<unknown>().get('key')).toStrictEqual(CLONEABLE[name])
})

test('a value that refers to itself comes back doing so', async () => {
  const value: { self?: unknown } = {}
  value.self = value
  const first = open<typeof value>()
  await first.set('key', value)
  await first.close()
  const loaded = await open<typeof value>().get('key')
  expect(loaded?.self).toBe(loaded)
})

test.each(Object.keys(UNCLONEABLE))('%s rejects its own caller, and neither the older value stays nor the neighbours go', async (name) => {
  const value = UNCLONEABLE[name]!()
  const { cache, faults } = await openReady<unknown>()
  await cache.set('bad', 'older')
  const results = await Promise.allSettled([cache.set('before', 1), cache.set('bad', value), cache.set('after', 2)])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const { reason } = results[1] as PromiseRejectedResult
  expect(reason).toBeInstanceOf(CacheError)
  expect(reason).toMatchObject({ code: 'not-cloneable', key: 'bad', cause: { name: 'DataCloneError' } })
  expect(faults.map(({ code, key }) => ({ code, key }))).toEqual([{ code: 'not-cloneable', key: 'bad' }])
  expect(cache.peek('bad')).toBe(value)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await storedKeys()).toEqual(['after', 'before'])
})

test('setMany() with one value that cannot be cloned stores none, and the rest of the batch is stored', async () => {
  const { cache } = await openReady<unknown>()
  const many = cache.setMany([['a', 1], ['b', () => {}], ['c', 3]])
  const single = cache.set('d', 4)
  await expect(many).rejects.toMatchObject({ code: 'not-cloneable' })
  await single
  expect(await storedKeys()).toEqual(['d'])
})

test('a getter that throws while it is cloned rejects its own caller', async () => {
  const { cache } = await openReady<unknown>()
  const bad = { get trap(): never { throw new Error('getter') } }
  const results = await Promise.allSettled([cache.set('bad', bad), cache.set('good', 1)])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(await storedKeys()).toEqual(['good'])
})

test.each([NaN, -1, -Infinity])('a ttl or window of %s is refused before anything is stored', async (ms) => {
  const { cache } = await openReady<number>({ ttl: 60_000 })
  await cache.set('old', 1)
  await expect(cache.set('a', 1, { ttl: ms })).rejects.toThrow(RangeError)
  await expect(cache.setMany([['b', 1]], { ttl: ms })).rejects.toThrow(RangeError)
  await expect(cache.add('c', 1, { staleWhileRevalidate: ms })).rejects.toThrow(RangeError)
  await expect(cache.touch('old', ms)).rejects.toThrow(RangeError)
  await expect(cache.getOrLoad('d', () => 1, { staleIfError: ms })).rejects.toThrow(RangeError)
  expect(() => open({ ttl: ms })).toThrow(RangeError)
  await cache.flush()
  expect(await storedKeys()).toEqual(['old'])
})

test('every ttl that is legal gives a row in the index, or none for never', async () => {
  const now = 1_700_000_000_000.25
  const { cache } = await openReady<number>({ clock: { now: () => now } })
  const ttls = [Infinity, Number.MAX_VALUE, 8.64e15, 2 ** 53, 1e12, 2 ** 31, 1_000.5, 1, 0.25]
  await Promise.all(ttls.map((ttl, place) => cache.set(`key ${place}`, place, { ttl })))
  await cache.set('zero', 0)
  await cache.set('zero', 0, { ttl: 0 })
  const { rows } = await contents()
  const times = rows.map((row) => ('expiresAt' in row ? row.expiresAt : 'never'))
  expect(times).toEqual(['never', 'never', 'never', 'never', ...[1e12, 2 ** 31, 1_000.5, 1, 0.25].map((ttl) => Math.ceil(now + ttl))])
})
