// Several responses of one URL: which of them answers, how many are kept, and when they go.

import { describe, expect, test } from 'vitest'
import type { CachedFetchOptions } from '../../src/http/index.ts'
import { placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { DAY, SECOND } from '../helpers/clock.ts'
import { long, serveSite, type Page } from './serving.ts'
import { keysOnDisk, NO_ROWS, rowsOnDisk, standOn, TIERS } from './standing.ts'

const site = serveSite()

/** Answers are told apart by these fields of the request. */
function varying(Vary: string, bodyOf = (text: string) => text): Page {
  return site.page(({ number }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary }, body: bodyOf(`v${number}`) }))
}

const headers = (fields: Record<string, string>): RequestInit => ({ headers: fields })

describe.each(TIERS)('$title', (arrangement) => {
  test.each<[vary: string, one: Record<string, string>, other: Record<string, string>, same: boolean]>([
    ['X-Kind', { 'X-Kind': 'a' }, { 'X-Kind': 'a' }, true],
    ['X-Kind', { 'X-Kind': 'a' }, { 'X-Kind': 'b' }, false],
    ['X-Kind', { 'X-Kind': 'a' }, { 'X-Kind': 'A' }, false],
    ['X-Kind', { 'X-Kind': 'a' }, {}, false],
    ['X-Kind', {}, { 'X-Kind': 'a' }, false],
    ['X-Kind', {}, { 'X-Kind': '' }, false],
    ['X-Kind', {}, { 'X-Other': 'a' }, true],
    ['x-kind', { 'X-KIND': 'a, b' }, { 'x-kind': ' a ,b ' }, true],
    ['X-Kind', { 'X-Kind': 'a, b' }, { 'X-Kind': 'b, a' }, false],
    ['X-Kind', { 'X-Kind': '"a, b"' }, { 'X-Kind': '"a,b"' }, false],
    ['Accept-Language', { 'Accept-Language': 'de, en' }, { 'Accept-Language': 'EN,de' }, true],
    ['Accept-Language', { 'Accept-Language': 'de' }, { 'Accept-Language': 'en' }, false],
    ['Accept', { Accept: 'text/html, a/b' }, { Accept: 'a/b,text/html' }, true],
    ['X-A, X-B', { 'X-A': '1', 'X-B': '2' }, { 'X-A': '1', 'X-B': '3' }, false],
    ['X-A, X-B', { 'X-A': '1x-b=2' }, { 'X-A': '1', 'X-B': '2' }, false],
    ['X-A, X-B', { 'X-A': '1' }, { 'X-B': '1' }, false],
    ['Cookies:', {}, {}, true],
    ['__proto__, constructor', {}, {}, true],
    [',, ,', { 'X-Kind': 'a' }, {}, true],
  ])('Vary: %s, of %o and %o: the same is %s', async (vary, one, other, same) => {
    const { text } = standOn(placeOf(arrangement))
    const page = varying(vary)
    expect([await text(page.url, headers(one)), await text(page.url, headers(other))]).toEqual(['v1', same ? 'v1' : 'v2'])
    if (!same) expect([await text(page.url, headers(one)), await text(page.url, headers(other))], 'both stay').toEqual(['v1', 'v2'])
  })

  test('when Vary changes, the latest that fits answers', async () => {
    const { text } = standOn(placeOf(arrangement))
    const page = varying('X-A')
    await text(page.url, headers({ 'X-A': '1', 'X-B': '1' }))
    page.answer = ({ number }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary: 'X-B' }, body: `v${number}` })
    expect(await text(page.url, headers({ 'X-A': '2', 'X-B': '1' }))).toBe('v2')
    expect(await text(page.url, headers({ 'X-A': '1', 'X-B': '1' }))).toBe('v2')
    expect(await text(page.url, headers({ 'X-A': '1', 'X-B': '2' }))).toBe('v1')
  })

  test('sixteen are kept, the latest; the bodies of those left out go with them', async () => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const page = varying('X-Kind', long)
    const kind = (number: number): RequestInit => headers({ 'X-Kind': `${number}` })
    for (let number = 1; number <= 20; number++) await standing.text(page.url, kind(number))
    if (arrangement.second === 'indexeddb') expect(await keysOnDisk(standing)).toHaveLength(1 + 16)
    page.visits()
    for (let number = 20; number > 4; number--) expect(await standing.text(page.url, kind(number))).toBe(long(`v${number}`))
    expect(page.visits()).toEqual([])
    expect(await standing.text(page.url, kind(1))).toBe(long('v21'))
    if (arrangement.second === 'indexeddb') expect(await keysOnDisk(standing)).toHaveLength(1 + 16)
  })

  test('a response without Vary is for those whom no other one is for (RFC 9111, section 4.1)', async () => {
    const { text } = standOn(placeOf(arrangement))
    const page = site.page(({ headers: { 'x-kind': kind } }) => ({ fields: { 'Cache-Control': 'max-age=60', ...(kind === 'a' && { Vary: 'X-Kind' }) }, body: `for ${kind}` }))
    for (const kind of ['a', 'b', 'a', 'b']) expect(await text(page.url, headers({ 'X-Kind': kind }))).toBe(`for ${kind}`)
    expect(page.visits()).toHaveLength(2)
  })

  test('it stays when one beside it is renewed', async () => {
    const place = placeOf(arrangement)
    const { text, ask } = standOn(place)
    const page = site.page(({ headers }) =>
      headers['x-kind']
        ? { status: headers['if-none-match'] ? 304 : 200, fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Kind', ETag: '"1"' }, body: 'for a' }
        : { fields: { 'Cache-Control': 'max-age=3600' }, body: 'for all' },
    )
    for (const fields of [{ 'X-Kind': 'a' }, {}]) await text(page.url, headers(fields as Record<string, string>))
    place.clock.advance(100 * SECOND)
    expect(await ask(page.url, headers({ 'X-Kind': 'a' }))).toEqual(['for a', 'fwd=stale; fwd-status=304'])
    expect(await ask(page.url)).toEqual(['for all', 'hit; ttl=3500'])
  })

  test('its own answer takes its place, also where that tells a Vary', async () => {
    const place = placeOf(arrangement)
    const { text } = standOn(place)
    const page = site.page({ fields: { 'Cache-Control': 'max-age=3600' }, body: 'old' })
    await text(page.url, headers({ 'X-Kind': 'a' }))
    page.answer = { fields: { 'Cache-Control': 'max-age=10, must-revalidate', Vary: 'X-Kind' }, body: 'new' }
    for (const kind of ['a', 'b', 'a']) {
      expect(await text(page.url, { ...headers({ 'X-Kind': kind }), cache: 'reload' })).toBe('new')
      place.clock.advance(20 * SECOND)
    }
    for (const kind of ['a', 'b']) expect(await text(page.url, headers({ 'X-Kind': kind }))).toBe('new')
  })

  test('where Vary is no longer told, what comes takes the place of what was stored for the request', async () => {
    const standing = standOn(placeOf(arrangement))
    const page = varying('X-Kind', long)
    await standing.text(page.url, headers({ 'X-Kind': 'a' }))
    page.answer = { fields: { 'Cache-Control': 'max-age=60' }, body: long('new') }
    await standing.text(page.url, { ...headers({ 'X-Kind': 'a' }), cache: 'reload' })
    for (const kind of ['a', 'b']) expect(await standing.text(page.url, headers({ 'X-Kind': kind }))).toBe(long('new'))
    if (arrangement.second === 'indexeddb') expect(await keysOnDisk(standing)).toHaveLength(2)
  })

  test('a variant that has ended leaves no body to a sweep, whatever came after it', async () => {
    const place = placeOf(arrangement)
    const standing = standOn(place, { offlineStale: false })
    const page = varying('X-Kind', long)
    await standing.text(page.url, headers({ 'X-Kind': 'a' }))
    place.clock.advance(30 * SECOND)
    await standing.text(page.url, headers({ 'X-Kind': 'b' }))
    place.clock.advance(31 * SECOND)
    await standing.text(page.url, headers({ 'X-Kind': 'c' }))
    await standing.cache.sweep()
    if (arrangement.second === 'indexeddb') expect((await keysOnDisk(standing)).filter((key) => key.includes('kind=a'))).toEqual([])
    expect(await standing.text(page.url, headers({ 'X-Kind': 'b' }))).toBe(long('v2'))
  })

  test('a 304 without Vary leaves a response to those it was chosen for, where Vary is not stored', async () => {
    const place = placeOf(arrangement)
    const { text } = standOn(place, { omitHeaders: ['vary'] })
    const page = site.page(({ headers }) => (headers['if-none-match'] ? { status: 304, fields: { 'Cache-Control': 'max-age=60' } } : { fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Api-Key', ETag: '"1"' }, body: headers['x-api-key']! }))
    const key = (key: string): RequestInit => ({ headers: { 'X-Api-Key': key } })
    await text(page.url, key('alice'))
    place.clock.advance(61 * SECOND)
    expect(await text(page.url, key('alice'))).toBe('alice')
    expect(await text(page.url, key('bob'))).toBe('bob')
  })
})

describe('when entries go', () => {
  test.each<[options: CachedFetchOptions, fields: Record<string, string>, seconds: number]>([
    [{ offlineStale: false }, { 'Cache-Control': 'max-age=60' }, 60],
    [{ offlineStale: false }, { 'Cache-Control': 'max-age=60, stale-while-revalidate=30' }, 90],
    [{ offlineStale: false }, { 'Cache-Control': 'max-age=60, stale-if-error=40' }, 100],
    [{ offlineStale: false }, { 'Cache-Control': 'max-age=60, stale-if-error=40, must-revalidate' }, 60],
    [{ offlineStale: false, staleIfError: 50_000 }, { 'Cache-Control': 'max-age=60, stale-if-error=40' }, 110],
    [{ offlineStale: false }, { 'Cache-Control': 'max-age=60', Age: '20' }, 40],
    [{ offlineStale: false }, { 'Cache-Control': 'max-age=60', ETag: '"1"' }, 60 + (30 * DAY) / SECOND],
    [{ offlineStale: false }, { 'Cache-Control': 'max-age=60, must-revalidate', ETag: '"1"' }, 60 + (30 * DAY) / SECOND],
    [{}, { 'Cache-Control': 'max-age=60' }, 60 + (30 * DAY) / SECOND],
    [{}, { 'Cache-Control': 'max-age=60, must-revalidate' }, 60],
  ])('%o, %o: after %i s a sweep frees all rows, and not before', async (options, fields, seconds) => {
    const place = placeOf(TWO_TIERS)
    const standing = standOn(place, options)
    for (const body of ['x', long('x')]) await standing.text(site.page({ fields, body }).url)
    expect(await rowsOnDisk(standing)).toMatchObject({ records: 3, expiry: 3 })
    place.clock.advance(seconds * SECOND - 1)
    await standing.cache.sweep()
    expect(await rowsOnDisk(standing)).toMatchObject({ records: 3, expiry: 3 })
    place.clock.advance(1)
    await standing.cache.sweep()
    expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
    expect(standing.cache.stats().memory).toMatchObject({ size: 0, weight: 0 })
  })

  test.each<[what: string, options: CachedFetchOptions, fields: Record<string, string>]>([
    ['no-store', {}, { 'Cache-Control': 'no-store' }],
    ['no time, no validator', { offlineStale: false }, { 'Cache-Control': 'max-age=0' }],
    ['no time, no validator, must-revalidate', {}, { 'Cache-Control': 'max-age=0, must-revalidate' }],
    ['no-cache without a validator', {}, { 'Cache-Control': 'no-cache' }],
  ])('what no request could be answered with is not stored: %s', async (_what, options, fields) => {
    const standing = standOn(placeOf(TWO_TIERS), options)
    await standing.text(site.page({ fields }).url)
    expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
  })
})

test('a Vary that is not stored itself counts', async () => {
  const { text } = standOn(placeOf(TWO_TIERS))
  const page = site.page(({ headers: { 'x-kind': kind } }) => ({ fields: { 'Cache-Control': 'max-age=60, no-cache="vary"', Vary: 'X-Kind' }, body: kind! }))
  for (const kind of ['a', 'b']) expect(await text(page.url, headers({ 'X-Kind': kind }))).toBe(kind)
})

describe('where the origin hides its Vary', () => {
  const hidden: typeof fetch = async (...args) => Object.defineProperty(await fetch(...args), 'type', { value: 'cors' })

  test.each<[what: string, one: Record<string, string>, other: Record<string, string>, same: boolean]>([
    ['a field more', {}, { 'X-Tenant': 'b' }, false],
    ['a field less', { 'X-Tenant': 'b' }, {}, false],
    ['a field of another value', { 'X-Tenant': 'a' }, { 'X-Tenant': 'b' }, false],
    ['another language', { 'Accept-Language': 'de' }, { 'Accept-Language': 'fr' }, false],
    ['the same in another order', { 'X-Tenant': 'a', Accept: 'b, a' }, { Accept: 'a, b', 'X-Tenant': 'a' }, true],
    ['what browsers add', {}, { Accept: '*/*', 'Sec-Fetch-Mode': 'cors', 'User-Agent': 'x', Range: 'bytes=0-' }, true],
  ])('requests are told apart by all that it may name: %s', async (_what, one, other, same) => {
    const { text, fetch: cached } = standOn(placeOf(TWO_TIERS), { fetch: hidden })
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: 'v' })
    await text(page.url, headers(one))
    const response = await cached(page.url, headers(other))
    expect(response.headers.get('cache-status')).toMatch(same ? / hit;/ : / fwd=vary-miss/)
  })
})

test('one that has ended does not stand in, whatever keeps the list', async () => {
  const place = placeOf(TWO_TIERS)
  const { fetch, text } = standOn(place)
  const page = varying('X-Kind')
  await text(page.url, headers({ 'X-Kind': 'a' }))
  for (let round = 0; round < 3; round++) {
    place.clock.advance(25 * DAY)
    await text(page.url, headers({ 'X-Kind': 'b' }))
  }
  page.answer = (_visit, response) => void response.destroy()
  await expect(fetch(page.url, headers({ 'X-Kind': 'a' }))).rejects.toThrow(TypeError)
  expect(await text(page.url, headers({ 'X-Kind': 'b' }))).toMatch(/^v/)
})

test('a 304 with another Vary, or other groups, keeps a long body', async () => {
  const place = placeOf(TWO_TIERS)
  const standing = standOn(place)
  const init = headers({ Accept: 'application/json' })
  const page = site.page(({ headers }) => ({ ...(headers['if-none-match'] && { status: 304 }), fields: { 'Cache-Control': 'max-age=60', ETag: '"1"', Vary: headers['if-none-match'] ? 'Origin' : 'Accept, Origin', 'Cache-Groups': headers['if-none-match'] ? '"b"' : '"a"' }, body: long('x') }))
  await standing.text(page.url, init)
  place.clock.advance(61_000)
  await standing.text(page.url, init)
  expect(await standing.ask(page.url, init)).toEqual([long('x'), 'hit; ttl=60'])
  await standing.fetch.invalidate({ group: 'b' })
  expect(await keysOnDisk(standing)).toEqual([])
})
