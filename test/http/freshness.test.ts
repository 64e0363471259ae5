// Whether what is stored answers, by its age: what the response, the request and the options say of that.

import { describe, expect, test } from 'vitest'
import { ALL_FROM_DISK, placeOf, TWO_TIERS, type Place } from '../helpers/caches.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../helpers/clock.ts'
import type { CachedFetchOptions } from '../../src/http/index.ts'
import { BROKEN, serveSite, type Page } from './serving.ts'
import { cacheStatusOf, standOn, type Standing } from './standing.ts'

const site = serveSite()

const dateOf = (at: number): string => new Date(at).toUTCString()

/** Stores an answer of these fields, lets time pass and asks again: the kind of the second answer. */
async function askAgain(fields: Record<string, string>, seconds: number, init: RequestInit = {}, options: CachedFetchOptions = {}, place: Place = placeOf(TWO_TIERS)): Promise<{ how: string; page: Page; standing: Standing; response: Response }> {
  const standing = standOn(place, options)
  const page = site.page(({ headers }) => ({ status: headers['if-none-match'] ? 304 : 200, fields: { ETag: '"1"', ...fields }, body: 'stored' }))
  await standing.text(page.url)
  place.clock.advance(seconds * SECOND)
  page.visits()
  const response = await standing.fetch(page.url, init)
  const status = cacheStatusOf(response)
  const how = /^hit; ttl=-?\d+; detail=swr/.test(status) ? 'swr' : status.startsWith('hit') ? 'hit' : page.visits().length ? 'asked' : String(response.status)
  return { how, page, standing, response }
}

const asks = (value: string): RequestInit => ({ headers: { 'Cache-Control': value } })

describe('what the request says', () => {
  test.each<[age: number, request: string, how: string]>([
    [0, 'max-age=0', 'asked'],
    [30, 'max-age=30', 'hit'],
    [31, 'max-age=30', 'asked'],
    [30, 'max-age=100', 'hit'],
    [61, 'max-age=100', 'asked'],
    [30, 'max-age=x', 'asked'],
    [30, 'min-fresh=30', 'hit'],
    [31, 'min-fresh=30', 'asked'],
    [0, 'min-fresh=61', 'asked'],
    [30, 'min-fresh=0', 'hit'],
    [60, 'max-stale=0', 'hit'],
    [61, 'max-stale=0', 'asked'],
    [60, 'max-stale=1', 'hit'],
    [70, 'max-stale=10', 'hit'],
    [71, 'max-stale=10', 'asked'],
    [1_000, 'max-stale', 'hit'],
    [1_000, 'max-stale=x', 'asked'],
    [1_000, 'max-stale, max-stale=10', 'asked'],
    [70, 'max-stale=10, max-age=69', 'asked'],
    [70, 'max-stale=10, max-age=70', 'hit'],
    [70, 'max-stale=10, min-fresh=1', 'asked'],
    [30, 'no-cache', 'asked'],
    [30, 'NO-CACHE', 'asked'],
    [30, 'only-if-cached', 'hit'],
    [61, 'only-if-cached', '504'],
    [70, 'only-if-cached, max-stale=10', 'hit'],
    [30, 'only-if-cached, no-cache', '504'],
    [30, 'no-transform, x-y=z', 'hit'],
  ])('after %i of 60 s, %s: %s', async (age, request, how) => {
    expect((await askAgain({ 'Cache-Control': 'max-age=60' }, age, asks(request))).how).toBe(how)
  })

  test('only-if-cached, of what is not stored: 504, and nobody is asked', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page({})
    const response = await standing.fetch(page.url, asks('only-if-cached'))
    expect([response.status, await response.text(), page.visits()]).toEqual([504, '', []])
  })

  test('Pragma: no-cache counts where there is no Cache-Control', async () => {
    const fields = { 'Cache-Control': 'max-age=60' }
    expect((await askAgain(fields, 1, { headers: { Pragma: 'no-cache' } })).how).toBe('asked')
    expect((await askAgain(fields, 1, { headers: { Pragma: 'no-cache', 'Cache-Control': 'max-age=60' } })).how).toBe('hit')
  })
})

describe('what the response says', () => {
  test.each<[control: string, age: number, init: RequestInit, how: string]>([
    ['max-age=60', 59, {}, 'hit'],
    ['max-age=60', 60, {}, 'asked'],
    ['max-age=60, immutable', 59, { cache: 'no-cache' }, 'hit'],
    ['max-age=60, immutable', 59, asks('max-age=0'), 'hit'],
    ['max-age=60, immutable', 60, { cache: 'no-cache' }, 'asked'],
    ['max-age=60, immutable', 60, {}, 'asked'],
    ['max-age=60, immutable', 59, asks('no-cache'), 'asked'],
    ['max-age=60, immutable', 59, { cache: 'reload' }, 'asked'],
    ['max-age=60', 1, { cache: 'no-cache' }, 'asked'],
    ['max-age=60, stale-while-revalidate=30', 59, {}, 'hit'],
    ['max-age=60, stale-while-revalidate=30', 60, {}, 'swr'],
    ['max-age=60, stale-while-revalidate=30', 89, {}, 'swr'],
    ['max-age=60, stale-while-revalidate=30', 90, {}, 'asked'],
    ['max-age=0, stale-while-revalidate=30', 0, {}, 'swr'],
    ['max-age=60, stale-while-revalidate=30, must-revalidate', 60, {}, 'asked'],
    ['max-age=60, stale-while-revalidate=30, no-cache', 1, {}, 'asked'],
    ['max-age=60, stale-while-revalidate=30', 61, asks('max-age=0'), 'asked'],
    ['max-age=60, stale-while-revalidate=30', 61, asks('no-cache'), 'asked'],
    ['max-age=60, stale-while-revalidate=30', 61, { cache: 'no-cache' }, 'asked'],
    ['max-age=60, must-revalidate', 59, {}, 'hit'],
    ['max-age=60, must-revalidate', 61, asks('max-stale'), 'asked'],
    ['max-age=60, no-cache', 1, asks('max-stale'), 'asked'],
    ['max-age=60, no-cache', 1, {}, 'asked'],
    ['max-age=60, no-cache="set-cookie"', 1, {}, 'hit'],
    ['max-age=60, private', 1, {}, 'hit'],
    ['max-age=60, s-maxage=0', 1, {}, 'hit'],
    ['max-age=60, max-age=10', 30, {}, 'asked'],
  ])('%s, after %i s, %o: %s', async (control, age, init, how) => {
    expect((await askAgain({ 'Cache-Control': control }, age, init)).how).toBe(how)
  })

  test.each([['default', 'asked'], ['force-cache', 'asked'], ['no-cache', 'asked']] as const)('Vary: * answers no request of mode %s without asking', async (cache, how) => {
    expect((await askAgain({ 'Cache-Control': 'max-age=60', Vary: '*' }, 1, { cache })).how).toBe(how)
  })
})

describe('clocks', () => {
  const START = placeOf(TWO_TIERS).clock.time

  test.each<[what: string, fields: Record<string, string>, age: number]>([
    ['nothing: as it comes', {}, 0],
    ['Age', { Age: '10' }, 10],
    ['Age and Date: the greater', { Age: '10', Date: dateOf(START - 20 * SECOND) }, 20],
    ['Age and Date: the greater, again', { Age: '30', Date: dateOf(START - 20 * SECOND) }, 30],
    ['a Date to come: the origin’s clock is ahead', { Date: dateOf(START + HOUR) }, 0],
    ['Age, of which the first member counts', { Age: '10, 20' }, 10],
    ['Age that is no number', { Age: 'x' }, 0],
    ['Age below 0', { Age: '-10' }, 0],
    ['Age of a fraction', { Age: '7200.0' }, 0],
    ['Date that is none', { Date: 'Invalid Date' }, 0],
  ])('%s', async (_what, fields, age) => {
    const { how, response } = await askAgain({ 'Cache-Control': 'max-age=60', ...fields }, 5)
    expect([how, response.headers.get('age')]).toEqual(['hit', String(age + 5)])
    expect((await askAgain({ 'Cache-Control': 'max-age=60', ...fields }, 59 - age)).how).toBe('hit')
    expect((await askAgain({ 'Cache-Control': 'max-age=60', ...fields }, 60 - age)).how).toBe('asked')
  })

  test('the time that the answer took counts to its Age, and resident time comes on top', async () => {
    const place = placeOf(ALL_FROM_DISK)
    const standing = standOn(place)
    const page = site.page(() => {
      place.clock.advance(7 * SECOND)
      return { fields: { 'Cache-Control': 'max-age=60', Age: '10' } }
    })
    await standing.text(page.url)
    place.clock.advance(5 * SECOND)
    expect((await standing.fetch(page.url)).headers.get('age')).toBe('22')
  })

  test('a clock that was set back makes nothing younger than new, and an answer from the origin has no Age but its own', async () => {
    const { how, response } = await askAgain({ 'Cache-Control': 'max-age=60' }, -30)
    expect([how, response.headers.get('age')]).toEqual(['hit', '0'])
    const asked = await askAgain({ 'Cache-Control': 'no-cache' }, 5)
    expect(asked.response.headers.get('age')).toMatch(/^0?$/)
  })

  test.each<[expires: string, seconds: number]>([
    [dateOf(START + MINUTE), 60],
    [dateOf(START), 0],
    [dateOf(START - DAY), 0],
    ['0', 0],
    ['Invalid Date', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('Expires: %s', async (Expires, seconds) => {
    const fields = { Expires, Date: dateOf(START), 'Last-Modified': dateOf(START - 100 * DAY) }
    if (seconds) expect((await askAgain(fields, seconds - 1)).how).toBe('hit')
    expect((await askAgain(fields, seconds)).how).toBe('asked')
  })

  test('Expires counts from Date, whatever the clock here says', async () => {
    const fields = { Expires: dateOf(START + HOUR + MINUTE), Date: dateOf(START + HOUR) }
    expect((await askAgain(fields, 59)).how).toBe('hit')
    expect((await askAgain(fields, 60)).how).toBe('asked')
  })
})

describe('what says nothing of its freshness', () => {
  const START = placeOf(TWO_TIERS).clock.time
  const modified = { 'Last-Modified': dateOf(START - 1_000 * SECOND), Date: dateOf(START) }

  test.each<[what: string, fields: Record<string, string>, options: CachedFetchOptions, seconds: number]>([
    ['a tenth of the time since it was modified', modified, {}, 100],
    ['another share', modified, { heuristic: 0.5 }, 500],
    ['no share', modified, { heuristic: 0 }, 0],
    ['no share, even with a defaultTtl', modified, { heuristic: 0, defaultTtl: 10 * SECOND }, 0],
    ['a defaultTtl, where nothing says when it was modified', {}, { defaultTtl: 10 * SECOND }, 10],
    ['a defaultTtl without end: as long as any may be', {}, { defaultTtl: Infinity }, 2 ** 31],
    ['nothing at all', {}, {}, 0],
    ['modified in the future', { ...modified, 'Last-Modified': dateOf(START + HOUR) }, {}, 0],
    ['modified at no date', { ...modified, 'Last-Modified': 'Invalid Date' }, { defaultTtl: 10 * SECOND }, 10],
    ['an explicit 0 goes before all of it', { ...modified, 'Cache-Control': 'max-age=0' }, { defaultTtl: HOUR }, 0],
    ['an Expires that is none too', { ...modified, Expires: '0' }, { defaultTtl: HOUR }, 0],
    ['no-cache too', { ...modified, 'Cache-Control': 'no-cache' }, { defaultTtl: HOUR }, 0],
  ])('%s', async (_what, fields, options, seconds) => {
    if (seconds) expect((await askAgain(fields, seconds - 1, {}, options)).how).toBe('hit')
    expect((await askAgain(fields, seconds, {}, options)).how).toBe('asked')
  })

  test.each([404, 405, 410, 501])('a defaultTtl makes no error fresh: %i', async (status) => {
    const { text } = standOn(placeOf(TWO_TIERS), { defaultTtl: HOUR })
    const page = site.page({ status, body: 'none' })
    await text(page.url)
    page.answer = { body: 'here' }
    expect(await text(page.url)).toBe('here')
  })

  test('a status that may not be stored untold is not, whatever the options', async () => {
    const standing = standOn(placeOf(TWO_TIERS), { defaultTtl: HOUR })
    for (const status of [201, 302, 400, 401, 403, 429, 500, 503]) {
      const page = site.page({ status, fields: { 'Last-Modified': dateOf(START - 100 * DAY) } })
      for (const _round of [1, 2]) await standing.fetch(page.url, { redirect: 'manual' }).then((response) => response.text())
      expect(page.visits(), String(status)).toHaveLength(2)
    }
  })
})

test.each([
  ['must-understand, max-age=60', 200, true],
  ['must-understand, no-store, max-age=60', 200, true],
  ['must-understand, max-age=60', 299, false],
  ['must-understand, no-store, max-age=60', 299, false],
  ['max-age=60', 299, true],
])('%s with status %i: stored is %s', async (control, status, isStored) => {
  const { text } = standOn(placeOf(TWO_TIERS))
  const page = site.page({ status, fields: { 'Cache-Control': control } })
  for (const _round of [1, 2]) await text(page.url)
  expect(page.visits()).toHaveLength(isStored ? 1 : 2)
})

test.each(['Age', 'Date'])('what is 40 days old by its %s when it comes is kept as long as what is new', async (field) => {
  const place = placeOf(TWO_TIERS)
  const { text } = standOn(place)
  const old = { [field]: field === 'Age' ? String((40 * DAY) / SECOND) : dateOf(place.clock.now() - 40 * DAY) }
  const fields = { 'Cache-Control': 'public, max-age=0', ETag: '"1"', ...old }
  const page = site.page(({ headers }) => ({ status: headers['if-none-match'] === '"1"' ? 304 : 200, fields, body: 'stored' }))
  await text(page.url)
  page.visits()
  for (const later of [10 * SECOND, 20 * DAY]) {
    place.clock.advance(later)
    expect(await text(page.url)).toBe('stored')
    expect(page.visits().map(({ headers }) => headers['if-none-match'])).toEqual(['"1"'])
  }
  place.clock.advance(20 * DAY)
  page.answer = BROKEN
  expect(await text(page.url)).toBe('stored')
})

test('an Age beyond all numbers is one of 2^31 s', async () => {
  const { fetch, text } = standOn(placeOf(TWO_TIERS))
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60', ETag: '"1"', Age: '9'.repeat(400) }, body: 'stored' })
  await text(page.url)
  expect((await fetch(page.url, { cache: 'force-cache' })).headers.get('age')).toBe(String(2 ** 31))
})

test.each([
  ['', 'swr'],
  ['max-age=100', 'asked'],
  ['max-age=100, max-stale=30', 'hit'],
  ['max-stale=30', 'hit'],
  ['only-if-cached', 'hit'],
])('20 s stale within stale-while-revalidate, to a request that says "%s": %s', async (request, how) => {
  const asked = await askAgain({ 'Cache-Control': 'max-age=60, stale-while-revalidate=1000' }, 80, asks(request))
  expect(asked.how).toBe(how)
  if (how === 'hit') expect(asked.page.visits()).toEqual([])
})
