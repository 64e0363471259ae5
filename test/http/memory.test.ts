// Answers that memory gives at once: they count as uses, and stay apart however many there are.

import { getEventListeners } from 'node:events'
import { expect, test, vi } from 'vitest'
import { createCachedFetch, type HttpEntry } from '../../src/http/index.ts'
import { createCache, type Cache, type CacheEvent } from '../../src/index.ts'
import { MEMORY_ALONE, placeOf } from '../helpers/caches.ts'
import { deferred } from '../helpers/deferred.ts'
import { collect, heapBytes } from '../helpers/heap.ts'
import { FRESH, long, serveSite, type Answering } from './serving.ts'
import { standOn } from './standing.ts'

const site = serveSite()

test.each<[what: string, answer: Answering, entries: number]>([
  ['a small body', FRESH, 1],
  ['a long body', { fields: { 'Cache-Control': 'max-age=60' }, body: long('x') }, 2],
])('a hit is a use: what was not asked for as lately makes room, with %s', async (_what, answer, entries) => {
  const place = placeOf(MEMORY_ALONE)
  const { text, ask, cache } = standOn(place, {}, place.open<HttpEntry>({ maxEntries: 2 * entries }))
  const [first, second, third] = [site.page(answer), site.page(answer), site.page(answer)]
  await text(first.url)
  await text(second.url)
  const { hits } = cache.stats().memory
  await text(first.url)
  expect(cache.stats().memory.hits - hits).toBe(entries)
  await text(third.url)
  expect((await ask(first.url))[1]).toMatch(/^hit/)
  expect((await ask(second.url))[1]).toMatch(/^fwd=uri-miss/)
})

test('each of 1,500 URLs has its own answer, asked again and again', async () => {
  const urls = Array.from({ length: 1_500 }, (_, number) => `http://origin.test/${number}`)
  const asked: string[] = []
  const origin: typeof fetch = async (request) => {
    const url = (request as Request).url.replace(/#.*/, '')
    asked.push(url)
    return new Response(url, { headers: { 'cache-control': 'max-age=60' } })
  }
  const cachedFetch = createCachedFetch(createCache<HttpEntry>({ maxEntries: Infinity }), { fetch: origin })
  for (const url of [...urls, ...urls, ...urls]) expect(await (await cachedFetch(`${url}#part`)).text()).toBe(url)
  expect(asked).toEqual(urls)
})

test('a cachedFetch that nobody has any more goes', async () => {
  const cache = createCache<HttpEntry>()
  const page = site.page(FRESH)
  const refs = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const partition = (): string => `user${n}`
      await (await createCachedFetch(cache, { partition })(page.url)).text()
      return new WeakRef(partition)
    }),
  )
  for (let n = 0; n < 5; n++) await collect()
  expect(refs.filter((ref) => ref.deref()).length).toBeLessThan(3)
})

test('nor does one for each request leave a subscription, where all is answered from the cache', async () => {
  const { subscribe, ...cache } = createCache<HttpEntry>()
  let subscriptions = 0
  const counting = {
    ...cache,
    subscribe(listener: (event: CacheEvent) => void) {
      subscriptions++
      const end = subscribe(listener)
      return () => {
        subscriptions--
        end()
      }
    },
  } as Cache<HttpEntry>
  const page = site.page(FRESH)
  for (let request = 0; request < 200; request++) await (await createCachedFetch(counting)(page.url)).text()
  for (let round = 0; round < 5; round++) await collect()
  expect(page.visits()).toHaveLength(1)
  expect(subscriptions).toBeLessThan(20)
})

test('a cache whose listener holds its cachedFetch goes with it', async () => {
  const refs = Array.from({ length: 20 }, () => {
    const cache = createCache<HttpEntry>()
    const cachedFetch = createCachedFetch(cache)
    cache.subscribe(() => cachedFetch.handles)
    return new WeakRef(cachedFetch)
  })
  for (let round = 0; round < 5; round++) await collect()
  expect(refs.filter((ref) => ref.deref()).length).toBeLessThan(3)
})

test('one that is dropped while it asks hears of removals still', async () => {
  const clock = { at: Date.now(), now: () => clock.at }
  const cache = createCache<HttpEntry>({ clock })
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: 'private' })
  await (await createCachedFetch(cache, { clock })(page.url)).text()
  clock.at += 61_000
  page.visits()
  const gate = deferred()
  page.answer = async (_visit, response) => {
    await gate.promise
    return void response.destroy()
  }
  const asking = createCachedFetch(cache, { clock })(page.url).then((response) => response.text(), () => 'rejected')
  await page.visit()
  for (let n = 0; n < 5; n++) await collect()
  await cache.clear()
  gate.resolve()
  expect(await asking).toBe('rejected')
})

test('links that were cut out of long texts do not keep the texts', async () => {
  const cachedFetch = createCachedFetch(createCache<HttpEntry>({ maxEntries: 1 }), { fetch: async () => new Response('x', { headers: { 'cache-control': 'no-store' } }) })
  const before = await heapBytes()
  for (let page = 0; page < 20; page++) {
    const [, link] = /href="([^"]+)"/.exec(`${Buffer.alloc(1e6, 'x')}<a href="http://origin.test/${page}">`)!
    await (await cachedFetch(link!)).text()
  }
  // The engine itself keeps the text of the last match.
  ;/x/.exec('x')
  expect((await heapBytes()) - before).toBeLessThan(8e6)
})

test('a signal that lives long keeps no listener for bodies that nobody reads', async () => {
  const cachedFetch = createCachedFetch(createCache<HttpEntry>(), { fetch: async () => new Response('x', { headers: { 'cache-control': 'max-age=60' } }) })
  const { signal } = new AbortController()
  for (let page = 0; page < 200; page++) expect((await cachedFetch(`http://origin.test/${page}`, { signal })).ok).toBe(true)
  for (let round = 0; round < 5; round++) await collect()
  expect(getEventListeners(signal, 'abort').length).toBeLessThan(20)
})

test('all cachedFetch of a cache share one subscription', () => {
  const cache = createCache<HttpEntry>()
  const subscribe = vi.spyOn(cache, 'subscribe')
  for (let request = 0; request < 10; request++) createCachedFetch(cache)
  expect(subscribe).toHaveBeenCalledTimes(1)
})
