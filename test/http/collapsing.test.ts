// Requests for the same, made while one is under way, share its answer: each caller gets a body of its own.

import { describe, expect, test } from 'vitest'
import { createWorld } from '../coherence/support/world.ts'
import { placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { deferred, isPending, turns, type Deferred } from '../helpers/deferred.ts'
import { FRESH, serveSite, type Answering } from './serving.ts'
import { as, cacheStatusOf, NO_ROWS, rowsOnDisk, standOn, TIERS } from './standing.ts'

const site = serveSite()

/** The answer, once the gate is open. */
function behind(gate: Deferred, answer: Answering): Answering {
  return async (visit, response) => {
    await gate.promise
    return typeof answer === 'function' ? answer(visit, response) : answer
  }
}

describe.each(TIERS)('$title', (arrangement) => {
  test('twenty callers, one request, twenty bodies', async () => {
    const { fetch } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(behind(gate, FRESH))
    const asking = Array.from({ length: 20 }, () => fetch(page.url))
    await page.visit()
    gate.resolve()
    const responses = await Promise.all(asking)
    expect(new Set(responses).size).toBe(20)
    expect(new Set(await Promise.all(responses.map((response) => response.text())))).toEqual(new Set(['v1']))
    expect(page.visits(), 'nobody else has asked').toEqual([])
    expect(responses.map(cacheStatusOf).sort()).toEqual([...Array.from({ length: 19 }, () => 'fwd=uri-miss; collapsed'), 'fwd=uri-miss; stored'])
  })

  test('bodies are read apart: one that is not read, or is half read, holds up nobody', async () => {
    const { fetch } = standOn(placeOf(arrangement))
    const gate = deferred()
    const body = new Uint8Array(1_000_000).map((_, place) => place)
    const page = site.page(behind(gate, { fields: { 'Cache-Control': 'max-age=60' }, body }))
    const asking = Array.from({ length: 3 }, () => fetch(page.url))
    gate.resolve()
    const [unread, half, whole] = (await Promise.all(asking)) as [Response, Response, Response]
    const reader = half.body!.getReader()
    await reader.read()
    for (const response of [whole, unread]) expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true)
    await reader.cancel()
  })

  test('those who join while the body comes get all of it', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(async (_visit, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60' }).write('first, ')
      await gate.promise
      response.end('second')
    })
    const first = await fetch(page.url)
    const joining = text(page.url)
    expect(await isPending(joining)).toBe(true)
    gate.resolve()
    expect([await first.text(), await joining]).toEqual(['first, second', 'first, second'])
    expect(page.visits()).toHaveLength(1)
  })

  test('a stale response is asked about once', async () => {
    const place = placeOf(arrangement)
    const { text } = standOn(place)
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: 'old' })
    await text(page.url)
    place.clock.advance(61_000)
    const gate = deferred()
    page.answer = behind(gate, { status: 304, fields: { 'Cache-Control': 'max-age=60', ETag: '"1"' } })
    page.visits()
    const asking = Array.from({ length: 5 }, () => text(page.url))
    await page.visit()
    gate.resolve()
    expect(await Promise.all(asking)).toEqual(['old', 'old', 'old', 'old', 'old'])
    expect(page.visits()).toEqual([])
  })

  test('requests that the response tells apart by Vary are not mixed', async () => {
    const { text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(behind(gate, ({ headers }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Kind' }, body: headers['x-kind'] ?? 'none' })))
    const kinds = ['a', 'b', 'a', 'c', 'b', 'a']
    const asking = kinds.map((kind) => text(page.url, { headers: { 'X-Kind': kind } }))
    await page.visit()
    gate.resolve()
    expect(await Promise.all(asking)).toEqual(kinds)
  })

  test.each([
    ['is not to be stored', { fields: { 'Cache-Control': 'no-store' } }],
    ['is private to one field, and must not be stored', { fields: { 'Cache-Control': 'max-age=60, no-store' } }],
    ['is an error', { status: 500 }],
    ['is a partial one', { status: 206, fields: { 'Content-Range': 'bytes 0-1/4', 'Cache-Control': 'max-age=60' } }],
    ['is a stream of events', { fields: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'max-age=60' } }],
  ])('an answer that %s is asked for by each', async (_why, answer) => {
    const standing = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(behind(gate, ({ number }) => ({ ...answer, body: `v${number}` })))
    const asking = Array.from({ length: 3 }, () => standing.text(page.url))
    await page.visit()
    gate.resolve()
    expect((await Promise.all(asking)).sort()).toEqual(['v1', 'v2', 'v3'])
    if (arrangement.second === 'indexeddb') expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
  })

  test.each<[string, RequestInit]>([
    ['cache: no-store', { cache: 'no-store' }],
    ['no-store in their fields', { headers: { 'Cache-Control': 'no-store' } }],
    ['preconditions of their own', { headers: { 'If-None-Match': '"x"' } }],
    ['unsafe methods', { method: 'POST', body: 'x' }],
  ])('requests with %s share nothing', async (_what, init) => {
    const { text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(behind(gate, FRESH))
    const asking = Array.from({ length: 3 }, () => text(page.url, init))
    for (const _visit of asking) await page.visit()
    gate.resolve()
    expect((await Promise.all(asking)).sort()).toEqual(['v1', 'v2', 'v3'])
  })

  test('requests for other URLs wait for nobody', async () => {
    const { text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const [slow, quick] = [site.page(behind(gate, FRESH)), site.page(FRESH)]
    const waiting = text(slow.url)
    expect(await text(quick.url)).toBe('v1')
    gate.resolve()
    expect(await waiting).toBe('v1')
  })

  test('when it fails, each caller hears of it', async () => {
    const { fetch } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(behind(gate, (_visit, response) => void response.destroy()))
    const asking = Array.from({ length: 3 }, () => fetch(page.url))
    const ends = Promise.allSettled(asking)
    gate.resolve()
    expect(await ends).toMatchObject(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: { name: 'TypeError' } })))
  })

  test.each<[who: string, control: string, joins: RequestInit]>([
    ['a request says so: cache: no-cache', 'max-age=60', { cache: 'no-cache' }],
    ['a request says so: Cache-Control: no-cache', 'max-age=60', { headers: { 'Cache-Control': 'no-cache' } }],
    ['the response says so: no-cache', 'no-cache', {}],
    ['the response says so: must-revalidate', 'max-age=0, must-revalidate', {}],
  ])('where %s, who joins gets none that was asked for before; those who join at once share the next', async (_who, control, joins) => {
    const place = placeOf(arrangement)
    const { text } = standOn(place)
    const gate = deferred()
    const page = site.page(async ({ number }) => {
      if (number === 1) await gate.promise
      place.clock.advance(1)
      return { fields: { 'Cache-Control': control, ETag: `"${number}"` }, body: `v${number}` }
    })
    const first = text(page.url)
    await page.visit()
    place.clock.advance(1)
    const joining = Array.from({ length: 5 }, () => text(page.url, joins))
    await turns()
    place.clock.advance(1)
    gate.resolve()
    expect([await first, ...(await Promise.all(joining))]).toEqual(['v1', 'v2', 'v2', 'v2', 'v2', 'v2'])
  })

  test('Vary: *: who joins a request gets no answer that was made for another', async () => {
    const place = placeOf(arrangement)
    const { text } = standOn(place)
    const gate = deferred()
    const page = site.page(async ({ headers }) => {
      await gate.promise
      return { fields: { 'Cache-Control': 'max-age=60', Vary: '*' }, body: headers['x-api-key']! }
    })
    const asking = ['alice', 'bob'].map((key) => text(page.url, { headers: { 'X-Api-Key': key } }))
    await page.visit()
    await turns(50)
    place.clock.advance(5)
    gate.resolve()
    expect(await Promise.all(asking)).toEqual(['alice', 'bob'])
  })
})

test.each([
  ['of one user', as('alice')],
  ['of another', as('bob')],
])('a body that does not end holds up a second caller, %s, for 30 s twice, and is not stored', async (_who, init) => {
  const world = createWorld()
  const { fetch } = standOn(world, {}, world.tab<never>().cache)
  const page = site.page(({ number }, response) => (number === 1 ? void response.writeHead(200, { 'Cache-Control': 'max-age=60' }).write('part') : { body: 'whole' }))
  const controller = new AbortController()
  await fetch(page.url, { ...as('alice'), signal: controller.signal })
  await page.visit()
  const second = fetch(page.url, init)
  await world.pass(60_000)
  expect(await (await second).text()).toBe('whole')
  controller.abort()
  await world.settle()
})

test.each<['abort' | 'cancel', seconds: number]>([['abort', 20], ['abort', 40], ['cancel', 40]])('a stream that goes on ends with its reader: %s after %i s', async (how, seconds) => {
  const world = createWorld()
  const { fetch } = standOn(world, {}, world.tab<never>().cache)
  const page = site.page((_visit, response) => void response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).write('{}\n'))
  const controller = new AbortController()
  const response = await fetch(page.url, { signal: controller.signal })
  const { gone } = await page.visit()
  const reader = response.body!.getReader()
  await reader.read()
  await world.pass(seconds * 1_000)
  await world.settle()
  if (how === 'abort') controller.abort()
  else await reader.cancel()
  await gone
})

test('a reload asks for itself, and what it brings is stored', async () => {
  const { text, ask } = standOn(placeOf(TWO_TIERS))
  const gate = deferred()
  const page = site.page(behind(gate, FRESH))
  const asking = [text(page.url), text(page.url, { cache: 'reload' })]
  await page.visit()
  await page.visit()
  gate.resolve()
  expect((await Promise.all(asking)).sort()).toEqual(['v1', 'v2'])
  expect(await ask(page.url)).toEqual([expect.stringMatching(/v[12]/), 'hit; ttl=60'])
})
