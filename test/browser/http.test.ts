// A cachedFetch in a page, and the page's own origin.

import { expect, test } from 'vitest'
import { createCachedFetch, type HttpEntry } from '../../src/http/index.ts'
import { createCache } from '../../src/index.ts'
import { clock, howOf, openPlace, openReader, type Place } from './support/http.ts'

const MINUTE_FRESH = { 'cache-control': 'max-age=60' }

const methodsIn = async (place: Place): Promise<string[]> => (await place.visits()).map(({ method }) => method)

test('the second answer comes from memory, and the first of a page that comes later from disk', async () => {
  const place = await openPlace({ fields: MINUTE_FRESH })
  const page = openReader()
  expect(await page.read(place.url)).toEqual({ text: 'v1', how: 'fwd=uri-miss; stored' })
  expect(await page.read(place.url)).toEqual({ text: 'v1', how: 'hit; ttl' })
  await page.cache.flush()
  const later = openReader()
  expect(await later.read(place.url)).toEqual({ text: 'v1', how: 'hit; ttl' })
  expect(page.cache.stats().memory.hits).toBeGreaterThan(0)
  expect(later.cache.stats()).toMatchObject({ memory: { hits: 0 }, store: { hits: 1 } })
  expect(await methodsIn(place)).toEqual(['GET'])
})

test('an answer from the cache is a Response, with the fields that are not of the connection, and Age and Cache-Status', async () => {
  const place = await openPlace({ fields: { ...MINUTE_FRESH, 'x-kind': 'a, b' } })
  const { fetch: cachedFetch } = openReader()
  const first = await cachedFetch(place.url)
  await first.text()
  const second = await cachedFetch(place.url)
  expect(howOf(second)).toBe('hit; ttl')
  const fields = { ...MINUTE_FRESH, 'content-type': 'text/plain', 'content-length': '2', etag: '"v1"', 'x-kind': 'a, b' }
  expect(Object.fromEntries(second.headers)).toEqual({ ...fields, age: expect.stringMatching(/^\d+$/), 'cache-status': expect.stringMatching(/^bestbefore;/) })
  const blob = await second.clone().blob()
  expect([second instanceof Response, second.clone().url, blob.type, await blob.text()]).toEqual([true, place.url, 'text/plain', 'v1'])
  expect(second).toMatchObject({ url: place.url, ok: true, status: 200, statusText: first.statusText, redirected: false, bodyUsed: false })
})

test('a relative URL counts from where the page is now', async () => {
  const origin: typeof fetch = async (request) => new Response((request as Request).url, { headers: MINUTE_FRESH })
  const cachedFetch = createCachedFetch(createCache<HttpEntry>(), { fetch: origin })
  const read = async (): Promise<string> => (await cachedFetch('item')).text()
  const before = new URL('item', document.baseURI).href
  expect([await read(), await read()]).toEqual([before, before])
  const base = document.createElement('base')
  base.href = '/elsewhere/'
  document.head.append(base)
  try {
    const after = `${location.origin}/elsewhere/item`
    expect([await read(), await read()]).toEqual([after, after])
  } finally {
    base.remove()
  }
  expect(await read()).toBe(before)
})

test('a stale answer is asked about by its validator, and a 304 makes it fresh', async () => {
  const place = await openPlace({ fields: MINUTE_FRESH })
  const { read } = openReader()
  await read(place.url)
  clock.advance(61_000)
  expect(await read(place.url)).toEqual({ text: 'v1', how: 'fwd=stale; fwd-status=304' })
  expect(await read(place.url)).toEqual({ text: 'v1', how: 'hit; ttl' })
  expect((await place.visits()).map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v1"'])
})

test('requests in flight at once are one', async () => {
  const place = await openPlace({ fields: MINUTE_FRESH, sends: 'half' })
  const { read } = openReader()
  const reading = [read(place.url), read(place.url), read(place.url)]
  await place.answer({ sends: 'all' })
  expect((await Promise.all(reading)).map(({ text }) => text)).toEqual(['v1', 'v1', 'v1'])
  expect(await methodsIn(place)).toEqual(['GET'])
})

interface ModeCase {
  readonly cache: RequestCache
  readonly stored: 'fresh' | 'stale'
  readonly text: string
  readonly how: string
  /** What is stored then. */
  readonly after: string
}

const MODES: readonly ModeCase[] = [
  { cache: 'default', stored: 'fresh', text: 'v1', how: 'hit; ttl', after: 'v1' },
  { cache: 'default', stored: 'stale', text: 'v2', how: 'fwd=stale; stored', after: 'v2' },
  { cache: 'no-store', stored: 'fresh', text: 'v2', how: 'fwd=bypass', after: 'v1' },
  { cache: 'reload', stored: 'fresh', text: 'v2', how: 'fwd=request; stored', after: 'v2' },
  { cache: 'no-cache', stored: 'fresh', text: 'v2', how: 'fwd=request; stored', after: 'v2' },
  { cache: 'force-cache', stored: 'fresh', text: 'v1', how: 'hit; ttl', after: 'v1' },
  { cache: 'force-cache', stored: 'stale', text: 'v1', how: 'hit; ttl', after: 'v1' },
  { cache: 'only-if-cached', stored: 'fresh', text: 'v1', how: 'hit; ttl', after: 'v1' },
  { cache: 'only-if-cached', stored: 'stale', text: 'v1', how: 'hit; ttl', after: 'v1' },
]

test.each(MODES)('of a changed resource a request $cache gets $text where its older version is stored, $stored', async ({ cache, stored, text, how, after }) => {
  const place = await openPlace({ fields: MINUTE_FRESH })
  const { read } = openReader()
  await read(place.url)
  await place.visits()
  await place.answer({ version: 2 })
  if (stored === 'stale') clock.advance(61_000)
  expect(await read(place.url, { cache, mode: 'same-origin' })).toEqual({ text, how })
  expect(await methodsIn(place)).toEqual(text === 'v1' ? [] : ['GET'])
  expect(await read(place.url, { cache: 'force-cache' })).toMatchObject({ text: after })
})

test('only-if-cached of what is not there is a TypeError, as in fetch', async () => {
  const place = await openPlace()
  const init = { cache: 'only-if-cached', mode: 'same-origin' } as const
  await expect(openReader().read(place.url, init)).rejects.toThrow(TypeError)
  expect(await methodsIn(place)).toEqual([])
})

test('what a redirect led to answers for itself, and not for where it came from', async () => {
  const first = await openPlace({ fields: MINUTE_FRESH })
  const second = await openPlace({ version: 2, fields: MINUTE_FRESH })
  const latest = await openPlace({ status: 302, fields: { location: first.url } })
  const { fetch: cachedFetch, read } = openReader()
  const followed = await cachedFetch(latest.url)
  expect(followed).toMatchObject({ redirected: true, url: first.url })
  await followed.text()
  expect(await read(first.url)).toEqual({ text: 'v1', how: 'hit; ttl' })
  await latest.answer({ fields: { location: second.url } })
  expect(await read(latest.url)).toMatchObject({ text: 'v2' })
  expect(await methodsIn(latest)).toEqual(['GET', 'GET'])
  expect(await methodsIn(first)).toEqual(['GET'])
})

test('a body comes as it is sent', async () => {
  const place = await openPlace({ fields: { ...MINUTE_FRESH, 'content-type': 'application/octet-stream' }, sends: 'half' })
  const { fetch: cachedFetch, read } = openReader()
  const body = (await cachedFetch(place.url)).body!.pipeThrough(new TextDecoderStream()).getReader()
  expect(await body.read()).toEqual({ done: false, value: 'v' })
  await place.answer({ sends: 'all' })
  expect(await body.read()).toEqual({ done: false, value: '1' })
  expect(await body.read()).toMatchObject({ done: true })
  expect(await read(place.url)).toEqual({ text: 'v1', how: 'hit; ttl' })
})

test.each(['default', 'no-store'] as const)('who aborts while the body of a request %s comes gets an AbortError, and nothing is stored', async (cache) => {
  const place = await openPlace({ fields: MINUTE_FRESH, sends: 'half' })
  const { fetch: cachedFetch, read } = openReader()
  const controller = new AbortController()
  const response = await cachedFetch(place.url, { signal: controller.signal, cache })
  const clone = response.clone()
  controller.abort()
  await expect(response.text()).rejects.toMatchObject({ name: 'AbortError' })
  await expect(clone.arrayBuffer(), 'of a clone').rejects.toMatchObject({ name: 'AbortError' })
  await place.answer({ sends: 'all', version: 2 })
  expect(await read(place.url)).toEqual({ text: 'v2', how: 'fwd=uri-miss; stored' })
})

test.each(['default', 'no-store'] as const)('a body of a request %s that breaks off is an error, as in fetch, and is not stored', async (cache) => {
  const place = await openPlace({ fields: MINUTE_FRESH, sends: 'half' })
  const { fetch: cachedFetch, read } = openReader()
  const response = await cachedFetch(place.url, { cache })
  const clone = response.clone()
  await place.answer({ sends: 'nothing' })
  await expect(response.text()).rejects.toThrow(TypeError)
  await expect(clone.arrayBuffer(), 'of a clone').rejects.toThrow(TypeError)
  await place.answer({ sends: 'all', version: 2 })
  expect(await read(place.url)).toEqual({ text: 'v2', how: 'fwd=uri-miss; stored' })
})

test('a stale answer stands in for an origin that is gone; without one it is a TypeError, as in fetch', async () => {
  const place = await openPlace({ fields: MINUTE_FRESH })
  const { read } = openReader()
  await read(place.url)
  clock.advance(61_000)
  await place.answer({ sends: 'nothing' })
  expect(await read(place.url)).toEqual({ text: 'v1', how: 'fwd=stale; detail=offline' })
  const never = await openPlace({ sends: 'nothing' })
  await expect(read(never.url)).rejects.toThrow(TypeError)
})

test('a POST invalidates what every page has in memory', async () => {
  const place = await openPlace({ fields: MINUTE_FRESH })
  const [one, other] = [openReader(), openReader()]
  await one.read(place.url)
  await one.cache.flush()
  await other.read(place.url)
  await place.answer({ version: 2 })
  const form = new FormData()
  form.set('field', 'value')
  expect(await one.read(place.url, { method: 'POST', body: form })).toEqual({ text: 'v2', how: 'fwd=method' })
  expect(await one.read(place.url)).toEqual({ text: 'v2', how: 'fwd=uri-miss; stored' })
  await expect.poll(() => other.read(place.url)).toEqual({ text: 'v2', how: 'hit; ttl' })
  expect(await methodsIn(place)).toEqual(['GET', 'POST', 'GET'])
})

test('what is not http goes by', async () => {
  const { fetch: cachedFetch, cache } = openReader()
  const url = URL.createObjectURL(new Blob(['of a blob']))
  const response = await cachedFetch(url)
  expect([response.headers.get('cache-status'), await response.text()]).toEqual([null, 'of a blob'])
  expect(await (await cachedFetch('data:text/plain,of%20a%20URL')).text()).toBe('of a URL')
  expect(await cache.size()).toBe(0)
  URL.revokeObjectURL(url)
})
