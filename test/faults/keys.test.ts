// Keys, tags and values that mean something to JavaScript or to nobody: each is itself, and changes no prototype.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runs } from '../helpers/property.ts'
import { collected, createSite, NO_TRANSACTIONS, rejection } from './support/site.ts'

const HOSTILE = [
  ...['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__', 'then', 'key', 'value', 'expiresAt', 'tags'],
  ...['', ' ', '\0', '\uffff', '\ud800', '\udfff', 'a\ud83d', '🧁', 'ä', 'a\u0308', '../x', '%00', 'x'.repeat(100_000)],
]

const anyUnits = fc.array(fc.nat(0xffff), { maxLength: 5 }).map((units) => String.fromCharCode(...units))
const anyKey = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 20 }), anyUnits)

const PLAIN = JSON.stringify(Object.getOwnPropertyNames(Object.prototype).sort())
const expectPrototypeIntact = (): void => {
  expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype).sort())).toBe(PLAIN)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
}

it('F38: any string is a key of its own, in memory, on disk and after a reload', async () => {
  const site = createSite()
  let cache = await site.ready<unknown>({ maxEntries: 5 })
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyKey, { minLength: 1, maxLength: 12 }), async (keys) => {
      await site.within(1_000, cache.clear())
      for (const key of keys) expect(await site.within(1_000, Promise.all([cache.get(key), cache.has(key), cache.info(key)]))).toEqual([undefined, false, undefined])
      expect(cache.peek(keys[0]!)).toBeUndefined()
      await site.within(1_000, cache.setMany(keys.map((key, place) => [key, place])))
      cache = await site.reload<unknown>({ maxEntries: 5 })
      expect([...(await site.within(1_000, cache.getMany(keys)))]).toEqual(keys.map((key, place) => [key, place]))
      expect(new Map(await site.within(1_000, collected(cache.entries())) as [string, unknown][])).toEqual(new Map(keys.map((key, place) => [key, place])))
      expect(await site.within(1_000, cache.update(keys[0]!, 'updated'))).toBe(0)
      expect(await site.within(1_000, cache.getOrLoad(keys[0]!, () => expect.fail('called')))).toBe('updated')
      expect(await site.within(1_000, cache.delete(keys[0]!))).toBe(true)
      expect(await site.within(1_000, cache.getMany(keys))).toEqual(new Map(keys.map((key, place) => [key, place] as const).slice(1)))
    }),
    runs(80),
  )
  expectPrototypeIntact()
})

it('F38: any string is a tag of its own', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyKey, { minLength: 2, maxLength: 6 }), async (tags) => {
      await site.within(1_000, cache.clear())
      for (const [place, tag] of tags.entries()) await site.within(1_000, cache.set(`k${place}`, place, { tags: [tag] }))
      await site.within(1_000, cache.deleteTag(tags[0]!))
      expect((await site.within(1_000, collected(cache.keys()))).sort()).toEqual(tags.map((_tag, place) => `k${place}`).slice(1))
    }),
    runs(40),
  )
  expectPrototypeIntact()
})

it('F38: a value with an own `__proto__` keeps it as it is, and no prototype changes', async () => {
  const names = fc.constantFrom('__proto__', 'constructor', 'prototype', 'polluted', 'a')
  const hostile = fc.dictionary(names, fc.oneof(fc.jsonValue(), fc.constant({ polluted: true })), { minKeys: 1, noNullPrototype: true })
  const site = createSite()
  let cache = await site.ready<unknown>()
  await fc.assert(
    fc.asyncProperty(hostile, async (plain) => {
      const own = JSON.parse('{"__proto__": {"polluted": true}, "n": 1}') as object
      for (const [key, value] of Object.entries(plain)) Object.defineProperty(own, key, { value, enumerable: true, configurable: true, writable: true })
      await site.within(1_000, cache.set('__proto__', own, { tags: ['__proto__'], ttl: 60_000 }))
      await site.within(1_000, cache.touch('__proto__', 70_000))
      cache = await site.reload<unknown>()
      const found = (await site.within(1_000, cache.get('__proto__'))) as object
      expect(Object.getPrototypeOf(found)).toBe(Object.prototype)
      expect(Object.getOwnPropertyNames(found).sort()).toEqual(Object.getOwnPropertyNames(own).sort())
      for (const key of Object.getOwnPropertyNames(own)) expect(Object.getOwnPropertyDescriptor(found, key)!.value, key).toEqual(Object.getOwnPropertyDescriptor(own, key)!.value)
      expect((await site.within(1_000, cache.info('__proto__')))?.tags).toEqual(['__proto__'])
    }),
    runs(60),
  )
  expectPrototypeIntact()
})

it('F38: what is owed and what is held while storage fails knows no magic keys either', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany(HOSTILE.map((key) => [key, 'old'])))
  site.factory.fail(NO_TRANSACTIONS)
  await rejection(site.within(1_000, cache.delete('__proto__')))
  for (const key of HOSTILE.slice(1, 9)) await site.within(0, cache.delete(key))
  for (const key of HOSTILE.slice(9)) await site.within(0, cache.set(key, 'new'))
  for (const key of HOSTILE) expect(await site.within(0, cache.get(key)), key).toBe(HOSTILE.indexOf(key) < 9 ? undefined : 'new')
  site.factory.heal()
  await site.pass(6_000)
  expect((await site.disk()).records.map(({ key, value }) => [key, value]).sort()).toEqual(HOSTILE.slice(9).map((key) => [key, 'new']).sort())
  expectPrototypeIntact()
})
