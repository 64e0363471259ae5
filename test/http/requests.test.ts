// What a request that is asked of the origin keeps of the one that was asked for.

import { afterEach, expect, test, vi } from 'vitest'
import { placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { FRESH, serveSite, type Answering } from './serving.ts'
import { as, cacheStatusOf, standOn } from './standing.ts'

const site = serveSite()

afterEach(() => void vi.unstubAllGlobals())

function noting(): { sent: Request[]; fetch: typeof fetch } {
  const sent: Request[] = []
  return { sent, fetch: (input, init) => (sent.push(input as Request), fetch(input, init)) }
}

test.each<[what: 'referrer' | 'referrerPolicy', init: RequestInit]>([
  ['referrerPolicy', { referrerPolicy: 'no-referrer' }],
  ['referrer', { referrer: '' }],
  ['referrer', {}],
])('%s of %o', async (what, init) => {
  const { sent, fetch } = noting()
  const page = site.page(FRESH)
  await standOn(placeOf(TWO_TIERS), { fetch }).text(page.url, init)
  expect(sent.map((request) => request[what])).toEqual([new Request(page.url, init)[what]])
})

test('mode same-origin is refused by fetch for another origin, whatever is stored', async () => {
  vi.stubGlobal('location', { origin: 'http://page.example', href: 'http://page.example/' })
  const { sent, fetch } = noting()
  const standing = standOn(placeOf(TWO_TIERS), { fetch })
  const page = site.page(FRESH)
  await standing.text(page.url)
  expect(cacheStatusOf(await standing.fetch(page.url, { mode: 'same-origin' }))).toBe('')
  expect(sent.at(-1)).toMatchObject({ mode: 'same-origin', cache: 'default' })
})

test('of the page’s own origin none that could have been stored goes through the browser’s HTTP cache', async () => {
  vi.stubGlobal('location', { origin: site.url, href: `${site.url}/` })
  const { sent, fetch } = noting()
  const standing = standOn(placeOf(TWO_TIERS), { fetch })
  const page = site.page(FRESH)
  await Promise.all(['alice', 'bob', 'carol', 'dave'].map((user) => standing.text(page.url, as(user))))
  expect(sent.map(({ cache }) => cache)).toEqual(['no-store', 'no-store', 'no-store', 'no-store'])
})

test('a sandboxed page has no origin of its own, so its server is another: it is asked through the browser’s HTTP cache, without a preflight', async () => {
  vi.stubGlobal('location', { origin: site.url, href: `${site.url}/` })
  vi.stubGlobal('origin', 'null')
  const { sent, fetch } = noting()
  const { text } = standOn(placeOf(TWO_TIERS), { fetch })
  const page = site.page({ fields: { 'Cache-Control': 'max-age=0', ETag: '"v1"' } })
  for (let call = 0; call < 2; call++) await text(page.url)
  expect(sent.map(({ cache, headers }) => [cache, headers.get('if-none-match')])).toEqual([['no-cache', null], ['no-cache', null]])
})

test.each(['http://other.test', 7, undefined])('a page’s own global variable `origin`, %o, does not count', async (origin) => {
  vi.stubGlobal('location', { origin: site.url, href: `${site.url}/` })
  vi.stubGlobal('origin', origin)
  const { sent, fetch } = noting()
  await standOn(placeOf(TWO_TIERS), { fetch }).text(site.page(FRESH).url)
  expect(sent[0]!.cache, 'as on the page’s own origin').toBe('no-store')
})

test('a frame by srcdoc has the origin of its page', async () => {
  vi.stubGlobal('location', { origin: 'null', href: 'about:srcdoc' })
  vi.stubGlobal('origin', site.url)
  const { sent, fetch } = noting()
  await standOn(placeOf(TWO_TIERS), { fetch }).text(site.page(FRESH).url)
  expect(sent[0]!.cache).toBe('no-store')
})

test('on a server, where the fetch below may be a framework’s with a cache of its own, a request keeps its mode unless it asks about what is stored', async () => {
  const { sent, fetch } = noting()
  const place = placeOf(TWO_TIERS)
  const { text } = standOn(place, { fetch })
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60', ETag: '"1"' } })
  for (const cache of ['default', 'no-cache', 'reload', 'force-cache'] as const) await text(page.url, { cache })
  place.clock.advance(61_000)
  await text(page.url)
  expect(sent.map(({ cache }) => cache)).toEqual(['default', 'no-cache', 'reload', 'force-cache'])
})

test('one cachedFetch may lie over another', async () => {
  const place = placeOf(TWO_TIERS)
  const { text } = standOn(place, { fetch: standOn(place, {}, place.open({ name: 'other' })).fetch as typeof fetch })
  const page = site.page(FRESH)
  for (const body of ['v1', 'v2', 'v3']) {
    expect(await text(page.url)).toBe(body)
    place.clock.advance(61_000)
  }
})

/** Its query, and who asks. */
const echo: Answering = ({ path, headers }) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: `${path.replace(/^[^?]*/, '')} ${headers['authorization'] ?? 'nobody'}` })

test('a URL object may change after the call', async () => {
  const { fetch, text } = standOn(placeOf(TWO_TIERS))
  const page = site.page(echo)
  const url = new URL(page.url)
  const asking = [1, 2, 3].map((number) => {
    url.searchParams.set('page', String(number))
    return fetch(url).then((response) => response.text())
  })
  expect(await Promise.all(asking)).toEqual(['?page=1 nobody', '?page=2 nobody', '?page=3 nobody'])
  expect(await text(`${page.url}?page=1`)).toBe('?page=1 nobody')
})

test.each([['an object', () => ({ Authorization: 'alice' })], ['Headers', () => new Headers({ Authorization: 'alice' })], ['pairs', () => [['Authorization', 'alice']]]])('header fields may change after the call: %s', async (_what, make) => {
  const { text } = standOn(placeOf(TWO_TIERS))
  const page = site.page(echo)
  const headers = make() as never
  const asking = text(page.url, { headers })
  if ((headers as object) instanceof Headers) (headers as Headers).set('Authorization', 'bob')
  else if (Array.isArray(headers)) (headers as string[][])[0]![1] = 'bob'
  else (headers as Record<string, string>)['Authorization'] = 'bob'
  expect(await asking).toBe(' alice')
  expect(await text(page.url, { headers: { Authorization: 'alice' } })).toBe(' alice')
})

test('a Request’s fields may change after the call', async () => {
  const { fetch } = standOn(placeOf(TWO_TIERS))
  const page = site.page(echo)
  const request = new Request(page.url, { headers: { Authorization: 'alice' } })
  const asking = fetch(request)
  request.headers.set('Authorization', 'bob')
  expect(await (await asking).text()).toBe(' alice')
})

/** What reaches the network of a call: as much as plain `fetch` sends. */
async function sent(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<unknown[]> {
  const seen: unknown[] = []
  const standing = standOn(placeOf(TWO_TIERS), {
    async fetch(given) {
      const { method, url, credentials, redirect, headers } = given as Request
      seen.push(method, url, await (given as Request).text(), headers.get('x-a'), credentials, redirect)
      return new Response('ok')
    },
  })
  await (await standing.fetch(input, init)).text()
  return seen
}

test('an init whose members are getters of a class is sent as fetch sends it', async () => {
  class Posting {
    get method() { return 'POST' }
    get body() { return 'x' }
    get headers() { return { 'X-A': '1' } }
    get credentials() { return 'omit' as const }
    get redirect() { return 'manual' as const }
  }
  expect(await sent('http://a.test/', new Posting())).toEqual(['POST', 'http://a.test/', 'x', '1', 'omit', 'manual'])
})

test('a Request of another realm, or from before Request was replaced, is sent as fetch sends it', async () => {
  vi.stubGlobal('location', { origin: 'http://a.test', href: 'http://a.test/page' })
  const request = new Request('http://a.test/1', { method: 'POST', body: 'x', headers: { 'X-A': '1' }, credentials: 'omit' })
  vi.stubGlobal('Request', class extends Request {})
  expect(await sent(request)).toEqual(['POST', 'http://a.test/1', 'x', '1', 'omit', 'follow'])
})
