// Records that cannot be read, or that no cache has written: a miss, and the record goes. Everything else is served as ever.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { databaseName } from '../../src/store/schema.ts'
import { inEntries, settled } from '../helpers/indexed-db.ts'
import { runs } from '../helpers/property.ts'
import type { Call, Rule } from './support/rule.ts'
import { collected, createSite, NAME, type Site, START } from './support/site.ts'

const DATABASE = databaseName(NAME, '')
const CORRUPT = { class: 'corrupt-entry', phase: 'read', action: 'removed' }

/** A page with nothing in memory, over entries `a`, `bad` and `z` (tag x) on disk. */
async function filled(): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite()
  await site.within(1_000, site.open<unknown>().setMany([['a', 1], ['bad', 2], ['z', 3]], { tags: ['x'] }))
  await site.crash()
  return { site, cache: await site.ready<unknown>() }
}

/** Whether a request reads the value of `bad`. Lists of keys read none. */
function readsBad({ operation, key, store }: Call): boolean {
  if (store !== 'entries') return false
  if (operation === 'get') return key === 'bad'
  return operation === 'getAll' && (!(key instanceof IDBKeyRange) || key.includes('bad'))
}

/** The value of `bad` cannot be read, as long as it is there. */
function unreadable(error: string, message = 'injected'): Rule {
  let there = true
  const when = (call: Call): boolean => {
    if (call.key === 'bad' && /put|delete/.test(call.operation)) there = false
    return there && readsBad(call)
  }
  return { operation: ['get', 'getAll', 'put', 'delete'], phase: 'request', when, error, message }
}

async function plantRecords(site: Site, records: readonly object[]): Promise<void> {
  globalThis.indexedDB = site.factory.base
  try {
    await inEntries(DATABASE, 'readwrite', async (entries) => {
      for (const record of records) await settled(entries.put(record))
    })
  } finally {
    globalThis.indexedDB = site.factory
  }
}

it.each([
  ['NotReadableError', 'Data lost due to missing file. Affected record should be considered irrecoverable'],
  ['DataError', 'Failed to read large IndexedDB value'],
  ['NotFoundError', 'Failed to read large IndexedDB value'],
])('F25: a record whose value is lost (%s) is a miss and goes from disk; others are served', async (error, message) => {
  const { site, cache } = await filled()
  const rule = site.factory.fail(unreadable(error, message))
  expect(await site.within(1_000, Promise.all(['a', 'bad', 'z'].map((key) => cache.get(key))))).toEqual([1, undefined, 3])
  await site.within(1_000, cache.flush())
  await site.pass(100)
  expect(Object.keys(await site.values())).toEqual(['a', 'z'])
  expect(site.reports).toEqual([{ code: 'read-failed', ...CORRUPT, count: 1 }])
  expect(site.errors[0]).toMatchObject({ key: 'bad', cause: { name: error } })
  expect(cache.status, 'storage is in order').toEqual({ persistence: 'indexeddb' })
  expect(rule.fired).toBeLessThanOrEqual(2)
  rule.end()
  await site.within(1_000, cache.set('bad', 'again'))
  expect(await site.within(1_000, (await site.reload<unknown>()).get('bad'))).toBe('again')
})

it.each<[call: string, run: (cache: Cache<unknown>) => Promise<unknown>, brings: unknown]>([
  ['has', (cache) => cache.has('bad'), false],
  ['info', (cache) => cache.info('bad'), undefined],
  ['expiresAt', (cache) => cache.expiresAt('bad'), undefined],
  ['add', (cache) => cache.add('bad', 'new'), true],
  ['update', (cache) => cache.update('bad', 'new'), undefined],
  ['touch', (cache) => cache.touch('bad', 60_000), false],
  ['take', (cache) => cache.take('bad'), undefined],
  ['delete', (cache) => cache.delete('bad'), false],
  ['getOrLoad', (cache) => cache.getOrLoad('bad', () => 'new'), 'new'],
])('F25: %s takes a record whose value is lost for missing', async (call, run, brings) => {
  const { site, cache } = await filled()
  site.factory.fail(unreadable('NotReadableError'))
  expect(await site.within(1_000, run(cache))).toEqual(brings)
  await site.within(1_000, cache.flush())
  const stored = call === 'add' || call === 'getOrLoad' ? 'new' : undefined
  expect(await site.within(1_000, cache.get('bad'))).toBe(stored)
  await site.within(1_000, cache.flush())
  expect(await site.values()).toEqual({ a: 1, z: 3, ...(stored && { bad: stored }) })
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
})

it('F25: an iteration over a page with a record whose value is lost gives all others, and the record goes', async () => {
  const { site, cache } = await filled()
  await plantRecords(site, Array.from({ length: 500 }, (_, place) => ({ key: `k${place}`, value: place, createdAt: START })))
  site.factory.fail(unreadable('NotReadableError'))
  const entries = new Map(await site.within(5_000, collected(cache.entries())))
  expect(entries.size).toBe(502)
  expect(entries.has('bad')).toBe(false)
  expect(entries.get('k499')).toBe(499)
  expect(await site.within(5_000, cache.size())).toBe(502)
  await site.within(1_000, cache.flush())
  await site.pass(100)
  expect(await site.values()).not.toHaveProperty('bad')
  for (const report of site.reports) expect(report).toMatchObject({ code: 'read-failed', ...CORRUPT })
  expect(site.factory.count('get'), 'one page is read one by one').toBeLessThan(450)
})

it('F25: a record that can be read again, or is another, when it is about to be deleted stays', async () => {
  const { site, cache } = await filled()
  const rule = site.factory.fail({ ...unreadable('NotReadableError'), times: 1 })
  expect(await site.within(1_000, cache.get('bad'))).toBeUndefined()
  await site.within(1_000, cache.flush())
  await site.pass(100)
  expect(rule.fired).toBe(1)
  expect(await site.values()).toEqual({ a: 1, bad: 2, z: 3 })
})

it('F25: a sweep that comes by a record whose value is lost ends, and the record goes', async () => {
  const { site, cache } = await filled()
  await site.within(1_000, cache.setMany([['bad', 2], ['long', 3]], { ttl: 3_600_000 }))
  const next = await site.reload<unknown>({ ttl: 10_000 })
  const rule = site.factory.fail(unreadable('NotReadableError'))
  expect(await site.within(1_000, next.sweep())).toBe(0)
  expect(rule.fired).toBeGreaterThan(0)
  expect(await site.values()).toEqual({ a: 1, long: 3, z: 3 })
  expect(next.status).toEqual({ persistence: 'indexeddb' })
})

it('F25: a sweep of more entries than it lists at once reads none of their values', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(10_000, cache.setMany(Array.from({ length: 3_200 }, (_, place) => [`k${place}`, place]), { ttl: 1_000 }))
  site.factory.fail({ operation: ['get', 'getAll'], phase: 'request', error: 'NotReadableError', when: ({ store, mode }) => store === 'entries' && mode === 'readwrite' })
  await site.pass(2_000)
  expect(await site.within(1_000, cache.sweep())).toBe(3_200)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
})

it('F25: many unreadable records are told in few reports, and no storm follows', async () => {
  const { site, cache } = await filled()
  const keys = Array.from({ length: 100 }, (_, place) => `k${place}`)
  await plantRecords(site, keys.map((key) => ({ key, value: 1, createdAt: START })))
  site.factory.fail({ operation: 'get', phase: 'request', error: 'NotReadableError', when: ({ key }) => String(key).startsWith('k') })
  expect(await site.within(2_000, cache.getMany(keys))).toEqual(new Map())
  await site.within(1_000, cache.flush())
  await site.pass(100)
  expect(Object.keys(await site.values())).toEqual(['a', 'bad', 'z'])
  expect(site.reports.reduce((sum, { count }) => sum + count, 0)).toBe(100)
  expect(site.factory.count('transaction')).toBeLessThan(20)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
})

const AT = START
const LONG = 2e13

const POISON: [what: string, record: object][] = [
  ['no value', { createdAt: AT }],
  ['no time of creation', { value: 1 }],
  ['words for a time', { value: 1, createdAt: AT, expiresAt: 'tomorrow' }],
  ['NaN for its expiry', { value: 1, createdAt: AT, expiresAt: NaN }],
  ['a Date for its expiry', { value: 1, createdAt: AT, expiresAt: new Date(AT + LONG) }],
  ['NaN for its freshness', { value: 1, createdAt: AT, staleAt: NaN }],
  ['null for its expiry', { value: 1, createdAt: AT, expiresAt: null }],
  ['freshness beyond its expiry', { value: 1, createdAt: AT, staleAt: AT + LONG, expiresAt: AT + LONG - 1 }],
  ['tags of one word', { value: 1, createdAt: AT, tags: 'x' }],
  ['tags that are none', { value: 1, createdAt: AT, tags: [1, null, {}] }],
  ['a window of words', { value: 1, createdAt: AT, staleIfError: 'long' }],
  ['a creation a day ahead', { value: 1, createdAt: AT + 86_400_000 }],
  ['a creation 61 s ahead', { value: 1, createdAt: AT + 61_000 }],
  ['a creation without end', { value: 1, createdAt: Infinity }],
]

it.each(POISON)('F39: a record with %s is a miss and goes from disk', async (_what, record) => {
  const { site, cache } = await filled()
  await plantRecords(site, [{ key: 'poison', ...record }])
  const looks = Promise.all([cache.get('poison'), cache.get('poison', { stale: true }), cache.has('poison'), cache.info('poison')])
  expect(await site.within(1_000, looks)).toEqual([undefined, undefined, false, undefined])
  expect(cache.peek('poison')).toBeUndefined()
  await site.within(1_000, cache.flush())
  await site.pass(100)
  expect(await site.values()).toEqual({ a: 1, bad: 2, z: 3 })
  for (const report of site.reports) expect(report).toMatchObject({ code: 'read-failed', ...CORRUPT })
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
})

it.each(POISON)('F39: a change finds nothing in a record with %s, and writes replace it', async (_what, record) => {
  const { site, cache } = await filled()
  await plantRecords(site, ['updated', 'touched', 'taken', 'added', 'loaded'].map((key) => ({ key, ...record })))
  const changes = [cache.update('updated', 1), cache.touch('touched', 1_000), cache.take('taken'), cache.add('added', 'new'), cache.getOrLoad('loaded', () => 'new')]
  expect(await site.within(1_000, Promise.all(changes))).toEqual([undefined, false, undefined, true, 'new'])
  await site.within(1_000, cache.flush())
  expect(await site.values()).toMatchObject({ added: 'new', loaded: 'new' })
  expect(await site.within(1_000, cache.getMany(['updated', 'touched', 'taken']))).toEqual(new Map())
  await site.within(1_000, cache.flush())
  expect(Object.keys((await site.values()))).toEqual(['a', 'added', 'bad', 'loaded', 'z'])
})

it('F39: an iteration leaves out poisoned records, and they go', async () => {
  const { site, cache } = await filled()
  await plantRecords(site, [...POISON.map(([what, record]) => ({ key: what, ...record })), { key: 7, value: 1, createdAt: AT }, { key: ['list'], value: 1, createdAt: AT }])
  expect((await site.within(1_000, collected(cache.keys()))).sort()).toEqual(['a', 'bad', 'z'])
  expect(await site.within(1_000, cache.size())).toBe(3)
  await site.within(1_000, cache.flush())
  await site.pass(100)
  const { records } = await site.disk()
  expect(records.map(({ key }) => key).filter((key) => typeof key === 'string')).toEqual(['a', 'bad', 'z'])
})

it.each<[what: string, run: (cache: Cache<unknown>) => Promise<unknown>, left: object]>([
  ['a sweep', (cache) => cache.sweep(), { a: 1 }],
  ['the bound', (cache) => cache.flush(), { a: 1 }],
  ['deleteTag', (cache) => cache.deleteTag('x'), { 7: 1, 8: 1, a: 1 }],
])('F39: records under keys that are no strings keep %s from nothing, and those that it comes by go', async (_what, run, left) => {
  const site = createSite()
  const cache = await site.ready<unknown>({ maxStoredEntries: 1 })
  await site.within(1_000, cache.set('a', 1))
  const record = { value: 1, createdAt: START }
  const keys = [5, 10, new Date(5), ['b'], ['c', 'd']]
  await plantRecords(site, keys.map((key) => ({ ...record, key, tags: ['x'], expiresAt: START + 1 })))
  await plantRecords(site, [8, 7].map((key) => ({ ...record, key })))
  await site.within(1_000, cache.set('b', 1, { tags: ['x'], ttl: 1 }))
  await site.pass(10)
  await site.within(1_000, run(cache))
  expect(await site.values()).toEqual(left)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(site.errors).toEqual([])
})

it('F39: a record that expires in the far future can still be removed, by key, prefix and tag', async () => {
  const { site, cache } = await filled()
  const far = { value: 1, createdAt: AT, expiresAt: 8.64e15 }
  await plantRecords(site, [{ key: 'p1', ...far }, { key: 'q1', ...far }, { key: 'r1', ...far, tags: ['far'] }])
  await site.within(1_000, cache.deletePrefix('p'))
  await site.within(1_000, cache.delete('q1'))
  await site.within(1_000, cache.deleteTag('far'))
  expect(await site.values()).toEqual({ a: 1, bad: 2, z: 3 })
})

it('F39: no record whatever makes a call throw, serves a value that is not its own, or harms its neighbours', async () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true })
  const junk = fc.oneof({ maxDepth: 2 }, anything, fc.constantFrom<unknown>(NaN, Infinity, -1, AT, AT + 1, AT + LONG, -AT, 0, null))
  const field = fc.option(junk, { nil: undefined })
  const record = fc.record({ value: field, createdAt: field, staleAt: field, expiresAt: field, staleWhileRevalidate: field, staleIfError: field, tags: field, more: field })
  const { site, cache } = await filled()
  const known = new Map<string, unknown>()
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), async (records) => {
      const planted = records.map((each, place) => ({ ...Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined)), key: `junk ${place}` }))
      const cloneable = planted.flatMap((each) => {
        try {
          return [structuredClone(each)]
        } catch {
          return []
        }
      })
      await plantRecords(site, cloneable)
      for (const each of cloneable) known.set(each.key, (each as { value?: unknown }).value)
      for (const { key } of cloneable) {
        const [value, info, loaded] = await site.within(2_000, Promise.all([cache.get(key), cache.info(key), cache.getOrLoad(key, () => 'loaded')]))
        if (value !== undefined) expect(value).toEqual(known.get(key))
        if (info) for (const time of [info.createdAt, info.staleAt, info.expiresAt]) expect(time).toBeTypeOf('number')
        if (loaded !== 'loaded') expect(loaded).toEqual(known.get(key))
      }
      expect(await site.within(2_000, cache.get('a'))).toBe(1)
      await site.within(5_000, cache.size())
      await site.within(5_000, cache.deletePrefix('junk'))
      expect((await site.disk()).records.map(({ key }) => key)).toEqual(['a', 'bad', 'z'])
    }),
    runs(60),
  )
})
