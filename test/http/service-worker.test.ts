// In a service worker: which requests are seen to, and what keeps the worker alive until all is stored.

import { afterEach, describe, expect, test, vi } from 'vitest'
import type { CachedFetch, CachedFetchOptions, HttpEntry } from '../../src/http/index.ts'
import { createWorld } from '../coherence/support/world.ts'
import { NAME, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { deferred, isPending } from '../helpers/deferred.ts'
import { lookAtDisk, onTransaction } from '../helpers/indexed-db.ts'
import { FRESH, serveSite } from './serving.ts'
import { standOn } from './standing.ts'

const site = serveSite()

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A fetch event that notes what it waits for. */
function fetchEvent(): { readonly waits: Promise<unknown>[]; waitUntil(promise: Promise<unknown>): void } {
  const waits: Promise<unknown>[] = []
  return { waits, waitUntil: (promise) => void waits.push(promise) }
}

/** A request of a mode that only browsers make. */
function navigation(url: string): Request {
  return Object.defineProperty(new Request(url), 'mode', { value: 'navigate' })
}

describe('handles', () => {
  const URL = 'http://origin.test/page'

  test.each<[what: string, request: () => Request, handled: boolean, options?: CachedFetchOptions]>([
    ['GET', () => new Request(URL), true],
    ['https', () => new Request('https://origin.test/'), true],
    ['POST, which may remove what is stored', () => new Request(URL, { method: 'POST' }), true],
    ['a navigation', () => navigation(URL), false],
    ['only-if-cached in mode cors', () => Object.defineProperty(new Request(URL), 'cache', { value: 'only-if-cached' }), false],
    ['only-if-cached in mode same-origin', () => new Request(URL, { cache: 'only-if-cached', mode: 'same-origin' }), true],
    ['data:', () => new Request('data:,x'), false],
    ['blob:', () => new Request('blob:http://origin.test/0'), false],
    ['an extension', () => new Request('chrome-extension://x/y'), false],
    ['what does not match', () => new Request(URL), false, { match: () => false }],
    ['what matches', () => new Request(URL), true, { match: ({ url }) => url === URL }],
  ])('%s', (_what, request, handled, options) => {
    expect(standOn(placeOf(TWO_TIERS), options).fetch.handles(request())).toBe(handled)
  })

  test('match is asked about http alone', () => {
    const match = vi.fn(() => true)
    const { fetch } = standOn(placeOf(TWO_TIERS), { match })
    for (const url of ['data:,x', 'blob:http://origin.test/0', URL]) fetch.handles(new Request(url))
    expect(match).toHaveBeenCalledTimes(1)
  })

  test('what is not handled goes to the network as it is', async () => {
    const sent: Request[] = []
    const answer = new Response('as it is')
    const { fetch } = standOn(placeOf(TWO_TIERS), {
      match: ({ url }) => !url.endsWith('not'),
      fetch: async (input) => {
        sent.push(input as Request)
        return answer
      },
    })
    for (const request of [new Request('data:,x'), navigation(URL), new Request(`${URL}/not`)]) {
      expect(await fetch(request)).toBe(answer)
      expect(sent.pop()).toBe(request)
    }
  })
})

describe('waitUntil', () => {
  test('is called with a promise that ends when the response is on disk', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page(FRESH)
    await standing.cache.get('opened')
    const gate = deferred()
    let committed = 0
    onTransaction((transaction, mode) => {
      if (mode === 'readwrite') transaction.addEventListener('complete', () => committed++)
    })
    page.answer = async (_visit, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60' }).write('x')
      await gate.promise
      response.end('y')
    }
    const event = fetchEvent()
    const response = await standing.fetch(page.url, undefined, event)
    expect(event.waits).toHaveLength(1)
    expect(await isPending(event.waits[0]!)).toBe(true)
    expect(committed).toBe(0)
    gate.resolve()
    await event.waits[0]
    expect(committed).toBeGreaterThan(0)
    expect((await lookAtDisk(NAME)).records).toHaveLength(1)
    expect(await response.text()).toBe('xy')
  })

  test('is called for a background request, which the caller does not wait for', async () => {
    const place = placeOf(TWO_TIERS)
    const standing = standOn(place)
    const gate = deferred()
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }, body: 'old' })
    await standing.text(page.url)
    place.clock.advance(61_000)
    page.answer = async () => {
      await gate.promise
      return { fields: { 'Cache-Control': 'max-age=60' }, body: 'new' }
    }
    const event = fetchEvent()
    expect(await (await standing.fetch(page.url, undefined, event)).text()).toBe('old')
    expect(event.waits).toHaveLength(1)
    expect(await isPending(event.waits[0]!)).toBe(true)
    gate.resolve()
    await event.waits[0]
    expect(await standing.ask(page.url)).toEqual(['new', 'hit; ttl=60'])
  })

  test('its promise never rejects', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page((_visit, response) => void response.destroy())
    const event = fetchEvent()
    await expect(standing.fetch(page.url, undefined, event)).rejects.toThrow(TypeError)
    page.answer = (_visit, response) => void response.writeHead(200, { 'Cache-Control': 'max-age=60' }).write('x', () => response.destroy())
    await standing.fetch(page.url, undefined, event).then((response) => response.text()).catch(() => {})
    page.answer = async () => {
      await standing.cache.close()
      return { fields: { 'Cache-Control': 'max-age=60' } }
    }
    await standing.fetch(page.url, undefined, event)
    expect((await Promise.allSettled(event.waits)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  })

  test('an event that is over fails no request; the mistake is reported', async () => {
    const thrown: unknown[] = []
    vi.stubGlobal('reportError', (error: unknown) => void thrown.push(error))
    const error = new DOMException('The event is over', 'InvalidStateError')
    const event = {
      waitUntil() {
        throw error
      },
    }
    const page = site.page(FRESH)
    expect(await (await standOn(placeOf(TWO_TIERS)).fetch(page.url, undefined, event)).text()).toBe('v1')
    expect(thrown).toEqual([error])
  })

  test('a fresh hit needs none', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page(FRESH)
    await standing.text(page.url)
    const event = fetchEvent()
    await standing.fetch(page.url, undefined, event)
    expect(event.waits).toEqual([])
  })
})

test.each<RequestCache>(['default', 'no-cache', 'reload'])('a page whose own cache asks through the worker, with cache: %s, does not wait for itself', async (cache) => {
  vi.stubGlobal('location', { origin: 'http://page.test', href: 'http://page.test/' })
  const world = createWorld()
  const [one, other] = world.tabs<HttpEntry>(2)
  const worker = standOn(world, {}, one!.cache)
  const page = standOn(world, { fetch: (input) => worker.fetch(input, undefined, fetchEvent()) }, other!.cache)
  const { url } = site.page(FRESH)
  expect(await page.text(url, { cache })).toBe('v1')
  await world.settle()
})

test.each<[what: string, headers: Record<string, string>, how: string]>([
  ['the languages of the user, which Firefox adds,', { 'Accept-Language': 'de-AT,de;q=0.9,en;q=0.8' }, 'hit; ttl=60'],
  ['those of the user with other weights', { 'Accept-Language': 'de-AT;q=0.1,de;q=0.5,en' }, 'fwd=vary-miss; stored'],
  ['those of the user, the last but one with the least weight,', { 'Accept-Language': 'de-AT,de;q=0.1,en;q=0.9' }, 'fwd=vary-miss; stored'],
  ['another language', { 'Accept-Language': 'en' }, 'fwd=vary-miss; stored'],
])('for a request with %s the worker finds what a page has stored without, or not: %o', async (_what, headers, how) => {
  vi.stubGlobal('location', { origin: site.url, href: `${site.url}/` })
  const world = createWorld()
  vi.stubGlobal('navigator', { locks: navigator.locks, languages: ['de-AT', 'de', 'en'] })
  const [one, other] = world.tabs<HttpEntry>(2)
  const { url } = site.page({ fields: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' } })
  await standOn(world, {}, one!.cache).text(url)
  await world.settle()
  expect((await standOn(world, {}, other!.cache).ask(url, { headers }))[1]).toBe(how)
})

const CHROMIUM = { 'User-Agent': 'Chromium/156', 'Sec-CH-UA': '"Chromium";v="156"', 'Sec-CH-UA-Mobile': '?1' }

test.each<[what: string, headers: Record<string, string>, how: string]>([
  ['what tells the browser, which Chromium adds,', CHROMIUM, 'hit; ttl=60'],
  ['that of another browser', { ...CHROMIUM, 'User-Agent': 'Other/1', 'Sec-CH-UA-Mobile': '?0' }, 'fwd=vary-miss; stored'],
])('for a request with %s the worker finds what a page has stored without, or not: %o', async (_what, headers, how) => {
  vi.stubGlobal('location', { origin: site.url, href: `${site.url}/` })
  const world = createWorld()
  vi.stubGlobal('navigator', { locks: navigator.locks, userAgent: 'Chromium/156' })
  for (const vary of ['User-Agent', 'Sec-CH-UA-Mobile', 'Sec-CH-UA, Sec-CH-UA-Mobile, User-Agent']) {
    const [one, other] = world.tabs<HttpEntry>(2)
    const { url } = site.page({ fields: { 'Cache-Control': 'max-age=60', Vary: vary } })
    await standOn(world, {}, one!.cache).text(url)
    await world.settle()
    expect((await standOn(world, {}, other!.cache).ask(url, { headers }))[1], vary).toBe(how)
  }
})

test('on a server, whose callers send what they like, the field counts', async () => {
  const { ask, text } = standOn(placeOf(TWO_TIERS))
  vi.stubGlobal('navigator', { userAgent: 'Chromium/156' })
  const { url } = site.page({ fields: { 'Cache-Control': 'max-age=60', Vary: 'User-Agent' } })
  await text(url)
  expect((await ask(url, { headers: CHROMIUM }))[1]).toBe('fwd=vary-miss; stored')
})

describe('a page whose own cache asks through the worker', () => {
  /** What `respondWith` hands to the page: the response inside, whose URL, where it has none, is that of the request (Fetch, "HTTP fetch"). */
  function respondWith(worker: CachedFetch): typeof fetch {
    const inside = (response: Response, name: 'url' | 'redirected'): unknown => Object.getOwnPropertyDescriptor(Response.prototype, name)!.get!.call(response)
    return async (input, init) => {
      const request = new Request(input, init)
      const response = await worker(request, undefined, fetchEvent())
      return Object.defineProperties(new Response(response.body, response), { url: { value: inside(response, 'url') || request.url }, redirected: { value: inside(response, 'redirected') } })
    }
  }

  test('follows a redirect to where it leads now', async () => {
    vi.stubGlobal('location', { origin: site.url, href: `${site.url}/` })
    const world = createWorld()
    const [one, other] = world.tabs<HttpEntry>(2)
    const worker = standOn(world, {}, one!.cache)
    const page = standOn(world, { fetch: respondWith(worker.fetch) }, other!.cache)
    const latest = site.page(FRESH)
    for (const body of ['first', 'second']) {
      const target = site.page({ fields: { 'Cache-Control': 'max-age=31536000, immutable' }, body })
      latest.answer = { status: 302, fields: { Location: target.url } }
      const response = await page.fetch(latest.url)
      expect([await response.text(), response.url, response.redirected]).toEqual([body, target.url, true])
      await world.settle()
    }
  })
})
