// Removal in bulk on disk: by prefix, over every kind of string; by tag; of everything. Each case starts from a reload, so
// that the store alone tells what is left.

import { expect, test } from 'vitest'
import { contents, open, openReady, storedKeys } from './support/caches.ts'

/** Code units about which ranges go wrong: neighbours, the last one, halves of surrogate pairs. */
const KEYS = [
  '', '\0', 'a', 'a\0', 'aa', 'a\ud7ff', 'a\ud800', 'a\udbff\udfff', 'a\udfff', 'a\ue000', 'a\ufffe', 'a\uffff', 'a\uffff\uffff', 'a\uffff\uffffb', 'a\uffffa', 'b', 'ba',
  '\ud7ff', '\ud83d', '\ud83da', '\u{1f600}', '\u{1f600}a', '\u{1f601}', '\ud83e', '\udfff', '\udfffa', '\ue000', '\ufffe', '\ufffe\uffff', '\uffff', '\uffffa', '\uffff\uffff', '\uffff\uffffa',
]

test('the keys of the prefix test are all different', () => {
  expect(new Set(KEYS).size).toBe(KEYS.length)
})

test('deletePrefix() removes exactly the keys that start with the prefix', async () => {
  for (const prefix of [...KEYS, 'missing', 'a\uffff\uffff\uffff']) {
    const first = open<number>()
    await first.setMany(KEYS.map((key, number) => [key, number]))
    await first.close()
    const second = open<number>()
    await second.deletePrefix(prefix)
    expect(await storedKeys(), `after the prefix ${JSON.stringify(prefix)}`).toEqual(KEYS.filter((key) => !key.startsWith(prefix)).sort())
    await second.close()
  }
})

test('deletePrefix() counts from where it stands among the writes of its tick', async () => {
  const { cache } = await openReady<number>()
  await cache.set('a1', 1)
  void cache.set('a2', 2)
  const deleting = cache.deletePrefix('a')
  void cache.set('a3', 3)
  expect(await cache.getMany(['a1', 'a2', 'a3'])).toEqual(new Map([['a3', 3]]))
  await deleting
  await cache.flush()
  expect(await storedKeys()).toEqual(['a3'])
})

test('deleteTag() removes exactly the entries that have the tag', async () => {
  const tags = ['', 'a', 'ab', 'A', '\uffff', '\ud800', 'all']
  const first = open<number>()
  const keys = Array.from({ length: 2 ** tags.length }, (_, bits) => `key ${String(bits).padStart(3, '0')}`)
  const tagsOf = (bits: number) => tags.filter((_, place) => bits & (1 << place))
  await Promise.all(keys.map((key, bits) => first.set(key, bits, { tags: tagsOf(bits) })))
  await first.close()

  const { cache } = await openReady<number>()
  let left = keys.map((_, bits) => bits)
  for (const tag of tags) {
    await cache.deleteTag(tag)
    left = left.filter((bits) => !tagsOf(bits).includes(tag))
    expect(await storedKeys(), `after the tag ${JSON.stringify(tag)}`).toEqual(left.map((bits) => keys[bits]))
  }
  expect(await storedKeys()).toEqual(['key 000'])
})

test('set() replaces tags, update() and touch() keep them', async () => {
  const { cache } = await openReady<number>()
  for (const key of ['set', 'updated', 'touched']) await cache.set(key, 1, { ttl: 60_000, tags: ['old', 'old', 'other'] })
  await cache.set('set', 2, { tags: ['new'] })
  await cache.update('updated', 2)
  await cache.touch('touched', 90_000)
  const { rows, byTag } = await contents()
  expect(Object.fromEntries(rows.map(({ key, tags }) => [key, tags]))).toEqual({ set: ['new'], touched: ['old', 'other'], updated: ['old', 'other'] })
  expect(byTag.toSorted()).toEqual(['set', 'touched', 'touched', 'updated', 'updated'])
  await cache.deleteTag('old')
  expect(await storedKeys()).toEqual(['set'])
})

test('clear() leaves nothing on disk but what was set after it', async () => {
  const { cache } = await openReady<number>()
  await cache.setMany(Array.from({ length: 500 }, (_, number) => [`key ${number}`, number]), { ttl: 60_000, tags: ['all'] })
  const clearing = cache.clear()
  void cache.set('after', 1)
  await clearing
  await cache.flush()
  expect(await storedKeys()).toEqual(['after'])
})

test('delete(), deleteMany() and take() remove what only the disk knows, and tell what was fresh', async () => {
  const first = open<number>()
  await first.setMany([['a', 1], ['b', 2], ['c', 3], ['d', 4]])
  await first.close()
  const { cache } = await openReady<number>()
  expect(await cache.delete('a')).toBe(true)
  expect(await cache.delete('a')).toBe(false)
  expect(await cache.deleteMany(['a', 'b', 'b', 'nothing'])).toBe(1)
  expect(await cache.take('c')).toBe(3)
  expect(await cache.take('c')).toBeUndefined()
  expect(await storedKeys()).toEqual(['d'])
})
