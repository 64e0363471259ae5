// Requests in the background: asked for one caller who has been served, nobody reads what they bring.

import { getEventListeners } from 'node:events'
import { expect, test, vi } from 'vitest'
import type { HttpEntry, HttpUpdate } from '../../src/http/index.ts'
import { createWorld, type World } from '../coherence/support/world.ts'
import { MEMORY_ALONE, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { deferred, isPending, turns, type Deferred } from '../helpers/deferred.ts'
import { collect } from '../helpers/heap.ts'
import { long, serveSite, type Page } from './serving.ts'
import { standOn, type Standing } from './standing.ts'

const site = serveSite()
const MINUTE = { 'Cache-Control': 'max-age=60' }
const SWR = { 'Cache-Control': 'max-age=60, stale-while-revalidate=600' }

/** A response that has gone stale; the next answer waits for the gate. */
async function goneStale(world: World, text: Standing['text'], fields: Record<string, string>): Promise<{ page: Page; gate: Deferred }> {
  const page = site.page({ fields, body: 'old' })
  await text(page.url)
  await world.pass(61 * SECOND)
  page.visits()
  const gate = deferred()
  page.answer = async () => {
    await gate.promise
    return { fields, body: 'new' }
  }
  return { page, gate }
}

test('an abort by the caller who has been served does not end one', async () => {
  const place = placeOf(TWO_TIERS)
  const { fetch, text } = standOn(place)
  const page = site.page({ fields: SWR, body: 'old' })
  await text(page.url)
  place.clock.advance(61 * SECOND)
  page.visits()
  const gate = deferred()
  page.answer = async () => {
    await gate.promise
    return { fields: SWR, body: 'new' }
  }
  const controller = new AbortController()
  expect(await (await fetch(page.url, { signal: controller.signal })).text()).toBe('old')
  const { gone } = await page.visit()
  controller.abort()
  await turns(100)
  expect(await isPending(gone)).toBe(true)
  gate.resolve()
  await vi.waitFor(async () => expect(await text(page.url, { cache: 'force-cache' })).toBe('new'))
  expect(page.visits()).toEqual([])
})

test.each([
  ['500', { status: 500, body: 'sorry' }],
  ['no-store', { fields: { 'Cache-Control': 'no-store' }, body: 'new' }],
])('of callers that are served stale at once one asks, also where the answer (%s) is not stored', async (_what, answer) => {
  const place = placeOf(TWO_TIERS)
  const { text } = standOn(place)
  const page = site.page({ fields: SWR, body: 'old' })
  await text(page.url)
  place.clock.advance(61 * SECOND)
  page.visits()
  page.answer = answer
  expect(new Set(await Promise.all(Array.from({ length: 10 }, () => text(page.url))))).toEqual(new Set(['old']))
  await page.visit()
  await turns(100)
  expect(page.visits()).toEqual([])
})

test('they leave nothing on a signal that lives long', async () => {
  const place = placeOf(MEMORY_ALONE)
  const { text } = standOn(place)
  const page = site.page(({ number }) => ({ fields: SWR, body: long(`v${number}`) }))
  const { signal } = new AbortController()
  await text(page.url, { signal })
  for (let version = 2; version < 12; version++) {
    place.clock.advance(61 * SECOND)
    await text(page.url, { signal })
    await vi.waitFor(async () => expect(await text(page.url, { signal })).toContain(`v${version}`))
  }
  // The platform's own fetch holds its listeners weakly.
  await vi.waitFor(async () => {
    await collect()
    expect(getEventListeners(signal, 'abort').length).toBeLessThan(3)
  })
})

test('onUpdate is told of what came after networkTimeout', async () => {
  const world = createWorld()
  const updates: HttpUpdate[] = []
  const { text, ask } = standOn(world, { networkTimeout: 2 * SECOND, onUpdate: (update) => void updates.push(update) }, world.tab<HttpEntry>().cache)
  const { page, gate } = await goneStale(world, text, MINUTE)
  const asking = ask(page.url)
  await page.visit()
  await world.pass(2 * SECOND)
  expect(await asking).toEqual(['old', 'fwd=stale; detail=offline'])
  gate.resolve()
  await vi.waitFor(async () => expect(await text(page.url, { cache: 'force-cache' })).toBe('new'), 10_000)
  await world.settle()
  expect(updates).toEqual([{ url: page.url, status: 200, changed: true }])
})

test('onUpdate is told where one has joined a request that was waited for', async () => {
  const world = createWorld()
  const updates: HttpUpdate[] = []
  const { text, ask } = standOn(world, { onUpdate: (update) => void updates.push(update) }, world.tab<HttpEntry>().cache)
  const { page, gate } = await goneStale(world, text, SWR)
  const waiting = text(page.url, { cache: 'no-cache' })
  await page.visit()
  expect(await ask(page.url)).toEqual(['old', 'hit; ttl=-1; detail=swr'])
  await turns()
  gate.resolve()
  expect(await waiting).toBe('new')
  await world.settle()
  await vi.waitFor(() => expect(updates).toEqual([{ url: page.url, status: 200, changed: true }]))
  expect(page.visits()).toEqual([])
})

test('an answer that is not stored and comes after networkTimeout holds no connection', async () => {
  const world = createWorld()
  const { text, ask } = standOn(world, { networkTimeout: 2 * SECOND }, world.tab<HttpEntry>().cache)
  const { page, gate } = await goneStale(world, text, MINUTE)
  page.answer = async (_visit, response) => {
    await gate.promise
    response.writeHead(200, { 'Cache-Control': 'no-store' }).write(Buffer.alloc(16 * 2 ** 20))
  }
  const asking = ask(page.url)
  const { gone } = await page.visit()
  await world.pass(2 * SECOND)
  await asking
  gate.resolve()
  await gone
})

test('networkTimeout: 0 serves what is stale at once', async () => {
  const world = createWorld()
  const { text } = standOn(world, { networkTimeout: 0 }, world.tab<HttpEntry>().cache)
  const { page, gate } = await goneStale(world, text, MINUTE)
  const asking = text(page.url)
  await page.visit()
  await world.pass(0)
  expect(await asking).toBe('old')
  gate.resolve()
  await vi.waitFor(async () => expect(await text(page.url, { cache: 'force-cache' })).toBe('new'), 10_000)
  await world.settle()
})

test('an abort by one who was served after networkTimeout does not end one either', async () => {
  const world = createWorld()
  const { text, fetch } = standOn(world, { networkTimeout: 2 * SECOND }, world.tab<HttpEntry>().cache)
  const gate = deferred()
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: 'old' })
  await text(page.url)
  await world.pass(61 * SECOND)
  page.visits()
  page.answer = async () => {
    await gate.promise
    return { fields: { 'Cache-Control': 'max-age=60' }, body: 'new' }
  }
  const controller = new AbortController()
  const asking = fetch(page.url, { signal: controller.signal })
  await page.visit()
  await world.pass(2 * SECOND)
  expect(await (await asking).text()).toBe('old')
  controller.abort()
  await turns()
  gate.resolve()
  await turns(100)
  await world.settle()
  expect(await text(page.url, { cache: 'force-cache' })).toBe('new')
})
