// An origin that cannot be reached, is slow, or is not well: what is stored stands in, where it may.

import { afterEach, describe, expect, test, vi } from 'vitest'
import type { CachedFetchOptions } from '../../src/http/index.ts'
import { createWorld } from '../coherence/support/world.ts'
import { placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { DAY, SECOND } from '../helpers/clock.ts'
import { deferred, isPending, type Deferred } from '../helpers/deferred.ts'
import { BROKEN, serveSite, type Answering, type Page } from './serving.ts'
import { cacheStatusOf, standOn, TIERS, type Standing } from './standing.ts'

const site = serveSite()

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A stored response of this Cache-Control, so many seconds old, whose origin now answers so. */
async function stale(control: string, seconds: number, options: CachedFetchOptions, answer: Answering): Promise<{ standing: Standing; page: Page }> {
  const place = placeOf(TWO_TIERS)
  const standing = standOn(place, options)
  const page = site.page({ fields: { 'Cache-Control': control, ETag: '"1"' }, body: 'stored' })
  await standing.text(page.url)
  place.clock.advance(seconds * SECOND)
  page.answer = answer
  page.visits()
  return { standing, page }
}

const asks = (value: string): RequestInit => ({ headers: { 'Cache-Control': value } })

describe('out of reach', () => {
  test.each<[control: string, options: CachedFetchOptions, init: RequestInit, served: boolean]>([
    ['max-age=60', {}, {}, true],
    ['max-age=60', { offlineStale: true }, {}, true],
    ['max-age=60', { offlineStale: false }, {}, false],
    ['max-age=60, must-revalidate', {}, {}, false],
    ['max-age=60, no-cache', {}, {}, false],
    ['no-cache', {}, {}, false],
    ['max-age=60', {}, { cache: 'no-cache' }, false],
    ['max-age=60', {}, { cache: 'reload' }, false],
    ['max-age=60', {}, { cache: 'no-store' }, false],
    ['max-age=60', {}, asks('no-cache'), false],
    ['max-age=60', {}, asks('max-age=10'), true],
    ['max-age=60, stale-if-error=1', {}, {}, true],
  ])('%s, %o, %o: the stale response is served: %s', async (control, options, init, served) => {
    const { standing, page } = await stale(control, 1_000, options, BROKEN)
    if (!served) await expect(standing.fetch(page.url, init)).rejects.toThrow(TypeError)
    else expect(await standing.ask(page.url, init)).toEqual(['stored', 'fwd=stale; detail=offline'])
    page.answer = { fields: { 'Cache-Control': 'max-age=60' }, body: 'back' }
    expect(await standing.text(page.url, init), 'and when it is back, so is its answer').toBe('back')
  })

  test('one whose time is over stands in for nothing, also where another variant keeps the list', async () => {
    const place = placeOf(TWO_TIERS)
    const standing = standOn(place)
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Kind' }, body: 'stored' })
    const kind = (value: string): RequestInit => ({ headers: { 'X-Kind': value } })
    await standing.text(page.url, kind('old'))
    place.clock.advance(25 * DAY)
    await standing.text(page.url, kind('other'))
    place.clock.advance(15 * DAY)
    page.answer = BROKEN
    expect(await standing.text(page.url, kind('other'))).toBe('stored')
    await expect(standing.fetch(page.url, kind('old'))).rejects.toThrow(TypeError)
  })

  test('a part comes of the stale response', async () => {
    const { standing, page } = await stale('max-age=60', 1_000, {}, BROKEN)
    const response = await standing.fetch(page.url, { headers: { Range: 'bytes=1-3' } })
    expect([response.status, await response.text(), cacheStatusOf(response)]).toEqual([206, 'tor', 'fwd=stale; detail=offline'])
  })

  test.each<RequestInit>([{ method: 'HEAD' }, { headers: { Range: 'bytes=1-3' } }])('unreachable: 504 answers %o where nothing is stored', async (init) => {
    const { standing, page } = await stale('max-age=60', 1_000, { unreachable: '504' }, BROKEN)
    expect((await standing.fetch(`${page.url}/else`, init)).status).toBe(504)
  })

  test('each call tries anew, and the answer to a reachable origin comes at once', async () => {
    const { standing, page } = await stale('max-age=60', 1_000, {}, BROKEN)
    for (let call = 0; call < 3; call++) expect(await standing.text(page.url)).toBe('stored')
    expect(page.visits().length).toBeGreaterThanOrEqual(3)
  })

  test.each<[stored: boolean, init: RequestInit]>([[false, {}], [true, { cache: 'no-cache' }]])('unreachable: 504 gives a response of that status (stored: %s, %o)', async (_stored, init) => {
    const { standing, page } = await stale('max-age=60', 1_000, { unreachable: '504' }, BROKEN)
    const url = _stored ? page.url : `${page.url}/else`
    const response = await standing.fetch(url, init)
    expect([response.status, await response.text()]).toEqual([504, ''])
    expect(cacheStatusOf(response)).toMatch(_stored ? /^fwd=stale/ : /^fwd=uri-miss/)
  })

  test('a caller who leaves hears of that, and of nothing else', async () => {
    for (const options of [{}, { unreachable: '504' }] as const) {
      const { standing, page } = await stale('max-age=60', 1_000, options, () => deferred<void>().promise)
      const controller = new AbortController()
      const asking = standing.fetch(page.url, { signal: controller.signal })
      asking.catch(() => {})
      await page.visit()
      controller.abort()
      await expect(asking).rejects.toMatchObject({ name: 'AbortError' })
    }
  })

  test('a mutation rejects, whatever is stored, and removes nothing', async () => {
    const { standing, page } = await stale('max-age=60', 1, {}, BROKEN)
    await expect(standing.fetch(page.url, { method: 'POST', body: 'x' })).rejects.toThrow(TypeError)
    expect(await standing.text(page.url)).toBe('stored')
  })
})

describe('not well', () => {
  test.each<[control: string, seconds: number, options: CachedFetchOptions, init: RequestInit, served: boolean]>([
    ['max-age=60', 61, {}, {}, false],
    ['max-age=60, stale-if-error=30', 89, {}, {}, true],
    ['max-age=60, stale-if-error=30', 90, {}, {}, false],
    ['max-age=60', 89, {}, asks('stale-if-error=30'), true],
    ['max-age=60', 90, {}, asks('stale-if-error=30'), false],
    ['max-age=60, stale-if-error=10', 89, {}, asks('stale-if-error=30'), true],
    ['max-age=60', 89, { staleIfError: 30 * SECOND }, {}, true],
    ['max-age=60', 90, { staleIfError: 30 * SECOND }, {}, false],
    ['max-age=60, stale-if-error=30', 61, { staleIfError: 0 }, {}, false],
    ['max-age=60, stale-if-error=30, must-revalidate', 61, {}, {}, false],
    ['max-age=60, must-revalidate', 61, { staleIfError: 30 * SECOND }, {}, false],
    ['max-age=60, must-revalidate', 61, {}, asks('stale-if-error=30'), false],
    ['max-age=60, stale-if-error=30, no-cache', 61, {}, {}, false],
    ['max-age=60, stale-if-error=x', 61, {}, {}, false],
  ])('%s, after %i s, %o, %o: the stale response is served: %s', async (control, seconds, options, init, served) => {
    const { standing, page } = await stale(control, seconds, options, { status: 503, body: 'sorry' })
    expect(await standing.ask(page.url, init)).toEqual(served ? ['stored', 'fwd=stale; fwd-status=503; detail=sie'] : ['sorry', 'fwd=stale'])
  })

  test.each([[500, true], [502, true], [503, true], [504, true], [501, false], [505, false], [404, false], [429, false], [400, false]])('status %i: served is %s', async (status, served) => {
    const { standing, page } = await stale('max-age=60, stale-if-error=30', 61, {}, { status, body: 'sorry' })
    expect((await standing.ask(page.url))[0]).toBe(served ? 'stored' : 'sorry')
  })

  test('HEAD gets the fields of the stale response', async () => {
    const { standing, page } = await stale('max-age=60, stale-if-error=600', 61, {}, { status: 503, body: 'sorry' })
    const response = await standing.fetch(page.url, { method: 'HEAD' })
    expect([response.status, response.headers.get('etag'), cacheStatusOf(response)]).toEqual([200, '"1"', 'fwd=stale; fwd-status=503; detail=sie'])
    expect(await standing.text(page.url), 'and it stays').toBe('stored')
  })

  test.each<CachedFetchOptions>([{}, { staleIfError: 0 }])('what is fresh stands in for nobody who wants a fresher one, unless that is said: %o', async (options) => {
    const { standing, page } = await stale('max-age=60', 20, options, { status: 503, body: 'sorry' })
    for (const wish of ['max-age=0', 'max-age=10', 'min-fresh=50']) expect((await standing.ask(page.url, asks(wish)))[0], wish).toBe('sorry')
    expect((await standing.ask(page.url, asks('max-age=10, stale-if-error=1')))[0]).toBe('stored')
  })

  test.each<RequestInit>([{ cache: 'no-cache' }, asks('no-cache')])('whoever asks the origin itself hears of it: %o', async (init) => {
    const { text } = standOn(placeOf(TWO_TIERS))
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60, stale-if-error=600' }, body: 'stored' })
    await text(page.url)
    page.answer = { status: 503, body: 'sorry' }
    expect(await text(page.url, init)).toBe('sorry')
  })

  test.each<Page['answer']>([{ status: 503 }, { status: 401 }, { status: 404 }, { fields: { 'Cache-Control': 'no-store' } }])('an answer that may not be stored takes nobody’s place, unless the app says so: %o', async (answer) => {
    const { standing, page } = await stale('max-age=60', 61, {}, { ...answer, body: 'sorry' })
    expect(await standing.text(page.url)).toBe('sorry')
    page.answer = BROKEN
    expect(await standing.text(page.url)).toBe('stored')
    await standing.fetch.invalidate({ url: page.url })
    await expect(standing.fetch(page.url)).rejects.toThrow(TypeError)
  })
})

describe('slow', () => {
  const slow = async (options: CachedFetchOptions, control = 'max-age=60') => {
    const world = createWorld()
    const standing = standOn(world, { networkTimeout: 2 * SECOND, ...options }, world.tab<never>().cache)
    const gate = deferred()
    const page = site.page({ fields: { 'Cache-Control': control }, body: 'stored' })
    await standing.text(page.url)
    await world.pass(61 * SECOND)
    page.visits()
    page.answer = async () => {
      await gate.promise
      return { fields: { 'Cache-Control': 'max-age=60' }, body: 'late' }
    }
    return { world, standing, gate, page }
  }

  const expectWait = async ({ world, standing, gate, page }: Awaited<ReturnType<typeof slow>>, init?: RequestInit) => {
    const asking = standing.text(page.url, init)
    await page.visit()
    await world.pass(60 * SECOND)
    expect(await isPending(asking)).toBe(true)
    gate.resolve()
    expect(await asking).toBe('late')
    await world.settle()
  }

  test('after networkTimeout the stale response is served, not a ms earlier; the request goes on, and what it brings is stored', async () => {
    const { world, standing, gate, page } = await slow({})
    const asking = standing.ask(page.url)
    const { gone } = await page.visit()
    await world.pass(2 * SECOND - 1)
    expect(await isPending(asking)).toBe(true)
    await world.pass(1)
    expect(await asking).toEqual(['stored', 'fwd=stale; detail=offline'])
    expect(await isPending(gone)).toBe(true)
    gate.resolve()
    await vi.waitFor(async () => expect(await standing.text(page.url, { cache: 'force-cache' })).toBe('late'), 10_000)
    expect(page.visits()).toEqual([])
    await world.settle()
  })

  test.each<[what: string, options: CachedFetchOptions, control: string, init: RequestInit]>([
    ['must-revalidate', {}, 'max-age=60, must-revalidate', {}],
    ['offlineStale: false', { offlineStale: false }, 'max-age=60, stale-if-error=600', {}],
    ['cache: no-cache', {}, 'max-age=60', { cache: 'no-cache' }],
    ['no networkTimeout', { networkTimeout: Infinity }, 'max-age=60', {}],
  ])('%s: the answer is waited for', async (_what, options, control, init) => {
    await expectWait(await slow(options, control), init)
  })

  test('a part that comes late holds up its connection no longer', async () => {
    const { world, standing, gate, page } = await slow({})
    page.answer = async (_visit, response) => {
      await gate.promise
      response.writeHead(206, { 'Content-Range': 'bytes 0-99/100' }).write('late')
    }
    const asking = standing.ask(page.url, { headers: { Range: 'bytes=0-2' } })
    const { gone } = await page.visit()
    await world.pass(2 * SECOND)
    expect(await asking).toEqual(['sto', 'fwd=stale; detail=offline'])
    gate.resolve()
    await gone
    await world.settle()
  })

  test('with nothing stored, the answer is waited for', async () => {
    const slowly = await slow({})
    await slowly.standing.fetch.clear()
    await expectWait(slowly)
  })
})

/** Five callers at once for a stale response, whose origin answers 503 once the gate opens; their bodies. */
async function askFive(tier: (typeof TIERS)[number]): Promise<{ standing: Standing; page: Page; gate: Deferred; bodies: Promise<string[]> }> {
  const place = placeOf(tier)
  const standing = standOn(place)
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60, stale-if-error=1000' }, body: 'stored' })
  await standing.ask(page.url)
  place.clock.advance(61 * SECOND)
  const gate = deferred()
  page.answer = async () => {
    await gate.promise
    return { status: 503, body: 'down' }
  }
  const bodies = Promise.all(Array.from({ length: 5 }, () => standing.text(page.url)))
  await page.visit()
  return { standing, page, gate, bodies }
}

test.each(TIERS)('of five callers at once all get what is stored in place of a 503: $title', async (tier) => {
  const { gate, bodies } = await askFive(tier)
  gate.resolve()
  expect(await bodies).toEqual(Array(5).fill('stored'))
})

test.each(['clear', 'invalidate'] as const)('%s meanwhile: none of five gets it', async (how) => {
  const { standing, page, gate, bodies } = await askFive(TWO_TIERS)
  await (how === 'clear' ? standing.fetch.clear() : standing.fetch.invalidate({ url: page.url }))
  gate.resolve()
  expect(await bodies).toEqual(Array(5).fill('down'))
})

test('however many keys of the app are removed meanwhile, what is stored stands in', async () => {
  const place = placeOf(TWO_TIERS)
  const { text, cache } = standOn(place)
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: 'stored' })
  await text(page.url)
  place.clock.advance(61 * SECOND)
  page.visits()
  const gate = deferred()
  page.answer = async (_visit, response) => {
    await gate.promise
    response.destroy()
  }
  const asking = text(page.url)
  await page.visit()
  await cache.deleteMany(Array.from({ length: 3_000 }, (_, key) => `app ${key}`))
  gate.resolve()
  expect(await asking).toBe('stored')
})
