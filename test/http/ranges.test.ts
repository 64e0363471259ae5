// Range requests: parts of what is stored whole, the network for all else.

import { describe, expect, test, vi } from 'vitest'
import { partOf } from '../../src/http/range.ts'
import { placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { serveSite, type Page } from './serving.ts'
import { cacheStatusOf, NO_ROWS, rowsOnDisk, standOn, TIERS } from './standing.ts'

const site = serveSite()
const TEXT = '0123456789'

const page = (): Page => site.page({ fields: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: TEXT })

const range = (value: string): RequestInit => ({ headers: { Range: value } })

/** A Range, and the first and last byte of ten that it asks for; none where none of them is. */
const PARTS: readonly (readonly [range: string, from?: number, to?: number])[] = [
  ['bytes=0-0', 0, 0],
  ['bytes=0-3', 0, 3],
  ['bytes=0-9', 0, 9],
  ['bytes=9-9', 9, 9],
  ['bytes=4-', 4, 9],
  ['bytes=0-', 0, 9],
  ['bytes=5-1000', 5, 9],
  ['bytes=-1', 9, 9],
  ['bytes=-10', 0, 9],
  ['bytes=-1000', 0, 9],
  ['Bytes=2-4', 2, 4],
  ['bytes=002-0004', 2, 4],
  ['bytes=0-99999999999999999999', 0, 9],
  ['bytes=10-'],
  ['bytes=10-20'],
  ['bytes=99999999999999999999-'],
  ['bytes=-0'],
]

/** Ranges for which the whole may be sent. */
const WHOLE = ['bytes=0-1,3-4', 'bytes=0-1, -1', 'bytes=5-2', 'bytes=-', 'bytes=', 'bytes=a-b', 'bytes=0-b', 'bytes=-1-2', 'bytes=--1', 'bytes=1', 'items=0-1', 'bytes 0-1', '=0-1', 'bytes=0x1-2', 'bytes=1.5-2', 'bytes=1e0-2']

describe.each(TIERS)('$title', (arrangement) => {
  test.each(PARTS.map((part) => [part[0], part] as const))('%s of what is stored', async (_range, [value, from, to]) => {
    const standing = standOn(placeOf(arrangement))
    const { url, visits } = page()
    await standing.text(url)
    visits()
    const response = await standing.fetch(url, range(value))
    expect(visits(), 'nobody is asked').toEqual([])
    expect(response.status).toBe(from === undefined ? 416 : 206)
    expect(response.headers.get('content-range')).toBe(`bytes ${from === undefined ? '*' : `${from}-${to}`}/10`)
    const text = await response.text()
    expect(text).toBe(from === undefined ? '' : TEXT.slice(from, to! + 1))
    expect(response.headers.get('content-length')).toBe(String(text.length))
    expect([response.url, response.headers.get('etag'), response.headers.get('age'), cacheStatusOf(response)]).toEqual([url, '"1"', '0', 'hit; ttl=60'])
    expect(await standing.text(url), 'and the whole stays').toBe(TEXT)
  })

  test.each(WHOLE)('%s: the whole', async (value) => {
    const standing = standOn(placeOf(arrangement))
    const { url, visits } = page()
    await standing.text(url)
    const response = await standing.fetch(url, range(value))
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([200, TEXT, null])
    expect(visits()).toHaveLength(1)
  })

  test('of an empty body there is no part', async () => {
    const standing = standOn(placeOf(arrangement))
    const empty = site.page({ fields: { 'Cache-Control': 'max-age=60' } })
    await standing.text(empty.url)
    for (const value of ['bytes=0-0', 'bytes=0-', 'bytes=-1']) {
      const response = await standing.fetch(empty.url, range(value))
      expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */0'])
    }
  })

  test('nor of a status other than 200', async () => {
    const standing = standOn(placeOf(arrangement))
    const missing = site.page({ status: 404, fields: { 'Cache-Control': 'max-age=60' }, body: TEXT })
    await standing.text(missing.url)
    const response = await standing.fetch(missing.url, range('bytes=0-1'))
    expect([response.status, await response.text()]).toEqual([404, TEXT])
  })

  test('what is not stored comes from the network, and a part of it is not stored', async () => {
    const standing = standOn(placeOf(arrangement))
    const partial = site.page(({ headers }) => (headers['range'] ? { status: 206, fields: { 'Cache-Control': 'max-age=60', 'Content-Range': 'bytes 2-4/10' }, body: '234' } : { fields: { 'Cache-Control': 'max-age=60' }, body: TEXT }))
    for (const _round of [1, 2]) {
      const response = await standing.fetch(partial.url, range('bytes=2-4'))
      expect([response.status, await response.text(), response.headers.get('content-range'), cacheStatusOf(response)]).toEqual([206, '234', 'bytes 2-4/10', 'fwd=uri-miss'])
    }
    expect(partial.visits().map(({ headers }) => headers['range'])).toEqual(['bytes=2-4', 'bytes=2-4'])
    if (arrangement.second === 'indexeddb') expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
    expect(await standing.text(partial.url)).toBe(TEXT)
  })

  test('what is stale is not cut up', async () => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const { url, visits } = page()
    await standing.text(url)
    place.clock.advance(60_000)
    expect((await standing.fetch(url, range('bytes=0-1'))).status).toBe(200)
    expect(visits()).toHaveLength(2)
  })
})

test('HEAD has no parts', async () => {
  const standing = standOn(placeOf(TWO_TIERS))
  const { url } = page()
  await standing.text(url)
  const response = await standing.fetch(url, { method: 'HEAD', ...range('bytes=0-1') })
  expect([response.status, response.headers.get('content-length'), response.headers.get('content-range'), response.body]).toEqual([200, '10', null, null])
})

test('If-Range goes to the origin, as it is', async () => {
  const standing = standOn(placeOf(TWO_TIERS))
  const { url, visits } = page()
  await standing.text(url)
  visits()
  await standing.text(url, { headers: { Range: 'bytes=0-1', 'If-Range': '"1"' } })
  expect(visits().map(({ headers }) => [headers['range'], headers['if-range']])).toEqual([['bytes=0-1', '"1"']])
})

test('with If-Range of any version force-cache gives the whole', async () => {
  const standing = standOn(placeOf(TWO_TIERS))
  const { url } = page()
  await standing.text(url)
  const response = await standing.fetch(url, { cache: 'force-cache', headers: { Range: 'bytes=5-', 'If-Range': '"0"' } })
  expect([response.status, await response.text()]).toEqual([200, TEXT])
})

test.each(['bytes=0-1', 'bytes=100-'])('%s of what is stale: in the background the whole is asked for', async (value) => {
  const place = placeOf(TWO_TIERS)
  const standing = standOn(place)
  const fields = { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }
  const asked = site.page(({ headers, number }) => (headers['range'] ? { status: 416, fields } : { fields, body: `${TEXT} ${number}` }))
  await standing.text(asked.url)
  place.clock.advance(61_000)
  await (await standing.fetch(asked.url, range(value))).text()
  await vi.waitFor(async () => expect(await standing.ask(asked.url)).toEqual([`${TEXT} 2`, 'hit; ttl=60']))
})

test.each([0, 1, 2, 10])('every range of a body of %i bytes: its part is within it, or none of it is', (size) => {
  const numbers = ['', ...Array.from({ length: 12 }, (_, number) => String(number))]
  for (const first of numbers) {
    for (const last of numbers) {
      const part = partOf(`bytes=${first}-${last}`, size)
      const isRange = (first || last) && !(first && last && Number(last) < Number(first))
      expect(part !== undefined, `${first}-${last}`).toBe(!!isRange)
      if (!part || part[0] > part[1]) continue
      expect(part[0]).toBeGreaterThanOrEqual(0)
      expect(part[1]).toBeLessThan(size)
    }
  }
})
