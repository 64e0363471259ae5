// createCache on a real engine: what a reload finds again, how calls become transactions, what lies on disk.
// A reload is a new cache of the same name, or a new document in place of one that went without a word.

import { expect, onTestFinished, test, vi } from 'vitest'
import { ManualClock, MINUTE } from '../helpers/clock.ts'
import { contents, NAME, open, openReady, storedKeys } from './support/caches.ts'
import { openFrame } from './support/frame.ts'

test('a cache persists in IndexedDB and says so', async () => {
  const { cache, faults } = await openReady()
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(faults).toEqual([])
})

test('no database exists before the first call that needs one', async () => {
  open({ name: 'untouched' })
  const cache = open({ name: 'peeked' })
  expect(cache.peek('a')).toBeUndefined()
  expect(cache.stats().memory.size).toBe(0)
  expect(await indexedDB.databases()).toEqual([])
})

test('what was set is there after a reload: value, times and tags', async () => {
  const clock = new ManualClock()
  const first = open({ clock, ttl: MINUTE })
  await first.set('user', { name: 'Ada', langs: ['en'], seen: new Date(0) }, { tags: ['users', 'eu'], staleWhileRevalidate: 1_000 })
  await first.set('forever', null, { ttl: Infinity })
  await first.close()

  clock.advance(MINUTE - 1)
  const second = open({ clock })
  expect(second.peek('user')).toBeUndefined()
  expect(await second.get('user')).toEqual({ name: 'Ada', langs: ['en'], seen: new Date(0) })
  expect(await second.get('forever')).toBeNull()
  const start = clock.time - MINUTE + 1
  expect(await second.info('user')).toEqual({
    createdAt: start,
    staleAt: start + MINUTE,
    expiresAt: start + MINUTE + 1_000,
    tags: ['users', 'eu'],
    tier: 'memory',
  })
  expect(await second.expiresAt('forever')).toBe(Infinity)
})

test('get() after a reload gives nothing at staleAt, with { stale: true } nothing at expiresAt', async () => {
  const clock = new ManualClock()
  const first = open({ clock })
  await first.set('a', 1, { ttl: 1_000, staleWhileRevalidate: 500 })
  await first.close()

  clock.advance(1_000)
  const second = open({ clock })
  expect(await second.get('a')).toBeUndefined()
  expect(await second.get('a', { stale: true })).toBe(1)
  clock.advance(500)
  expect(await open({ clock }).get('a', { stale: true })).toBeUndefined()
})

test('a document that goes without a word leaves what it had set to the next one', async () => {
  const before = await openFrame()
  const cache = before.library.createCache<string>({ name: NAME })
  await cache.set('a', 'from the first document')
  before.remove()

  const after = await openFrame()
  expect(await after.library.createCache<string>({ name: NAME }).get('a')).toBe('from the first document')
  expect(await open<string>().get('a')).toBe('from the first document')
})

test('entries of another version are not read, and are there for their own version', async () => {
  const old = open<number>({ version: '1' })
  await old.set('a', 1)
  const recent = open<number>({ version: '2' })
  expect(await recent.get('a')).toBeUndefined()
  await recent.set('a', 2)
  await old.close()
  expect(await open<number>({ version: '1' }).get('a')).toBe(1)
})

test('iteration after a reload gives every fresh entry of both tiers once, over several pages of the store', async () => {
  const clock = new ManualClock()
  const first = open<number>({ clock })
  const keys = Array.from({ length: 450 }, (_, number) => `key ${number}`)
  await first.setMany(keys.map((key, number) => [key, number]))
  await first.set('expired', -1, { ttl: 1 })
  await first.close()

  clock.advance(1)
  const second = open<number>({ clock, maxEntries: 100 })
  await second.get('key 7')
  const memoryOnly = second.set('new', 450)
  const seen: [string, number][] = []
  for await (const entry of second.entries()) seen.push(entry)
  await memoryOnly
  expect(seen.toSorted((a, b) => a[1] - b[1])).toEqual([...keys, 'new'].map((key, number) => [key, number]))
  expect(await second.size()).toBe(451)
})

test('writes of one tick share a transaction, and so do those that come while it commits', async () => {
  const { cache } = await openReady<number>()
  const transactions = watchTransactions()
  const firsts = Array.from({ length: 50 }, (_, number) => cache.set(`first ${number}`, number))
  await new Promise((resolve) => setTimeout(resolve))
  const seconds = Array.from({ length: 50 }, (_, number) => cache.set(`second ${number}`, number))
  await Promise.all([...firsts, ...seconds])
  expect(transactions()).toEqual({ readwrite: 2 })
  expect(await storedKeys()).toHaveLength(100)
})

test('reads of one tick that memory cannot answer share a transaction', async () => {
  const first = open<number>()
  const keys = Array.from({ length: 50 }, (_, number) => `key ${number}`)
  await first.setMany(keys.map((key, number) => [key, number]))
  await first.close()
  const { cache } = await openReady<number>()
  const transactions = watchTransactions()
  expect(await Promise.all(keys.map((key) => cache.get(key)))).toEqual(keys.map((_, number) => number))
  expect(transactions()).toEqual({ readonly: 1 })
  expect(await cache.getMany(keys)).toEqual(new Map(keys.map((key, number) => [key, number])))
  expect(transactions()).toEqual({ readonly: 1 })
})

test('set() resolves once its transaction is complete, not before', async () => {
  const { cache } = await openReady<number>()
  const events: string[] = []
  const { transaction } = IDBDatabase.prototype
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
    const started = transaction.apply(this, args)
    started.addEventListener('complete', () => events.push('complete'))
    return started
  })
  onTestFinished(() => void vi.restoreAllMocks())
  await cache.set('a', 1).then(() => events.push('resolved'))
  expect(events).toEqual(['complete', 'resolved'])
})

test('of several writes of a key in one tick the last one lies on disk', async () => {
  const { cache } = await openReady<number>()
  void cache.set('a', 1)
  void cache.delete('a')
  void cache.set('a', 2)
  void cache.set('b', 1)
  await cache.delete('b')
  await cache.flush()
  expect((await contents()).rows).toEqual([expect.objectContaining({ key: 'a', value: 2 })])
})

test('large values come back whole', async () => {
  const text = 'häuser '.repeat(300_000)
  const bytes = new Uint8Array(8 * 1024 * 1024).map((_, index) => (index * 2_654_435_761) >>> 24)
  const first = open<string | Uint8Array>()
  await Promise.all([first.set('text', text), first.set('bytes', bytes)])
  await first.close()
  const second = open<string | Uint8Array>()
  expect((await second.get('text')) === text).toBe(true)
  const loaded = await second.get('bytes')
  expect(loaded).toBeInstanceOf(Uint8Array)
  expect(loaded).toHaveLength(bytes.length)
  expect(bytes.every((byte, index) => loaded?.[index] === byte)).toBe(true)
})

test('unusual keys are kept apart and found again', async () => {
  const keys = ['', ' ', '__proto__', 'constructor', 'a\0', 'a', 'A', 'é', 'e\u0301', '\u{1f600}', '\ud83d', '\ude00', '\uffff', 'x'.repeat(10_000)]
  const first = open<number>()
  await first.setMany(keys.map((key, number) => [key, number]))
  await first.close()
  expect(await storedKeys()).toEqual([...keys].sort())
  const second = open<number>()
  expect(await second.getMany(keys)).toEqual(new Map(keys.map((key, number) => [key, number])))
})

/** Counts transactions by mode from now on. */
function watchTransactions(): () => Record<string, number> {
  const spy = vi.spyOn(IDBDatabase.prototype, 'transaction')
  onTestFinished(() => spy.mockRestore())
  return () => {
    const counts: Record<string, number> = {}
    for (const [, mode = 'readonly'] of spy.mock.calls) counts[mode] = (counts[mode] ?? 0) + 1
    return counts
  }
}
