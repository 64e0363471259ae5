// Two realms of one origin as one cache, in every engine: a page and a frame with a library of its own, a page and a worker.
// What takes real tabs (killing, freezing, the back/forward cache) is in ../tabs.

import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Cache, CacheEvent, CacheOptions } from '../../src/index.ts'
import { connect, databaseName, databaseNames, done, NAME, open, openReady, storedKeys } from './support/caches.ts'
import { openFrame, type Frame } from './support/frame.ts'
import { openInWorker } from './support/worker.ts'

const KEYS = ['post/1', 'user/1', 'user/2', 'zoo']
const SOON = { interval: 5, timeout: 5_000 }

interface Pair {
  readonly one: Cache<string>
  readonly other: Cache<string>
  readonly frame: Frame
  /** What the other cache was told. */
  readonly events: CacheEvent[]
}

async function openPair(options: CacheOptions<string> = {}): Promise<Pair> {
  const { cache: one } = await openReady<string>(options)
  const frame = await openFrame()
  const other = frame.library.createCache<string>({ name: NAME, ...options })
  const events: CacheEvent[] = []
  other.subscribe((event) => void events.push(event))
  await other.get('nothing')
  return { one, other, frame, events }
}

/** A pair that holds the same old values in memory. */
async function openFilled(): Promise<Pair> {
  const pair = await openPair()
  const { one, other, events } = pair
  await one.set('user/2', 'old', { tags: ['list'] })
  await one.setMany(KEYS.filter((key) => key !== 'user/2').map((key) => [key, 'old']))
  await expect.poll(() => events.some((event) => 'key' in event && event.key === 'zoo'), SOON).toBe(true)
  await other.getMany(KEYS)
  expect(KEYS.map((key) => other.peek(key))).toEqual(KEYS.map(() => 'old'))
  return pair
}

function beginEndlessLoad(cache: Cache<string>): Promise<void> {
  return new Promise((begun) => {
    void cache.getOrLoad('key', () => {
      begun()
      return new Promise<string>(() => {})
    })
  })
}

describe('a frame follows what the page changes, and keeps the rest in memory', () => {
  test.each<[string, (cache: Cache<string>) => unknown, Record<string, string | undefined>]>([
    ['set()', (cache) => cache.set('user/1', 'new'), { 'user/1': 'new' }],
    ['setMany()', (cache) => cache.setMany([['user/1', 'new'], ['zoo', 'new']]), { 'user/1': 'new', zoo: 'new' }],
    ['update()', (cache) => cache.update('user/1', 'new'), { 'user/1': 'new' }],
    ['touch()', (cache) => cache.touch('user/1', 1), { 'user/1': undefined }],
    ['delete()', (cache) => cache.delete('user/1'), { 'user/1': undefined }],
    ['take()', (cache) => cache.take('user/1'), { 'user/1': undefined }],
    ['deletePrefix()', (cache) => cache.deletePrefix('user/'), { 'user/1': undefined, 'user/2': undefined }],
    ['deleteTag()', (cache) => cache.deleteTag('list'), { 'user/2': undefined }],
    ['clear()', (cache) => cache.clear(), Object.fromEntries(KEYS.map((key) => [key, undefined]))],
    ['getOrLoad()', (cache) => cache.getOrLoad('user/1', () => 'new', { refresh: true }), { 'user/1': 'new' }],
  ])('%s', async (_, change, after) => {
    const { one, other } = await openFilled()
    await change(one)
    await expect.poll(() => KEYS.filter((key) => key in after && other.peek(key) === 'old'), SOON).toEqual([])
    const kept = KEYS.filter((key) => !(key in after))
    expect(await Promise.all(kept.map(async (key) => (await other.info(key))?.tier))).toEqual(kept.map(() => 'memory'))
    expect(await Promise.all(KEYS.map((key) => other.get(key)))).toEqual(KEYS.map((key) => (key in after ? after[key] : 'old')))
  })
})

test('what a page has under way when it goes is told to the frame once it is on disk', async () => {
  const { one, other } = await openFilled()
  const deleting = one.delete('user/1')
  dispatchEvent(new Event('pagehide'))
  await deleting
  await expect.poll(() => other.peek('user/1'), SOON).toBeUndefined()
  expect(other.peek('zoo')).toBe('old')
  dispatchEvent(new Event('pageshow'))
})

test('a page follows a worker, and a worker a page', async () => {
  const { cache: page } = await openReady<unknown>()
  const worker = openInWorker(NAME)
  for (const round of ['first', 'second']) {
    await worker.call('set', 'key', `worker, ${round}`)
    await expect.poll(() => page.get('key'), SOON).toBe(`worker, ${round}`)
    await page.set('key', `page, ${round}`)
    await expect.poll(() => worker.call('get', 'key'), SOON).toBe(`page, ${round}`)
  }
  await page.get('key')
  await worker.call('delete', 'key')
  await expect.poll(() => page.peek('key'), SOON).toBeUndefined()
  expect(await page.get('key')).toBeUndefined()
})

test('events tell what was changed, and where', async () => {
  const { one, events } = await openPair()
  const own: CacheEvent[] = []
  one.subscribe((event) => void own.push(event))
  await one.set('a', 'new', { tags: ['list'] })
  await one.delete('a')
  await one.deletePrefix('user/')
  await one.deleteTag('list')
  await one.clear()
  const expected = (local: boolean) => [
    { type: 'set', key: 'a', local },
    { type: 'delete', key: 'a', local },
    { type: 'deletePrefix', prefix: 'user/', local },
    { type: 'deleteTag', tag: 'list', local },
    { type: 'deletePrefix', prefix: '', local },
  ]
  expect(own).toEqual(expected(true))
  await expect.poll(() => events, SOON).toEqual(expected(false))
})

test('a page and a frame that ask for 50 keys at once load each of them once', async () => {
  const { one, other } = await openPair()
  const keys = Array.from({ length: 50 }, (_, number) => `key ${number}`)
  const loads: string[] = []
  const load = async ({ key }: { readonly key: string }) => {
    loads.push(key)
    await new Promise((resolve) => setTimeout(resolve, 20))
    return `${key}, load ${loads.length}`
  }
  const ask = (cache: Cache<string>) => Promise.all(keys.map((key) => cache.getOrLoad(key, load)))
  const [ones, others] = await Promise.all([ask(one), ask(other)])
  expect(others).toEqual(ones)
  expect(loads.toSorted()).toEqual(keys.toSorted())
})

test('who calls after a load has brought what expires at once loads anew', async () => {
  const { one } = await openPair()
  let loads = 0
  for (let call = 1; call <= 3; call++) expect(await one.getOrLoad('key', () => `${++loads}`, { ttl: 0 })).toBe(`${call}`)
})

test('a frame that is removed while it loads holds nobody up', async () => {
  const { one, other, frame } = await openPair()
  await beginEndlessLoad(other)
  const loading = one.getOrLoad('key', () => 'loaded')
  frame.remove()
  expect(await loading).toBe('loaded')
})

test('a loader that does not end is waited for no longer than lockTimeout', async () => {
  const { one, other } = await openPair({ lockTimeout: 200 })
  await beginEndlessLoad(other)
  const start = performance.now()
  expect(await one.getOrLoad('key', () => 'loaded')).toBe('loaded')
  expect(performance.now() - start).toBeLessThan(2_000)
})

test('a load that the other side overtakes with a removal is not kept', async () => {
  const { one, other } = await openPair()
  let finish!: (value: string) => void
  let loading!: Promise<string>
  await new Promise<void>((begun) => {
    loading = one.getOrLoad('user/1', () => {
      begun()
      return new Promise((resolve) => (finish = resolve))
    })
  })
  await other.deletePrefix('user/')
  finish('from before')
  expect(await loading).toBe('from before')
  await one.flush()
  await expect.poll(() => [one.peek('user/1'), other.peek('user/1')], SOON).toEqual([undefined, undefined])
  expect(await one.get('user/1')).toBeUndefined()
  expect(await storedKeys()).toEqual([])
})

test('destroy() closes the other side\'s cache, and nothing is left', async () => {
  const { one, other, events } = await openFilled()
  const writing = Promise.allSettled(KEYS.map((key) => other.set(key, 'late')))
  await one.destroy()
  await expect.poll(() => events.filter(({ type }) => type === 'destroy'), SOON).toEqual([{ type: 'destroy', local: false }])
  await expect(other.get('user/1')).rejects.toMatchObject({ code: 'closed' })
  await expect(other.set('user/1', 'late')).rejects.toMatchObject({ code: 'closed' })
  expect(KEYS.filter((key) => other.peek(key) !== undefined)).toEqual([])
  await writing
  await expect.poll(() => databaseNames(NAME), SOON).toEqual([])
})

test.each([true, false])('what the other side writes before it hears of destroy() goes too, though a third keeps the database; it is told: %s', async (told) => {
  vi.stubGlobal('BroadcastChannel', undefined)
  const { one, other } = await openPair()
  vi.unstubAllGlobals()
  await one.set('early', 'secret')
  const blocker = await connect(await databaseName())
  const channel = new BroadcastChannel(`bestbefore:${NAME}`)
  onTestFinished(() => channel.close())
  const deleteDatabase = indexedDB.deleteDatabase.bind(indexedDB)
  // Every row has been cleared by then.
  const spy = vi.spyOn(indexedDB, 'deleteDatabase').mockImplementation((name) => {
    other.set('late', 'secret').catch(() => {})
    if (told) channel.postMessage({ destroy: true })
    return deleteDatabase(name)
  })
  onTestFinished(() => spy.mockRestore())
  await one.destroy()
  expect(spy).toHaveBeenCalledOnce()
  await expect.poll(() => done(blocker.transaction('entries').objectStore('entries').getAllKeys()), SOON).toEqual([])
  blocker.close()
  await expect.poll(() => databaseNames(NAME), SOON).toEqual([])
})

test('two data versions are two caches', async () => {
  const old = open<string>({ version: '1' })
  const frame = await openFrame()
  const next = frame.library.createCache<string>({ name: NAME, version: '2' })
  await Promise.all([old.set('key', 'old'), next.set('key', 'new')])
  await next.deletePrefix('')
  expect(await old.get('key')).toBe('old')
  expect(await next.get('key')).toBeUndefined()
})
