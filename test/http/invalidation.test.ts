// What unsafe requests remove (RFC 9111, section 4.4), groups (RFC 9875), and what the app removes itself.

import { afterEach, describe, expect, test, vi } from 'vitest'
import { createCachedFetch, type CachedFetchOptions, type HttpEntry, type InvalidateSelector } from '../../src/http/index.ts'
import { createCache } from '../../src/index.ts'
import { MEMORY_ALONE, NAME, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { deferred } from '../helpers/deferred.ts'
import { lookAtDisk } from '../helpers/indexed-db.ts'
import { FRESH, long, serveSite, type Page } from './serving.ts'
import { NO_ROWS, rowsOnDisk, standOn, TIERS, type Standing } from './standing.ts'

const site = serveSite()
/** Another origin. */
const elsewhere = serveSite()

/** Whether a page is still stored. */
async function isStored(standing: Standing, url: string, init?: RequestInit): Promise<boolean> {
  const response = await standing.fetch(url, { ...init, cache: 'only-if-cached', mode: 'same-origin' }).catch((error: unknown) => {
    if (!(error instanceof TypeError)) throw error
  })
  return !!response
}

/** Stored pages, and a request to one of them that is answered so. */
async function after(options: CachedFetchOptions, method: string, status: number, fieldsOf: (pages: { target: Page; other: Page; foreign: Page }) => Record<string, string>, groups: Record<string, string> = {}) {
  // Alone: one is asked for after another in a test.
  const standing = standOn(placeOf(MEMORY_ALONE), options)
  const [target, other, foreign] = [site.page(FRESH), site.page({ fields: { 'Cache-Control': 'max-age=60', ...groups } }), elsewhere.page({ fields: { 'Cache-Control': 'max-age=60', ...groups } })] as const
  for (const { url } of [target, other, foreign]) await standing.text(url)
  target.answer = { status, fields: fieldsOf({ target, other, foreign }) }
  await standing.fetch(target.url, { method, redirect: 'manual' })
  return { target: await isStored(standing, target.url), other: await isStored(standing, other.url), foreign: await isStored(standing, foreign.url) }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

const nothing = (): Record<string, string> => ({})

describe('an unsafe request', () => {
  test.each([
    ['POST', 200, false],
    ['POST', 201, false],
    ['PUT', 204, false],
    ['DELETE', 202, false],
    ['PATCH', 200, false],
    ['POST', 302, false],
    ['POST', 303, false],
    ['M-SEARCH', 200, false],
    ['POST', 400, true],
    ['POST', 404, true],
    ['DELETE', 409, true],
    ['PUT', 500, true],
    ['PATCH', 503, true],
    ['OPTIONS', 200, true],
    ['GET', 200, true],
    ['HEAD', 200, true],
  ])('%s, answered with %i: its URL stays stored: %s', async (method, status, stays) => {
    expect(await after({}, method, status, nothing)).toEqual({ target: stays, other: true, foreign: true })
  })

  test.each(['Location', 'Content-Location'])('%s of the same origin is removed as well, absolute or relative', async (name) => {
    for (const form of [(url: string) => url, (url: string) => new URL(url).pathname, (url: string) => `${url}#part`]) {
      expect(await after({}, 'POST', 201, ({ other }) => ({ [name]: form(other.url) }))).toEqual({ target: false, other: false, foreign: true })
    }
    expect(await after({}, 'POST', 201, ({ foreign }) => ({ [name]: foreign.url })), 'of another it is not').toEqual({ target: false, other: true, foreign: true })
    expect(await after({}, 'POST', 400, ({ other }) => ({ [name]: other.url })), 'nor after an error').toEqual({ target: true, other: true, foreign: true })
    for (const value of ['http://', 'http://[', '::', 'javascript:alert(1)', 'data:,x']) expect(await after({}, 'POST', 201, () => ({ [name]: value })), value).toEqual({ target: false, other: true, foreign: true })
  })

  test('removes its URL in browsers too that know no URL.canParse', async () => {
    vi.stubGlobal('URL', Object.assign(class extends URL {}, { canParse: undefined }))
    expect(await after({}, 'PUT', 200, nothing)).toMatchObject({ target: false, other: true })
  })

  test.each(TIERS)('$title: all variants go, and no row is left', async (arrangement) => {
    const standing = standOn(placeOf(arrangement))
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Kind', 'Cache-Groups': '"a"' } })
    for (const kind of ['1', '2', '3']) await standing.text(page.url, { headers: { 'X-Kind': kind } })
    await standing.fetch(page.url, { method: 'POST' })
    for (const kind of ['1', '2', '3']) expect(await isStored(standing, page.url, { headers: { 'X-Kind': kind } })).toBe(false)
    if (arrangement.second === 'indexeddb') expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
  })

  test('what was stored is gone for good: it does not stand in for an origin out of reach', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page(FRESH)
    await standing.text(page.url)
    await standing.fetch(page.url, { method: 'DELETE' })
    page.answer = (_visit, response) => void response.destroy()
    await expect(standing.fetch(page.url)).rejects.toThrow(TypeError)
  })

  test.each([
    ['307 to another URL', 307, 200],
    ['308 to another URL', 308, 200],
    ['303 to the list that it has changed', 303, 200],
    ['303 to a page that fails', 303, 500],
  ])('%s: both are removed', async (_what, status, end) => {
    const { text } = standOn(placeOf(TWO_TIERS))
    const list = site.page(FRESH)
    const item = site.page(FRESH)
    const before = [await text(list.url), await text(item.url)]
    expect(before).toEqual(['v1', 'v1'])
    item.answer = ({ method, number }) => (method === 'POST' ? { status, fields: { Location: list.url } } : { fields: { 'Cache-Control': 'max-age=60' }, body: `v${number}` })
    list.answer = ({ number }) => (number === 2 ? { status: end, body: 'done' } : { fields: { 'Cache-Control': 'max-age=60' }, body: `v${number}` })
    expect(await text(item.url, { method: 'POST', body: 'x' })).toBe('done')
    expect([await text(list.url), await text(item.url)]).toEqual(['v3', 'v3'])
  })

  test('another origin to which it was redirected has no say in groups of this one', async () => {
    const { fetch } = standOn(placeOf(TWO_TIERS))
    const own = site.page({ fields: { 'Cache-Control': 'max-age=60', 'Cache-Groups': '"a"' } })
    await (await fetch(own.url)).text()
    const target = elsewhere.page({ fields: { 'Cache-Group-Invalidation': '"a"' } })
    const from = site.page({ status: 307, fields: { Location: target.url } })
    expect((await fetch(from.url, { method: 'POST', body: 'x' })).url).toBe(target.url)
    expect(own.visits()).toHaveLength(1)
    await (await fetch(own.url)).text()
    expect(own.visits()).toEqual([])
  })

  test('another partition keeps what it has', async () => {
    let user = 'alice'
    const standing = standOn(placeOf(TWO_TIERS), { partition: () => user })
    const page = site.page(FRESH)
    for (user of ['alice', 'bob']) await standing.text(page.url)
    await standing.fetch(page.url, { method: 'PUT' })
    expect(await isStored(standing, page.url)).toBe(false)
    user = 'alice'
    expect(await isStored(standing, page.url)).toBe(true)
  })

  test('the query is of the URL', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page(FRESH)
    const urls = ['', '?a=1', '?a=2', '/below'].map((rest) => page.url + rest)
    for (const url of urls) await standing.text(url)
    await standing.fetch(urls[1]!, { method: 'POST' })
    expect(await Promise.all(urls.map((url) => isStored(standing, url)))).toEqual([true, false, true, true])
  })
})

describe('groups', () => {
  const GROUPS = { 'Cache-Groups': '"a", "b c"' }

  test.each<[told: string, removed: boolean]>([
    ['"a"', true],
    ['"b c"', true],
    ['"x", "a";p=1', true],
    ['"A"', false],
    ['"x"', false],
    ['"b", "c"', false],
    ['a', false],
    ['""', false],
    ['"a', false],
  ])('Cache-Group-Invalidation: %s removes members of "a", "b c": %s', async (told, removed) => {
    const fields = () => ({ 'Cache-Group-Invalidation': told })
    expect(await after({}, 'POST', 200, fields, GROUPS)).toEqual({ target: false, other: !removed, foreign: true })
    expect(await after({}, 'POST', 404, fields, GROUPS), 'an error removes nothing').toEqual({ target: true, other: true, foreign: true })
    expect(await after({}, 'GET', 200, fields, GROUPS), 'a safe request neither').toMatchObject({ other: true, foreign: true })
    expect(await after({}, 'OPTIONS', 200, fields, GROUPS)).toMatchObject({ other: true, foreign: true })
  })

  test('those of the app have no origin: it names them itself', async () => {
    const options: CachedFetchOptions = { groups: ({ headers }) => [`type ${headers.get('cache-control')}`], invalidates: ({ method }) => [`${method}`, 'type max-age=60'] }
    expect(await after(options, 'POST', 200, nothing)).toEqual({ target: false, other: false, foreign: false })
    expect(await after(options, 'POST', 500, nothing)).toEqual({ target: true, other: true, foreign: true })
    const byRequest: CachedFetchOptions = { groups: ({ url }) => [new URL(url).port], invalidates: ({ url }) => [new URL(url).port] }
    expect(await after(byRequest, 'POST', 200, nothing)).toEqual({ target: false, other: false, foreign: true })
  })

  test('where the app cannot name them, the answer stands, what it says itself is removed, and the error is reported', async () => {
    const thrown: unknown[] = []
    vi.stubGlobal('reportError', (error: unknown) => void thrown.push(error))
    const error = new Error('no such group')
    const options: CachedFetchOptions = {
      invalidates: () => {
        throw error
      },
    }
    expect(await after(options, 'POST', 200, () => ({ 'Cache-Group-Invalidation': '"a"' }), GROUPS)).toEqual({ target: false, other: false, foreign: true })
    expect(thrown).toEqual([error])
  })

  test.each([500, 304])('where the app cannot name those of an answer with status %i, the answer stands and the error is reported', async (status) => {
    const thrown: unknown[] = []
    vi.stubGlobal('reportError', (error: unknown) => void thrown.push(error))
    const place = placeOf(TWO_TIERS)
    const { fetch, ask } = standOn(place, { groups: ({ headers }) => headers.get('x-groups')!.split(' ') })
    const stored = { 'Cache-Control': 'max-age=60', ETag: '"1"' }
    const page = site.page({ fields: { ...stored, 'X-Groups': 'a b' }, body: 'stored' })
    await ask(page.url)
    place.clock.advance(61_000)
    page.answer = { status, fields: stored, body: 'sorry' }
    const response = await fetch(page.url)
    expect([response.status, await response.text()]).toEqual(status === 304 ? [200, 'stored'] : [status, 'sorry'])
    expect(thrown).toEqual([expect.any(TypeError)])
    if (status === 304) expect((await ask(page.url))[1], 'it is confirmed').toBe('hit; ttl=60')
  })

  test('the response does not name groups of the app', async () => {
    const options: CachedFetchOptions = { groups: () => ['mine'] }
    expect(await after(options, 'POST', 200, () => ({ 'Cache-Group-Invalidation': '"mine"' }))).toMatchObject({ other: true, foreign: true })
  })

  test('a 304 keeps them', async () => {
    const place = placeOf(TWO_TIERS)
    const standing = standOn(place)
    const page = site.page(({ headers }) => (headers['if-none-match'] ? { status: 304, fields: { 'Cache-Control': 'max-age=60' } } : { fields: { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Cache-Groups': '"a"' } }))
    await standing.text(page.url)
    place.clock.advance(61_000)
    await standing.text(page.url)
    await standing.fetch.invalidate({ group: 'a' })
    expect(await isStored(standing, page.url)).toBe(false)
  })

  test('a 304 adds to them', async () => {
    const place = placeOf(TWO_TIERS)
    const standing = standOn(place)
    const page = site.page(({ headers }) => ({ ...(headers['if-none-match'] && { status: 304 }), fields: { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Cache-Groups': headers['if-none-match'] ? '"b"' : '"a"' } }))
    for (const group of ['a', 'b']) {
      await standing.text(page.url)
      place.clock.advance(61_000)
      await standing.text(page.url)
      await standing.fetch.invalidate({ group })
      expect(await isStored(standing, page.url)).toBe(false)
    }
  })

  test.each(['"a"', '"b"'])('a 304 with %s, asked for before the stored group was invalidated, brings nothing back', async (groups) => {
    const standing = standOn(placeOf(TWO_TIERS))
    const gate = deferred()
    const page = site.page(async ({ number }) => {
      if (number !== 2) return { fields: { 'Cache-Control': 'max-age=0', ETag: '"1"', 'Cache-Groups': '"a"' }, body: `v${number}` }
      await gate.promise
      return { status: 304, fields: { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Cache-Groups': groups } }
    })
    await standing.text(page.url)
    await page.visit()
    const asking = standing.text(page.url)
    await page.visit()
    await standing.fetch.invalidate({ group: 'a' })
    gate.resolve()
    await asking
    expect(await standing.text(page.url)).toBe('v3')
  })

  test('of several variants each has its own, and one that goes by its group leaves nothing of the others stale', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page(({ headers, number }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Kind', 'Cache-Groups': `"${headers['x-kind']}"` }, body: `${headers['x-kind']} ${number}` }))
    for (const kind of ['a', 'b']) await standing.text(page.url, { headers: { 'X-Kind': kind } })
    await standing.fetch.invalidate({ group: 'a' })
    expect(await isStored(standing, page.url, { headers: { 'X-Kind': 'a' } })).toBe(false)
    expect(await standing.text(page.url, { headers: { 'X-Kind': 'b' } })).toMatch(/^b [23]$/)
  })
})

describe('invalidate', () => {
  const isLong = (path: string): boolean => path.includes('/a')

  async function stored(): Promise<{ standing: Standing; page: Page; left(): Promise<Record<string, boolean>> }> {
    let user = 'me'
    const standing = standOn(placeOf(TWO_TIERS), { partition: () => user })
    const page = site.page(({ path }) => ({ fields: { 'Cache-Control': 'max-age=60', 'Cache-Groups': '"g"' }, body: isLong(path) ? long('x') : 'x' }))
    const paths = ['', '/a', '/a?q', '/ab', '/b']
    for (user of ['you', 'me']) for (const path of paths) await standing.text(page.url + path)
    return {
      standing,
      page,
      async left() {
        const found: Record<string, boolean> = {}
        for (user of ['me', 'you']) for (const path of paths) found[`${user} ${path}`] = await isStored(standing, page.url + path)
        user = 'me'
        return found
      },
    }
  }

  test.each<[what: string, select: (url: string) => InvalidateSelector, gone: readonly string[]]>([
    ['a URL', (url) => ({ url: `${url}/a` }), ['me /a']],
    ['a URL with a fragment', (url) => ({ url: `${url}/a#part` }), ['me /a']],
    ['a URL object', (url) => ({ url: new URL(`${url}/a?q`) }), ['me /a?q']],
    ['a URL of another partition', (url) => ({ url: `${url}/a`, partition: 'you' }), ['you /a']],
    ['a URL of a partition that there is not', (url) => ({ url: `${url}/a`, partition: 'm' }), []],
    ['a prefix', (url) => ({ prefix: `${url}/a` }), ['me /a', 'me /a?q', 'me /ab']],
    ['a prefix object', (url) => ({ prefix: new URL(`${url}/`) }), ['me /a', 'me /a?q', 'me /ab', 'me /b']],
    ['a prefix of another partition', (url) => ({ prefix: `${url}/b`, partition: 'you' }), ['you /b']],
    ['a group', () => ({ group: 'g' }), ['me ', 'me /a', 'me /a?q', 'me /ab', 'me /b']],
    ['a group of another partition', () => ({ group: 'g', partition: 'you' }), ['you ', 'you /a', 'you /a?q', 'you /ab', 'you /b']],
    ['a group that there is not', () => ({ group: 'G' }), []],
    ['a partition', () => ({ partition: 'you' }), ['you ', 'you /a', 'you /a?q', 'you /ab', 'you /b']],
  ])('%s', async (_what, select, gone) => {
    const { standing, page, left } = await stored()
    await standing.fetch.invalidate(select(page.url))
    await standing.cache.flush()
    const found = Object.entries(await left())
    expect(found.flatMap(([what, is]) => (is ? [] : [what]))).toEqual(gone)
    const rows = found.flatMap(([what, is]) => (is ? (isLong(what) ? ['list', 'body'] : ['both']) : []))
    expect((await lookAtDisk(NAME)).records).toHaveLength(rows.length)
  })

  test.each<InvalidateSelector>([{ url: 'http://' }, { prefix: 'http://[' }, { url: 'http://x/', partition: 'a\0b' }, { group: 'g', partition: 7 as never }, 'http://x/' as never, undefined as never, new URL('http://x/') as never, {}, { url: undefined } as never, { uri: 'http://x/' } as never])('%o is refused', async (selector) => {
    const { standing, left } = await stored()
    await expect(standing.fetch.invalidate(selector)).rejects.toThrow(TypeError)
    expect(Object.values(await left())).not.toContain(false)
  })
})

test.each<[what: string, headers: Record<string, string>, types: string[]]>([
  ['its URL', {}, ['delete', 'deletePrefix']],
  ['its URL, also if it is named', { location: '/item', 'content-location': '/item' }, ['delete', 'deletePrefix']],
  ['a group, also if it is named twice', { 'cache-group-invalidation': '"a", "a"' }, ['delete', 'deletePrefix', 'deleteTag']],
])('a POST removes once: %s', async (_what, headers, types) => {
  const cache = createCache<HttpEntry>()
  const removed: string[] = []
  cache.subscribe(({ type }) => void removed.push(type))
  await createCachedFetch(cache, { fetch: async () => new Response('done', { headers }) })('http://origin.test/item', { method: 'POST' })
  expect(removed).toEqual(types)
})
