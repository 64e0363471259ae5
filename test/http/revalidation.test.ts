// Asking about what is stored: what goes out, what a 304 and the answer to HEAD change, and what is written for it.

import { describe, expect, test } from 'vitest'
import type { CachedFetchOptions, HttpEntry } from '../../src/http/index.ts'
import { ALL_FROM_DISK, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { DAY, SECOND } from '../helpers/clock.ts'
import { deferred } from '../helpers/deferred.ts'
import { createPlainStore } from '../store/plain-store.ts'
import { BROKEN, long, serveSite, type Page } from './serving.ts'
import { as, reload, rowsOnDisk, standOn, TIERS, type Standing } from './standing.ts'

const site = serveSite()
const MINUTE = { 'Cache-Control': 'max-age=60' }

/** The keys of bodies. */
async function bodyKeys({ cache }: Standing): Promise<string[]> {
  const keys: string[] = []
  for await (const [key, value] of cache.entries()) if (!Array.isArray(value)) keys.push(key)
  return keys
}

/** Conditions that a page was asked with since the last look. */
function conditions(page: Page): (readonly [ifNoneMatch: string | undefined, ifModifiedSince: string | undefined])[] {
  return page.visits().map(({ headers }) => [headers['if-none-match'], headers['if-modified-since']])
}

describe.each(TIERS)('$title', (arrangement) => {
  test('a 304 changes and adds fields, and leaves those of the body', async () => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const page = site.page({ fields: { ...MINUTE, ETag: '"1"', 'X-Kept': 'kept', 'X-Changed': 'old', 'Content-Language': 'de', 'Content-Type': 'text/plain' }, body: 'stored' })
    await standing.text(page.url)
    place.clock.advance(61 * SECOND)
    page.answer = { status: 304, fields: { 'Cache-Control': 'max-age=120', ETag: '"1"', 'X-Changed': 'new', 'X-Added': 'added', 'Content-Length': '99', 'Content-Range': 'bytes 0-1/2', Connection: 'keep-alive, X-Hop', 'X-Hop': 'hop', Age: '3' } }
    for (const round of ['confirmed', 'stored']) {
      const response = await standing.fetch(page.url)
      expect([response.status, await response.text()], round).toEqual([200, 'stored'])
      const names = ['x-kept', 'x-changed', 'x-added', 'content-length', 'content-range', 'x-hop', 'content-language', 'cache-control', 'age']
      expect(names.map((name) => response.headers.get(name)), round).toEqual(['kept', 'new', 'added', '6', null, round === 'stored' ? null : 'hop', 'de', 'max-age=120', '3'])
    }
    place.clock.advance(116 * SECOND)
    expect(await standing.ask(page.url), 'and is as fresh as it says').toEqual(['stored', 'hit; ttl=1'])
    if (arrangement.second === 'nothing') return
    const next = await reload(place, standing)
    const response = await next.fetch(page.url)
    expect([await response.text(), response.headers.get('x-changed'), response.headers.get('age')]).toEqual(['stored', 'new', '119'])
  })

  test.each<[what: string, fields: Record<string, string>, condition: readonly [string | undefined, string | undefined]]>([
    ['a tag', { ETag: '"1"' }, ['"1"', undefined]],
    ['a weak tag', { ETag: 'W/"1"' }, ['W/"1"', undefined]],
    ['a date', { 'Last-Modified': 'Thu, 01 Jan 2015 00:00:00 GMT' }, [undefined, 'Thu, 01 Jan 2015 00:00:00 GMT']],
    ['both', { ETag: '"1"', 'Last-Modified': 'Thu, 01 Jan 2015 00:00:00 GMT' }, ['"1"', 'Thu, 01 Jan 2015 00:00:00 GMT']],
    ['neither', {}, [undefined, undefined]],
  ])('%s goes out as a condition', async (_what, fields, condition) => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const page = site.page({ fields: { ...MINUTE, ...fields } })
    await standing.text(page.url)
    place.clock.advance(61 * SECOND)
    await standing.text(page.url)
    expect(conditions(page)).toEqual([[undefined, undefined], condition])
  })

  test.each<[what: string, stored: string, told: string | undefined, asks: number]>([
    ['about the same', '"1"', '"1"', 2],
    ['about none', '"1"', undefined, 2],
    ['about the same, weakly', '"1"', 'W/"1"', 2],
    ['about the same, which was weak', 'W/"1"', '"1"', 2],
    ['about another', '"1"', '"2"', 3],
  ])('a 304 %s', async (_what, stored, told, asks) => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const page = site.page({ fields: { ...MINUTE, ETag: stored }, body: 'old' })
    await standing.text(page.url)
    place.clock.advance(61 * SECOND)
    page.answer = ({ headers }) => (headers['if-none-match'] ? { status: 304, fields: { ...MINUTE, ...(told && { ETag: told }) } } : { fields: { ...MINUTE, ETag: '"2"' }, body: 'new' })
    const expected = asks === 3 ? 'new' : 'old'
    expect(await standing.text(page.url)).toBe(expected)
    expect(conditions(page)).toHaveLength(asks)
    expect(await standing.ask(page.url)).toEqual([expected, 'hit; ttl=60'])
  })

  test.each<[what: string, told: string | undefined, asks: number]>([
    ['the same date', 'Thu, 01 Jan 2015 00:00:00 GMT', 2],
    ['no date', undefined, 2],
    ['a later date', 'Fri, 02 Jan 2015 00:00:00 GMT', 2],
    ['an earlier date', 'Wed, 31 Dec 2014 23:59:59 GMT', 3],
  ])('a 304 that tells %s of its modification', async (_what, told, asks) => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const page = site.page({ fields: { ...MINUTE, 'Last-Modified': 'Thu, 01 Jan 2015 00:00:00 GMT' }, body: 'old' })
    await standing.text(page.url)
    place.clock.advance(61 * SECOND)
    page.answer = ({ headers }) => (headers['if-modified-since'] ? { status: 304, fields: { ...MINUTE, ...(told && { 'Last-Modified': told }) } } : { fields: MINUTE, body: 'new' })
    const expected = asks === 3 ? 'new' : 'old'
    expect(await standing.text(page.url)).toBe(expected)
    expect(conditions(page)).toHaveLength(asks)
    expect(await standing.ask(page.url)).toEqual([expected, 'hit; ttl=60'])
  })

  test('a stored response whose body is gone is asked for without conditions', async () => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const page = site.page({ fields: { ...MINUTE, ETag: '"1"' }, body: long('whole') })
    await standing.text(page.url)
    for (const key of await bodyKeys(standing)) await standing.cache.delete(key)
    expect((await standing.ask(page.url))[0]).toBe(long('whole'))
    expect(conditions(page)).toEqual([[undefined, undefined], [undefined, undefined]])
    expect(await standing.ask(page.url)).toEqual([long('whole'), 'hit; ttl=60'])
  })

  test('a 304 that nobody has asked for is given on, and not stored', async () => {
    const standing = standOn(placeOf(arrangement))
    const page = site.page({ status: 304, fields: MINUTE })
    for (const _round of [1, 2]) expect((await standing.fetch(page.url)).status).toBe(304)
    expect(page.visits()).toHaveLength(2)
  })

  test('a response that takes the place of another leaves no body behind', async () => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const lengths = [false, false, true, true, false, true]
    const bodyOf = (number: number): string => (lengths[number - 1] ? long(`v${number}`) : `v${number}`)
    const page = site.page(({ number }) => ({ fields: { ...MINUTE, ETag: `"${number}"` }, body: bodyOf(number) }))
    for (const [index, isLong] of lengths.entries()) {
      expect(await standing.text(page.url)).toBe(bodyOf(index + 1))
      if (arrangement.second === 'indexeddb') expect((await rowsOnDisk(standing)).records).toBe(isLong ? 2 : 1)
      expect(await standing.ask(page.url)).toEqual([bodyOf(index + 1), 'hit; ttl=60'])
      place.clock.advance(61 * SECOND)
    }
    expect(page.visits()).toHaveLength(lengths.length)
  })

  test.each(['stored', long('stored')])('what a 304 makes fresh for a year stays as long, body and all', async (body) => {
    const place = placeOf(arrangement)
    const { text, ask } = standOn(place)
    const page = site.page(({ headers }) => (headers['if-none-match'] ? { status: 304, fields: { 'Cache-Control': 'max-age=31536000', ETag: '"1"' } } : { fields: { ...MINUTE, ETag: '"1"' }, body }))
    await text(page.url)
    place.clock.advance(61 * SECOND)
    await text(page.url)
    place.clock.advance(40 * DAY)
    page.answer = BROKEN
    expect((await ask(page.url))[1]).toMatch(/^hit; ttl=/)
  })

  test.each<[control: string, options: CachedFetchOptions]>([
    ['max-age=60', { omitHeaders: ['set-cookie'] }],
    ['max-age=60, no-cache="set-cookie"', {}],
    ['max-age=60, private="set-cookie"', {}],
  ])('%s, %o: a field that is not to be stored reaches the caller whom a 304 was sent for', async (control, options) => {
    const place = placeOf(arrangement)
    const { fetch } = standOn(place, options)
    const page = site.page(({ headers, number }) => ({ status: headers['if-none-match'] ? 304 : 200, fields: { 'Cache-Control': control, ETag: '"1"', 'Set-Cookie': `session=${number}`, Age: '0', 'Cache-Status': 'upstream; hit' }, body: 'x' }))
    const get = async (): Promise<(string | null)[]> => {
      const response = await fetch(page.url)
      await response.text()
      return ['set-cookie', 'age', 'cache-status'].map((name) => response.headers.get(name))
    }
    expect(await get()).toEqual(['session=1', '0', 'upstream; hit, bestbefore; fwd=uri-miss; stored'])
    place.clock.advance(61 * SECOND)
    expect(await get()).toEqual(['session=2', '0', 'upstream; hit, bestbefore; fwd=stale; fwd-status=304'])
    expect(await get()).toEqual([null, '0', 'upstream; hit, bestbefore; hit; ttl=60'])
  })

  test('what is confirmed again and again stays, body and all, long after it came', async () => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const page = site.page(({ headers }) => ({ status: headers['if-none-match'] ? 304 : 200, fields: { ...MINUTE, ETag: '"1"' }, body: 'stored' }))
    for (let round = 0; round < 20; round++) {
      await standing.text(page.url)
      place.clock.advance(10 * DAY)
    }
    expect(conditions(page).filter(([tag]) => !tag), 'asked for once').toHaveLength(1)
    page.answer = BROKEN
    expect((await standing.ask(page.url))[0]).toBe('stored')
  })

  test('HEAD that tells no validator nor length does not make a stale body fresh', async () => {
    const place = placeOf(arrangement)
    const { fetch, text } = standOn(place)
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: 'old' })
    await text(page.url)
    place.clock.advance(61 * SECOND)
    page.answer = { fields: { 'Cache-Control': 'max-age=60', 'Transfer-Encoding': 'chunked' }, body: 'new' }
    await fetch(page.url, { method: 'HEAD' })
    expect(await text(page.url)).toBe('new')
  })
})

test.each([
  ['a small', 'stored', 0],
  ['a long', long('stored'), 1],
])('a 304 writes what is known of the response in one entry; of %s body %d entries are left alone', async (_what, stored, apart) => {
  const place = placeOf(TWO_TIERS)
  const written: string[] = []
  const inner = createPlainStore<HttpEntry>()
  const cache = place.open<HttpEntry>({
    name: undefined as never,
    store: { ...inner, write: (writes) => (written.push(...writes.map(({ change }) => ('key' in change ? change.key : change.type))), inner.write(writes)) },
  })
  const standing = standOn(place, {}, cache)
  const page = site.page(({ headers }) => ({ status: headers['if-none-match'] ? 304 : 200, fields: { ...MINUTE, ETag: '"1"' }, body: stored }))
  await standing.text(page.url)
  const bodies = await bodyKeys(standing)
  expect(bodies).toHaveLength(apart)
  expect(written.sort()).toEqual([`http\0\0${page.url}`, ...bodies])
  written.length = 0
  for (let round = 0; round < 3; round++) {
    place.clock.advance(61 * SECOND)
    expect(await standing.text(page.url)).toBe(stored)
  }
  expect(written).toEqual(Array.from({ length: 3 }, () => `http\0\0${page.url}`))
  written.length = 0
  for (let round = 0; round < 3; round++) await standing.text(page.url)
  expect(written, 'and a hit writes nothing').toEqual([])
})

test.each([
  ['that does not say so again', {}],
  ['that says so again', { 'Cache-Control': 'max-age=60, no-cache="x-own"' }],
])('a field that no-cache names is not kept of a 304 %s', async (_how, told) => {
  const place = placeOf(TWO_TIERS)
  const { fetch, text } = standOn(place)
  const control = { 'Cache-Control': 'max-age=60, no-cache="x-own"', ETag: '"1"' }
  const page = site.page(({ headers }) => (headers['if-none-match'] ? { status: 304, fields: { ETag: '"1"', 'X-Own': 'b', ...told } } : { fields: { ...control, 'X-Own': 'a' } }))
  await text(page.url)
  place.clock.advance(61 * SECOND)
  await text(page.url)
  page.visits()
  expect((await fetch(page.url)).headers.get('x-own')).toBeNull()
  expect(page.visits()).toEqual([])
})

describe('HEAD', () => {
  const stored = { ...MINUTE, ETag: '"1"', 'Last-Modified': 'Thu, 01 Jan 2015 00:00:00 GMT', 'X-Version': '1' }

  async function standingWith(age: number): Promise<{ standing: Standing; page: Page; head(fields: Record<string, string>, status?: number): Promise<Response> }> {
    const place = placeOf(TWO_TIERS)
    const standing = standOn(place)
    const page = site.page({ fields: stored, body: 'stored' })
    await standing.text(page.url)
    place.clock.advance(age * SECOND)
    page.visits()
    return {
      standing,
      page,
      head(fields, status = 200) {
        page.answer = ({ method }) => (method === 'HEAD' ? { status, fields } : { fields: stored, body: 'new' })
        return standing.fetch(page.url, { method: 'HEAD' })
      },
    }
  }

  test('is answered by a fresh response, without its body', async () => {
    const { page, head } = await standingWith(1)
    const response = await head({})
    expect([response.status, response.headers.get('x-version'), response.headers.get('content-length'), response.body, page.visits()]).toEqual([200, '1', '6', null, []])
  })

  test('freshens a stale one that it is about', async () => {
    const { standing, page, head } = await standingWith(61)
    const response = await head({ ...stored, 'Content-Length': '6', 'X-Version': '2' })
    expect([response.status, response.headers.get('x-version')]).toEqual([200, '2'])
    page.visits()
    const next = await standing.fetch(page.url)
    expect([await next.text(), next.headers.get('x-version'), page.visits()]).toEqual(['stored', '2', []])
  })

  test.each<[what: string, fields: Record<string, string>]>([
    ['tag', { ...stored, ETag: '"2"' }],
    ['date', { ...stored, 'Last-Modified': 'Fri, 02 Jan 2015 00:00:00 GMT' }],
    ['length', { ...stored, 'Content-Length': '7' }],
  ])('that tells another %s removes it', async (_what, fields) => {
    const { standing, page, head } = await standingWith(61)
    await head(fields)
    await expect(standing.fetch(page.url, { cache: 'only-if-cached', mode: 'same-origin' })).rejects.toThrow(TypeError)
    expect((await standing.text(page.url))).toBe('new')
    expect(await rowsOnDisk(standing)).toMatchObject({ records: 1 })
  })

  test('that tells the length of what came in chunks removes nothing', async () => {
    const { fetch, text } = standOn(placeOf(TWO_TIERS))
    const page = site.page({ fields: { ...stored, 'Cache-Control': 'max-age=0', 'Transfer-Encoding': 'chunked' }, body: 'stored' })
    await text(page.url)
    page.answer = { fields: { ...stored, 'Content-Length': '6' } }
    await fetch(page.url, { method: 'HEAD' })
    expect(await text(page.url, { cache: 'force-cache' })).toBe('stored')
  })

  test('that tells another tag removes nothing of another user', async () => {
    const { fetch, text } = standOn(placeOf(TWO_TIERS))
    const page = site.page(({ method }) => ({ fields: { 'Cache-Control': 'max-age=0', ETag: method === 'HEAD' ? '"2"' : '"1"' }, body: 'stored' }))
    const users = [as('alice'), as('bob'), {}]
    for (const each of users) await text(page.url, each)
    for (const each of [as('alice'), {}]) await fetch(page.url, { method: 'HEAD', ...each })
    page.answer = { body: 'new' }
    expect(await Promise.all(users.map((each) => text(page.url, { ...each, cache: 'force-cache' })))).toEqual(['new', 'stored', 'new'])
  })

  test.each([404, 500, 503])('with status %i changes nothing', async (status) => {
    const { standing, page, head } = await standingWith(61)
    expect((await head({ ETag: '"2"' }, status)).status).toBe(status)
    expect(await standing.text(page.url, { cache: 'force-cache' })).toBe('stored')
  })

  test('of a stored error is no news of it', async () => {
    const place = placeOf(TWO_TIERS)
    const { fetch, text } = standOn(place)
    const page = site.page({ status: 404, fields: MINUTE, body: 'none' })
    await text(page.url)
    place.clock.advance(61 * SECOND)
    page.answer = ({ method }) => ({ fields: { ...MINUTE, 'Transfer-Encoding': 'chunked' }, body: method === 'HEAD' ? '' : 'here' })
    expect((await fetch(page.url, { method: 'HEAD' })).status).toBe(200)
    const response = await fetch(page.url)
    expect([response.status, await response.text()]).toEqual([200, 'here'])
  })

  test.each<RequestCache>(['reload', 'no-cache'])('with cache: %s leaves the body to GET', async (cache) => {
    const { fetch, text } = standOn(placeOf(TWO_TIERS))
    const page = site.page(({ method }) => ({ fields: { ...MINUTE, 'Transfer-Encoding': 'chunked' }, body: method === 'HEAD' ? '' : 'body' }))
    await text(page.url)
    await (await fetch(page.url, { method: 'HEAD', cache })).text()
    expect(await text(page.url)).toBe('body')
  })

  test('of what is not stored goes to the origin, and answers no GET', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page({ fields: stored, body: 'body' })
    for (const _round of [1, 2]) expect((await standing.fetch(page.url, { method: 'HEAD' })).status).toBe(200)
    expect(await standing.text(page.url)).toBe('body')
    expect(page.visits().map(({ method }) => method)).toEqual(['HEAD', 'HEAD', 'GET'])
  })
})

describe.each(TIERS)('a 304 about what another caller has replaced meanwhile: $title', (tier) => {
  test.each<[what: string, control: string, init: RequestInit]>([
    ['a response with no-cache', 'no-cache', {}],
    ['a response with must-revalidate', 'max-age=0, must-revalidate', {}],
    ['a request with no-cache', 'max-age=60', { cache: 'no-cache' }],
  ])('%s, beside a reload: the body is stored after both', async (_what, control, init) => {
    const place = placeOf(tier)
    const { ask, cache } = standOn(place)
    const fields = { 'Cache-Control': control, ETag: '"1"' }
    const page = site.page({ fields, body: long('one') })
    await ask(page.url)
    place.clock.advance(10 * SECOND)
    const gates = [deferred(), deferred()]
    page.answer = async ({ headers, number }) => {
      await gates[number - 2]!.promise
      place.clock.advance(1)
      return headers['if-none-match'] === '"1"' ? { status: 304, fields } : { fields, body: long('one') }
    }
    const reloading = ask(page.url, { cache: 'reload' })
    await page.visit()
    await page.visit()
    place.clock.advance(1)
    const asking = ask(page.url, init)
    gates.forEach(({ resolve }) => resolve())
    expect((await asking)[1]).toContain('fwd-status=304')
    await reloading
    await cache.flush()
    expect(await ask(page.url, { cache: 'force-cache' })).toEqual([long('one'), expect.stringContaining('hit')])
  })
})

test('while a list and its body are replaced, both are found', async () => {
  const { ask } = standOn(placeOf(ALL_FROM_DISK))
  const page = site.page(({ number }) => ({ fields: MINUTE, body: long(`v${number}`) }))
  await ask(page.url)
  const misses: string[] = []
  let over = false
  const read = async (): Promise<void> => {
    while (!over) {
      const [, how] = await ask(page.url, { headers: { 'Cache-Control': 'only-if-cached' } })
      if (!how.startsWith('hit')) misses.push(how)
      await new Promise((resolve) => setTimeout(resolve))
    }
  }
  const reading = [read(), read(), read()]
  for (let round = 0; round < 40; round++) await ask(page.url, { cache: 'reload' })
  over = true
  await Promise.all(reading)
  expect(misses).toEqual([])
})
