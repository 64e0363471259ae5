// One load for all tabs and workers: whoever asks first loads, the others read its result. A loader that dies or stands still
// holds nobody up for long. What the server was asked is its own count.

import { expect, test } from 'vitest'
import type { ApiRequest } from './support/api.ts'
import { useTabs, type Place, type Tab } from './support/tabs.ts'

/** ms that no test takes. */
const NEVER = 600_000
const KEYS = Array.from({ length: 100 }, (_, number) => `key ${number}`)

const tabs = useTabs()

/** What each key's loader or another tab's brought. */
function loadAll(place: Place, keys: readonly string[]) {
  return place.run(({ load }, all) => Promise.all(all.map((key) => load(key))), keys)
}

/** Starts a load whose outcome `ended` tells. */
async function startLoad(place: Place, key: string): Promise<void> {
  await place.run(({ load, left, outcome }, wanted) => void (left[wanted] = outcome(load(wanted))), key)
  // It has asked for its lock or its read before an answer to a later read comes.
  await place.run(({ cache }) => cache.get('nothing'))
}

const ended = (place: Place, key: string) => place.run(({ left }, wanted) => left[wanted], key)
const asked = (key: string) => tabs.api.count(key)

test('three tabs that ask for 100 keys at once make 100 requests and get the same answers', async () => {
  const places = await tabs.open(3)
  tabs.api.latency = 20
  const [first, ...others] = await Promise.all(places.map((place) => loadAll(place, KEYS)))
  expect(first!.map(({ key }) => key)).toEqual(KEYS)
  for (const answers of others) expect(answers).toEqual(first)
  expect(tabs.api.requests).toHaveLength(100)
})

test('when a loading tab is killed, the others load what it had not, and every caller gets a value', async () => {
  const places = await tabs.open(3)
  tabs.api.hold()
  const loading = new Map(places.map((place) => [place, loadAll(place, KEYS).catch((error) => error)]))
  await expect.poll(() => tabs.api.held.length).toBe(100)
  const heldOf = (name: string) => tabs.api.held.filter(({ by }) => by === name).length
  const leader = places.toSorted((one, other) => heldOf(other.name) - heldOf(one.name))[0]!
  const [witness, ...rest] = places.filter((place) => place !== leader)

  const half = new Set(KEYS.slice(0, 50))
  tabs.api.release(({ key }) => half.has(key))
  await expect.poll(() => witness!.run(({ rows }) => rows().then(({ length }) => length))).toBe(50)
  const lost = heldOf(leader.name)
  expect(lost).toBeGreaterThan(0)
  await leader.crash()
  tabs.api.release()

  const answers = await Promise.all([witness!, ...rest].map((place) => loading.get(place)!))
  expect(answers[0].map(({ key }: ApiRequest) => key)).toEqual(KEYS)
  expect(answers[1]).toEqual(answers[0])
  expect(tabs.api.requests.length).toBeLessThanOrEqual(100 + lost)
  expect(tabs.api.requests.filter(({ by, serial }) => serial > 1 && by === leader.name)).toEqual([])
})

test('while a loading tab is frozen, another takes over within lockTimeout', async () => {
  const [frozen, waiting] = (await tabs.open(2, { cache: { lockTimeout: 500 } })) as [Tab, Tab]
  tabs.api.hold(({ by }) => by === frozen.name)
  await startLoad(frozen, 'key')
  await expect.poll(() => asked('key')).toBe(1)
  await frozen.freeze()

  const { answer, ms } = await waiting.run(async ({ load }) => {
    const start = performance.now()
    return { answer: await load('key'), ms: performance.now() - start }
  })
  expect(answer).toEqual({ key: 'key', by: waiting.name, serial: 2 })
  expect(ms).toBeLessThan(500 + 1_000)

  await frozen.thaw()
  tabs.api.release()
  expect(await ended(frozen, 'key')).toMatchObject({ key: 'key' })
})

test('a page that goes into the back/forward cache while it loads, or while it waits for a load, holds nobody up, and has its value when it is back', async () => {
  const [loading, waiting, other] = (await tabs.open(3, { cache: { lockTimeout: NEVER } })) as [Tab, Tab, Tab]
  const start = (tab: Tab, value: string) =>
    tab.run(({ cache, left, outcome }, value) => {
      left['load'] = outcome(cache.getOrLoad('key', () => new Promise((resolve) => (value ? resolve(value) : (left['resolve'] = resolve)))))
      return cache.get('nothing')
    }, value)
  await start(loading, '')
  await start(waiting, 'of the second')
  await start(other, 'of the third')
  await waiting.leave()
  await loading.leave()
  expect(await other.run(({ left }) => left['load'])).toMatch(/^of the/)
  await waiting.comeBack()
  expect(await waiting.run(({ left }) => left['load'])).toMatch(/^of the/)
  await loading.comeBack()
  await loading.run(({ left }) => (left['resolve'] as (value: string) => void)('late'))
  expect(await loading.run(({ left }) => left['load'])).toBe('late')
  expect(await other.run(({ cache }) => cache.get('key'))).toMatch(/^of the/)
})

test('a load that a page begins in its own listener of pagehide holds nobody up, nor keeps it out of the back/forward cache', async () => {
  const [leaving, other] = (await tabs.open(2, { cache: { lockTimeout: NEVER, staleWhileRevalidate: NEVER } })) as [Tab, Tab]
  await leaving.run(async ({ cache }) => {
    await cache.set('key', 'stale', { ttl: 1 })
    addEventListener('pagehide', () => void cache.getOrLoad('key', () => new Promise(() => {})))
  })
  await leaving.leave()
  expect(await other.run(({ cache }) => cache.getOrLoad('key', () => 'new', { refresh: true }))).toBe('new')
  await leaving.comeBack()
})

test('a loader that takes too long is not waited for either, and its own callers still get its value', async () => {
  const [slow, waiting] = (await tabs.open(2, { cache: { lockTimeout: 300 } })) as [Tab, Tab]
  tabs.api.hold(({ by }) => by === slow.name)
  await startLoad(slow, 'key')
  await expect.poll(() => asked('key')).toBe(1)
  expect(await waiting.run(({ load }) => load('key'))).toMatchObject({ by: waiting.name, serial: 2 })
  tabs.api.release()
  expect(await ended(slow, 'key')).toMatchObject({ key: 'key' })
})

test('within lockTimeout nobody else loads', async () => {
  const [loading, waiting] = (await tabs.open(2)) as [Tab, Tab]
  tabs.api.hold()
  await startLoad(loading, 'key')
  await startLoad(waiting, 'key')
  await waiting.run(() => new Promise((resolve) => setTimeout(resolve, 1_000)))
  expect(asked('key')).toBe(1)
  tabs.api.release()
  expect(await ended(waiting, 'key')).toEqual({ key: 'key', by: loading.name, serial: 1 })
})

test('a failed load is not shared with other tabs: the next one tries, and the one after reads its value', async () => {
  const [failing, ...others] = (await tabs.open(3)) as [Tab, Tab, Tab]
  tabs.api.hold()
  await failing.run(({ cache, ask, left, outcome }) => {
    left['key'] = outcome(cache.getOrLoad('key', () => ask('key').then(() => Promise.reject(new Error('broken')))))
  })
  await expect.poll(() => asked('key')).toBe(1)
  for (const place of others) await startLoad(place, 'key')
  tabs.api.release()
  expect(await ended(failing, 'key')).toContain('broken')
  const [one, other] = await Promise.all(others.map((place) => ended(place, 'key')))
  expect(one).toMatchObject({ key: 'key', serial: 2 })
  expect(other).toEqual(one)
})

test('loads that wait for each other across tabs end', async () => {
  const places = await tabs.open(2, { cache: { lockTimeout: 400 } })
  tabs.api.hold(({ key }) => key.startsWith('begun'))
  const nested = places.map((place, number) =>
    place.run(
      ({ cache, ask, load }, [outer, inner]) => cache.getOrLoad(outer!, () => ask(`begun ${outer}`).then(() => load(inner!))),
      number === 0 ? ['x', 'y'] : ['y', 'x'],
    ),
  )
  // Both hold what the other is about to ask for.
  await expect.poll(() => asked('begun x') + asked('begun y')).toBe(2)
  const start = Date.now()
  tabs.api.release()
  for (const answer of await Promise.all(nested)) expect(answer).toHaveProperty('serial')
  expect(Date.now() - start).toBeLessThan(3_000)
})

test('without Web Locks each tab loads for itself, and all get a value', async () => {
  const places = await tabs.open(3, { missing: ['Navigator.prototype.locks'] })
  expect(await places[0]!.run(() => 'locks' in navigator)).toBe(false)
  tabs.api.hold()
  const keys = KEYS.slice(0, 10)
  const loading = places.map((place) => loadAll(place, keys))
  await expect.poll(() => tabs.api.held.length).toBe(30)
  tabs.api.release()
  for (const answers of await Promise.all(loading)) expect(answers.map(({ key }) => key)).toEqual(keys)
})

test('a page, its worker and the service worker share a load', async () => {
  const [page] = (await tabs.open(1)) as [Tab]
  const places: Place[] = [page, await page.startWorker(), await page.startServiceWorker()]
  for (const [number, leader] of places.entries()) {
    const key = `of ${leader.name}`
    tabs.api.hold()
    await startLoad(leader, key)
    await expect.poll(() => asked(key)).toBe(1)
    const others = places.filter((_, place) => place !== number)
    for (const place of others) await startLoad(place, key)
    tabs.api.release()
    for (const place of places) expect(await ended(place, key)).toEqual({ key, by: leader.name, serial: 1 })
    expect(asked(key)).toBe(1)
  }
})

test('a worker that is ended while it loads holds nobody up', async () => {
  const [page] = (await tabs.open(1)) as [Tab]
  const worker = await page.startWorker()
  tabs.api.hold(({ by }) => by === worker.name)
  await startLoad(worker, 'key')
  await expect.poll(() => asked('key')).toBe(1)
  await startLoad(page, 'key')
  await page.run(({ left }) => (left['worker'] as Worker).terminate())
  expect(await ended(page, 'key')).toEqual({ key: 'key', by: page.name, serial: 2 })
})
