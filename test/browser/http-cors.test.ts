// A cachedFetch in a page, and another origin: what scripts are not told, and what must not cost a preflight.

import { expect, test } from 'vitest'
import { clock, howOf, openPlace, openReader, type Place } from './support/http.ts'
import type { Resource } from './http-origin.ts'

const PUBLIC = { 'cache-control': 'max-age=60', 'access-control-allow-origin': '*' }

const openElsewhere = async (fields: Resource['fields'] = {}, resource: Partial<Resource> = {}): Promise<Place> => openPlace({ fields: { ...PUBLIC, ...fields }, ...resource })

/** What has come: the method of each request, and the validator that came with it. */
async function visitsTo(place: Place): Promise<string[]> {
  return (await place.visits()).map(({ method, headers }) => `${method} ${headers['if-none-match'] ?? ''}`.trimEnd())
}

/** Whether the browser's HTTP cache knows a validator for it, is left to the engine. */
async function methodsIn(place: Place): Promise<string[]> {
  return (await place.visits()).map(({ method }) => method)
}

test('what another origin lets be read is stored by what can be seen of it', async () => {
  const place = await openElsewhere()
  const { fetch: cachedFetch, read } = openReader()
  const response = await cachedFetch(place.elsewhere)
  expect([response.type, response.url, response.headers.get('etag')]).toEqual(['cors', place.elsewhere, null])
  await response.text()
  expect(await read(place.elsewhere)).toEqual({ text: 'v1', how: 'hit; ttl' })
  expect(await visitsTo(place)).toEqual(['GET'])
})

test('an encoded body is stored, though scripts see its length on the wire and not its encoding', async () => {
  const place = await openElsewhere({ 'content-encoding': 'gzip' })
  const { read } = openReader()
  for (const how of ['fwd=uri-miss; stored', 'hit; ttl']) expect(await read(place.elsewhere)).toEqual({ text: 'v1'.padEnd(1_000), how })
  expect(await visitsTo(place)).toEqual(['GET'])
})

test.each([
  { told: 'that is hidden', expose: {} },
  { told: 'that is exposed', expose: { 'access-control-expose-headers': 'etag' } },
])('a stale answer is asked about by a validator $told, without a preflight', async ({ expose }) => {
  const place = await openElsewhere(expose)
  const { read } = openReader()
  await read(place.elsewhere)
  clock.advance(61_000)
  expect(await read(place.elsewhere)).toEqual({ text: 'v1', how: 'fwd=stale; stored' })
  expect(await read(place.elsewhere)).toEqual({ text: 'v1', how: 'hit; ttl' })
  expect(await visitsTo(place)).toEqual(['GET', 'GET "v1"'])
  clock.advance(61_000)
  await place.answer({ version: 2 })
  expect(await read(place.elsewhere)).toMatchObject({ text: 'v2' })
  expect(await visitsTo(place)).toEqual(['GET "v1"'])
})

test('with the option explicit an exposed validator gets a 304, at the cost of a preflight', async () => {
  const place = await openElsewhere({ 'access-control-expose-headers': 'etag' })
  const { read } = openReader({ revalidate: 'explicit' })
  await read(place.elsewhere)
  clock.advance(61_000)
  expect(await read(place.elsewhere)).toEqual({ text: 'v1', how: 'fwd=stale; fwd-status=304' })
  expect(await visitsTo(place)).toEqual(['GET', 'OPTIONS', 'GET "v1"'])
})

test.each(['default', 'no-store', 'reload', 'no-cache', 'force-cache'] as const)('a request %s costs no preflight that fetch would not', async (cache) => {
  const place = await openElsewhere()
  const { read } = openReader()
  await read(place.elsewhere)
  clock.advance(61_000)
  await read(place.elsewhere, { cache })
  await read(place.elsewhere, { method: 'POST', body: 'text', cache })
  await read(place.elsewhere, { cache })
  expect((await visitsTo(place)).filter((visit) => visit === 'OPTIONS')).toEqual([])
})

test('a field that is not safelisted costs one preflight, as in fetch, and none where the answer is stored', async () => {
  const place = await openElsewhere()
  const { read } = openReader()
  const init = { headers: { 'x-kind': 'a' } }
  await fetch(place.elsewhere, init)
  expect(await visitsTo(place)).toEqual(['OPTIONS', 'GET'])
  await read(place.elsewhere, { ...init, cache: 'reload' })
  expect(await visitsTo(place)).toEqual(['OPTIONS', 'GET'])
  expect(await read(place.elsewhere, init)).toMatchObject({ how: 'hit; ttl' })
  expect(await visitsTo(place)).toEqual([])
})

test.each([
  { told: 'counts where it is exposed', expose: { 'access-control-expose-headers': 'age' }, how: 'fwd=stale; stored' },
  { told: 'cannot count where it is hidden', expose: {}, how: 'hit; ttl' },
])('Age $told', async ({ expose, how }) => {
  const place = await openElsewhere({ age: '50', ...expose })
  const { read } = openReader()
  await read(place.elsewhere)
  clock.advance(20_000)
  expect(await read(place.elsewhere)).toEqual({ text: 'v1', how })
})

const LANGUAGES = [{ headers: { 'accept-language': 'de' } }, { headers: { 'accept-language': 'fr' } }] as const

test('where Vary is hidden, requests of other fields get answers of their own', async () => {
  const place = await openElsewhere({ vary: 'accept-language' }, { echo: 'accept-language' })
  const { read } = openReader()
  for (const init of LANGUAGES) expect(await read(place.elsewhere, init)).toMatchObject({ text: `v1 ${init.headers['accept-language']}` })
  for (const init of LANGUAGES) expect(await read(place.elsewhere, init)).toEqual({ text: `v1 ${init.headers['accept-language']}`, how: 'hit; ttl' })
  expect(await methodsIn(place)).toEqual(['GET', 'GET'])
})

test.each([
  { told: 'names the field', vary: 'accept-language', how: 'fwd=vary-miss; stored' },
  { told: 'names another', vary: 'x-kind', how: 'hit; ttl' },
])('where Vary is exposed, and $told, it is followed', async ({ vary, how }) => {
  const place = await openElsewhere({ vary, 'access-control-expose-headers': 'vary' })
  const { read } = openReader()
  await read(place.elsewhere, LANGUAGES[0])
  expect(await read(place.elsewhere, LANGUAGES[1])).toEqual({ text: 'v1', how })
})

test('an answer with cookies is not one without', async () => {
  const place = await openElsewhere({ 'access-control-allow-origin': location.origin, 'access-control-allow-credentials': 'true' })
  const { read } = openReader()
  await read(place.elsewhere, { credentials: 'include' })
  expect(await read(place.elsewhere)).toEqual({ text: 'v1', how: 'fwd=vary-miss; stored' })
  expect(await read(place.elsewhere, { credentials: 'include' })).toEqual({ text: 'v1', how: 'hit; ttl' })
  expect(await methodsIn(place)).toEqual(['GET', 'GET'])
})

test('a stale answer of another origin stands in when that is gone', async () => {
  const place = await openElsewhere()
  const { read } = openReader()
  await read(place.elsewhere)
  clock.advance(61_000)
  await place.answer({ sends: 'nothing' })
  expect(await read(place.elsewhere)).toEqual({ text: 'v1', how: 'fwd=stale; detail=offline' })
})

test('what may not be read is a TypeError, as in fetch', async () => {
  const place = await openPlace()
  await expect(openReader().read(place.elsewhere)).rejects.toThrow(TypeError)
})

test('what is opaque goes by: it could not be stored', async () => {
  const place = await openPlace({ fields: { 'cache-control': 'no-store' } })
  const { fetch: cachedFetch, cache } = openReader()
  expect(cachedFetch.handles(new Request(place.elsewhere, { mode: 'no-cors' }))).toBe(false)
  for (let time = 0; time < 2; time++) {
    const response = await cachedFetch(place.elsewhere, { mode: 'no-cors' })
    expect([response.type, response.status, howOf(response)]).toEqual(['opaque', 0, ''])
  }
  expect(await cache.size()).toBe(0)
  expect(await visitsTo(place)).toEqual(['GET', 'GET'])
})
