// What a failed write meant to change is owed: hidden at once, done first when storage is back, and, by a marker in
// localStorage, known to the next page. A page without the marker trusts the disk.

import { expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { databaseName } from '../../src/store/schema.ts'
import { Network } from '../coherence/support/channel.ts'
import { plant } from '../helpers/indexed-db.ts'
import { collected, createSite, NAME, NO_TRANSACTIONS, NO_WRITES, type Site } from './support/site.ts'

const DATABASE = databaseName(NAME, '')

/** A cache over `a`, `b` (tag x) and `p1` on disk and in memory. */
async function filled(localStorage = true): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite({ localStorage })
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany([['a', 'old'], ['b', 'old'], ['p1', 'old']], { tags: ['x'] }))
  await site.within(1_000, cache.set('stays', 'old'))
  return { site, cache }
}

const CHANGES: [call: string, run: (cache: Cache<unknown>) => Promise<unknown>, hidden: string[]][] = [
  ['set', (cache) => cache.set('a', 'new'), ['a']],
  ['set with ttl 0', (cache) => cache.set('a', 'new', { ttl: 0 }), ['a']],
  ['setMany', (cache) => cache.setMany([['a', 'new'], ['b', 'new']]), ['a', 'b']],
  ['take', (cache) => cache.take('a'), ['a']],
  ['delete', (cache) => cache.delete('a'), ['a']],
  ['deleteMany', (cache) => cache.deleteMany(['a', 'b']), ['a', 'b']],
  ['deletePrefix', (cache) => cache.deletePrefix('p'), ['p1']],
  ['deleteTag', (cache) => cache.deleteTag('x'), ['a', 'b', 'p1']],
  ['clear', (cache) => cache.clear(), ['a', 'b', 'p1', 'stays']],
]

/** None of the keys gives what was there before. */
async function expectNotOld(site: Site, cache: Cache<unknown>, keys: string[]): Promise<void> {
  for (const key of keys) {
    expect(await site.within(6_000, cache.get(key)), key).not.toBe('old')
    expect(await site.within(6_000, cache.get(key, { stale: true })), key).not.toBe('old')
  }
  for (const [key, value] of await site.within(6_000, collected(cache.entries()))) if (keys.includes(key)) expect(value, key).not.toBe('old')
}

it.each(CHANGES)('%s that fails rejects, hides the older value at once, and it does not come back while the page lives', async (_call, run, hidden) => {
  for (const fault of [NO_WRITES, NO_TRANSACTIONS]) {
    const { site, cache } = await filled()
    const rule = site.factory.fail(fault)
    const [end] = await site.within(1_000, Promise.allSettled([run(cache)]))
    expect(end).toMatchObject({ status: 'rejected', reason: { name: 'CacheError', code: 'write-failed' } })
    await expectNotOld(site, cache, hidden)
    rule.end()
    await expectNotOld(site, cache, hidden)
    await site.pass(6_000)
    await expectNotOld(site, cache, hidden)
    const values = await site.values()
    for (const key of hidden) expect(values[key], `${key} on disk`).not.toBe('old')
    expect(site.storage.size, 'nothing is owed').toBe(0)
    const next = await site.reload<unknown>()
    await expectNotOld(site, next, hidden)
    if (!hidden.includes('stays')) expect(await site.within(1_000, next.get('stays')), 'what was not concerned is kept').toBe('old')
  }
})

it.each(CHANGES)('%s that fails, then a reload: the next page does not see the older value, and clears it', async (_call, run, hidden) => {
  for (const fault of [NO_WRITES, NO_TRANSACTIONS]) {
    const { site, cache } = await filled()
    site.factory.fail(fault)
    await site.within(1_000, Promise.allSettled([run(cache)]))
    expect([...site.storage.keys()], 'the marker').toEqual([DATABASE])
    await site.crash()
    site.factory.heal()
    const next = site.open<unknown>()
    await expectNotOld(site, next, hidden)
    await site.within(1_000, next.set('after', 1))
    await site.within(1_000, next.flush())
    const values = await site.values()
    for (const key of hidden) expect(values[key], `${key} on disk`).not.toBe('old')
    expect(values['after']).toBe(1)
    expect(site.storage.size, 'nothing is owed').toBe(0)
  }
})

it('storage that is still broken on the next page: the older value stays hidden there, and on the one after', async () => {
  const { site, cache } = await filled()
  site.factory.fail(NO_WRITES)
  await site.within(1_000, Promise.allSettled([cache.delete('a')]))
  for (let page = 0; page < 3; page++) {
    const next = await site.reload<unknown>()
    await expectNotOld(site, next, ['a'])
    expect([...site.storage.keys()]).toEqual([DATABASE])
    await expectNotOld(site, next, ['a'])
  }
  site.factory.heal()
  const last = await site.reload<unknown>()
  await expectNotOld(site, last, ['a'])
  await site.within(1_000, last.set('a', 'new'))
  expect(await site.within(1_000, (await site.reload<unknown>()).get('a'))).toBe('new')
  expect(site.storage.size).toBe(0)
})

it('a database that does not open on this page: what was set and removed here is not overtaken by the disk on the next', async () => {
  const { site } = await filled()
  const cache = await site.reload<unknown>()
  site.factory.fail({ operation: 'open', phase: 'request' })
  await site.within(3_000, cache.delete('a'))
  await site.within(0, cache.set('b', 'new'))
  await site.crash()
  site.factory.heal()
  await expectNotOld(site, site.open<unknown>(), ['a', 'b'])
})

it('no marker is set while all is well, nor for a write that its own value has failed', async () => {
  const { site, cache } = await filled()
  const set = vi.spyOn(localStorage, 'setItem')
  await site.within(1_000, cache.set('a', 'new'))
  await site.within(1_000, Promise.allSettled([cache.set('b', () => {})]))
  await site.within(1_000, Promise.all([cache.delete('a'), cache.clear(), cache.flush()]))
  expect(set).not.toHaveBeenCalled()
  expect(site.storage.size).toBe(0)
})

it('what a cache that has been closed meanwhile was to discard is not owed', async () => {
  const { site, cache } = await filled()
  await plant(NAME, { key: 'foreign', value: 1, createdAt: 'never' })
  site.factory.fail({ operation: 'get', phase: 'late', after: 20, when: ({ key }) => key === 'foreign' })
  const getting = cache.get('foreign')
  await site.pass(10)
  await site.within(1_000, cache.close())
  expect(await site.within(1_000, getting)).toBeUndefined()
  expect(site.storage.size).toBe(0)
  const next = await site.reload<unknown>()
  expect(await site.within(1_000, next.get('stays'))).toBe('old')
})

it('a write that waits as another tab destroys the data is not owed', async () => {
  const { site } = await filled()
  new Network().install()
  const one = await site.ready<unknown>()
  const other = await site.ready<unknown>()
  site.factory.fail({ operation: 'transaction', phase: 'late', after: 50, when: ({ mode }) => mode === 'readwrite', nth: 1 })
  const first = one.set('a', 'new')
  await site.pass(10)
  const setting = [first, one.set('b', 'new')]
  await site.within(5_000, Promise.allSettled([other.destroy(), ...setting]))
  expect(site.storage.size, 'no name of a database is left').toBe(0)
  const again = await site.ready<unknown>()
  await site.within(1_000, again.set('a', 'of the next user'))
  const reloaded = await site.ready<unknown>()
  expect(await site.within(1_000, reloaded.get('a'))).toBe('of the next user')
})

it('in a worker, without localStorage, all works; older values stay hidden as long as it lives', async () => {
  const { site, cache } = await filled(false)
  const rule = site.factory.fail(NO_WRITES)
  await site.within(1_000, Promise.allSettled([cache.delete('a'), cache.set('b', 'new')]))
  await expectNotOld(site, cache, ['a', 'b'])
  rule.end()
  await site.pass(6_000)
  await expectNotOld(site, cache, ['a', 'b'])
  expect(await site.values()).toEqual({ b: 'new', p1: 'old', stays: 'old' })
  expect(site.storage.size).toBe(0)
})

it.each<[what: string, stub: () => void]>([
  ['whose getter throws', () => vi.stubGlobal('localStorage', undefined)],
  ['that is full', () => vi.spyOn(localStorage, 'setItem').mockImplementation(() => { throw new DOMException('full', 'QuotaExceededError') })],
  ['that throws at every call', () => {
    for (const method of ['getItem', 'setItem', 'removeItem'] as const) {
      vi.spyOn(localStorage, method).mockImplementation(() => { throw new DOMException('denied', 'SecurityError') })
    }
  }],
])('a localStorage %s disturbs nothing', async (what, stub) => {
  const { site, cache } = await filled()
  stub()
  if (what === 'whose getter throws') Object.defineProperty(globalThis, 'localStorage', { configurable: true, get: () => { throw new DOMException('denied', 'SecurityError') } })
  const rule = site.factory.fail(NO_WRITES)
  expect(await site.within(1_000, Promise.allSettled([cache.delete('a')]))).toMatchObject([{ status: 'rejected', reason: { code: 'write-failed' } }])
  await expectNotOld(site, cache, ['a'])
  rule.end()
  await site.pass(6_000)
  await expectNotOld(site, cache, ['a'])
  await site.within(1_000, site.open<unknown>().get('b'))
})

it('garbage under the marker’s name, as foreign code may leave it, is no reason to fail', async () => {
  for (const garbage of ['', '{', 'null', '[1,2', '"x"', 'x'.repeat(10_000)]) {
    const { site } = await filled()
    await site.crash()
    site.storage.set(DATABASE, garbage)
    const cache = site.open<unknown>()
    await site.within(1_000, cache.get('a'))
    await site.within(1_000, cache.set('a', 'new'))
    expect(await site.within(1_000, cache.get('a'))).toBe('new')
    expect(site.errors).toEqual([])
  }
})

it('a marker of another database concerns only that one', async () => {
  const { site } = await filled()
  await site.crash()
  site.storage.set(databaseName(NAME, '2'), '1')
  expect(await site.within(1_000, site.open<unknown>().get('a'))).toBe('old')
})

it('where the database never opens, the marker does not grow with each page load', async () => {
  const site = createSite()
  await site.ready()
  site.factory.fail({ operation: 'open', phase: 'request' })
  for (let page = 0; page < 10; page++) {
    const cache = await site.reload<unknown>()
    await site.within(20_000, cache.set('a', page))
    await site.pass(5_000)
    expect([...site.storage.values()].join().length).toBeLessThan(50)
  }
  site.factory.heal()
  const next = await site.reload<unknown>()
  expect(await site.within(5_000, next.get('a'))).toBeUndefined()
  await site.pass(100)
  expect(site.storage.size).toBe(0)
})

it('the removal that is owed for a refused set is done too where what is there could not be read', async () => {
  const site = createSite()
  const cache = await site.ready<string>({ maxEntries: 1 })
  await site.within(1_000, cache.set('a', 'old'))
  const refusing = site.factory.fail(NO_WRITES)
  for (const key of ['a', 'b']) await site.within(5_000, cache.set(key, 'new').catch(() => {}))
  refusing.end()
  const unreadable = site.factory.fail({ operation: 'get', phase: 'request', error: 'NotReadableError', when: ({ key }) => key === 'a' })
  await site.pass(6_000)
  unreadable.end()
  expect(cache.status.persistence).toBe('indexeddb')
  expect(await site.within(1_000, cache.get('a'))).not.toBe('old')
})

it('what a refresh brings, not to be kept, removes what could not be read', async () => {
  const site = createSite()
  await site.within(1_000, (await site.ready<string>()).set('a', 'old'))
  const cache = await site.reload<string>()
  await site.within(1_000, cache.get('nothing'))
  const unreadable = site.factory.fail({ operation: 'get', phase: 'request', error: 'OperationError', when: ({ key }) => key === 'a' })
  expect(await site.within(5_000, cache.getOrLoad('a', () => 'new', { ttl: 0, refresh: true }))).toBe('new')
  unreadable.end()
  await site.pass(61_000)
  expect(await site.within(1_000, cache.get('a'))).toBeUndefined()
})
