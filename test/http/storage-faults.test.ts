// Storage that fails, hangs or lies: every fetch is answered all the same, from the network if need be.

import { beforeEach, describe, expect, test } from 'vitest'
import type { HttpEntry } from '../../src/http/index.ts'
import { damageOnPurpose, MEMORY_ALONE, NAME, placeOf, TWO_TIERS, type Place } from '../helpers/caches.ts'
import { failWrites, plant } from '../helpers/indexed-db.ts'
import { controlled, type Control } from '../helpers/stores.ts'
import { createPlainStore } from '../store/plain-store.ts'
import { createFaultFactory, type FaultFactory } from '../faults/support/fault-factory.ts'
import { FRESH, long, serveSite, type Page } from './serving.ts'
import { reload, standOn, type Standing } from './standing.ts'

const site = serveSite()

beforeEach(damageOnPurpose)

/** All that a cachedFetch does with storage. */
async function exercise(standing: Standing, page: Page): Promise<void> {
  expect(await standing.text(page.url)).toMatch(/^v\d+$/)
  expect(await standing.text(page.url)).toMatch(/^v\d+$/)
  expect(await standing.text(page.url, { cache: 'no-cache' })).toMatch(/^v\d+$/)
  expect(await standing.text(page.url, { cache: 'reload' })).toMatch(/^v\d+$/)
  expect((await standing.fetch(page.url, { method: 'HEAD' })).status).toBe(200)
  expect(await standing.text(page.url, { headers: { Range: 'bytes=0-0' } })).toMatch(/^v/)
  const response = await standing.fetch(page.url, { method: 'POST', body: 'x' })
  expect(response.status).toBe(200)
  expect(await standing.text(page.url)).toMatch(/^v\d+$/)
  const bodies = await Promise.all([1, 2, 3].map(() => standing.text(`${page.url}/at-once`)))
  expect(bodies.every((body) => /^v\d+$/.test(body))).toBe(true)
}

describe('a store handed in', () => {
  function standing(): { place: Place; control: Control<HttpEntry>; standing: Standing } {
    const place = placeOf(MEMORY_ALONE)
    const control = controlled(createPlainStore<HttpEntry>())
    return { place, control, standing: standOn(place, {}, place.open<HttpEntry>({ store: control.store })) }
  }

  test.each([
    ['reads', ['get']],
    ['writes', ['set', 'change']],
    ['removals', ['take', 'deletePrefix', 'deleteTag']],
    ['everything', ['get', 'set', 'change', 'take', 'deletePrefix', 'deleteTag', 'sweep', 'flush']],
  ] as const)('whose %s fail', async (_what, methods) => {
    const { place, control, standing: own } = standing()
    control.fail(new Error('broken'), ...methods)
    await exercise(own, site.page(FRESH))
    expect(place.faults.length, 'the app is told').toBeGreaterThan(0)
    control.fail(undefined, ...methods)
    await exercise(own, site.page(FRESH))
  })

  test('whose reads fail after something was stored: nothing of it is lost once they work', async () => {
    const { place, control, standing: own } = standing()
    const page = site.page(FRESH)
    await own.text(page.url)
    const next = standOn(place, {}, place.open<HttpEntry>({ store: control.store, maxEntries: 1 }))
    control.fail(new Error('broken'), 'get')
    expect(await next.text(page.url)).toBe('v2')
    control.fail(undefined, 'get')
    expect(await next.text(page.url)).toMatch(/^v[12]$/)
    expect(page.visits()).toHaveLength(2)
  })
})

describe('IndexedDB', () => {
  let factory: FaultFactory
  beforeEach(() => {
    factory = createFaultFactory()
    globalThis.indexedDB = factory
  })

  test.each([
    ['open', 'sync'],
    ['open', 'request'],
    ['transaction', 'sync'],
    ['get', 'sync'],
    ['get', 'request'],
    ['getAll', 'request'],
    ['put', 'sync'],
    ['put', 'request'],
    ['put', 'abort'],
    ['delete', 'request'],
    ['commit', 'commit'],
  ] as const)('%s fails (%s)', async (operation, phase) => {
    factory.fail({ operation, phase })
    const standing = standOn(placeOf(TWO_TIERS))
    await exercise(standing, site.page(FRESH))
    factory.heal()
    await exercise(standing, site.page(FRESH))
  })

  test('the disk is full: responses are kept in memory', async () => {
    const faults = failWrites('QuotaExceededError')
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page(FRESH)
    for (const _round of [1, 2]) expect(await standing.text(page.url)).toBe('v1')
    await exercise(standing, site.page(FRESH))
    faults.end()
  })

  test('the connection is closed under way', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page(FRESH)
    for (let round = 0; round < 3; round++) {
      await exercise(standing, page)
      factory.forceClose()
    }
  })

  test('there is none', async () => {
    globalThis.indexedDB = undefined as never
    await exercise(standOn(placeOf(TWO_TIERS)), site.page(FRESH))
  })
})

describe('records of others under the keys of responses', () => {
  const LIFE = { form: 1, url: 'http://x/', status: 200, statusText: 'OK', headers: [], selectors: [], responseTime: 0, end: 4e12, stamp: 1, bornAt: 0, staleAt: 4e12, lifetime: 4e12, tags: [] }
  const WHOLE = { ...LIFE, cacheStatus: '', bytes: new ArrayBuffer(4) }

  test.each<[what: string, value: unknown]>([
    ['null', null],
    ['a number', 7],
    ['a text', 'http'],
    ['true', true],
    ['a date', new Date(0)],
    ['an object', { variants: [] }],
    ['an empty list', []],
    ['a list of nothing', [null, undefined, 0, 'x', {}]],
    ['a list of lists', [[[]]]],
    ['a record of another form', [{ ...LIFE, form: 2 }]],
    ['a record of this form with nothing in it', [{ form: 1 }]],
    ['a record whose members are of other types', [{ ...LIFE, selectors: 'none', headers: 7 }]],
    ['a record without a body', [LIFE]],
    ['a record without a body, whose stamp is like no other', [{ ...LIFE, stamp: NaN }]],
    ['a record with a text for a body', [{ ...LIFE, bytes: 'v1' }]],
    ['a record with a view for a body', [{ ...LIFE, bytes: new Uint8Array(2) }]],
    ['a record with a status that no response has', [{ ...WHOLE, status: 7 }]],
    ['a record with a status text that is none', [{ ...WHOLE, statusText: 7 }]],
    ['a record with a field whose name is none', [{ ...WHOLE, headers: [['a b', 'c']] }]],
    ['a record with a field of two lines', [{ ...WHOLE, headers: [['a', 'b\nc']] }]],
    ['a record with a field that is no pair', [{ ...WHOLE, headers: [null] }]],
    ['a redirect with fields that are no list', [{ ...WHOLE, status: 301, headers: new Map() }]],
    ['a record whose freshness ends at no number', [{ ...WHOLE, staleAt: 2n }]],
    ['a record with a Cache-Status of two lines', [{ ...WHOLE, cacheStatus: 'a\nb' }]],
    ['a record with a selector that is no pair', [{ ...WHOLE, selectors: [7] }]],
    ['a record with a tag that is none', [{ ...WHOLE, selectors: [['accept', 'x']], tags: [7] }]],
    ['a record with tags that are no list', [{ ...WHOLE, selectors: [['accept', 'x']], tags: new Uint8Array() }]],
    ['a body', { stamp: 1, bytes: new ArrayBuffer(4) }],
    ['a map', new Map([[0, LIFE]])],
    ['bytes', new Uint8Array(8)],
  ])('%s', async (_what, value) => {
    const place = placeOf(TWO_TIERS)
    const standing = standOn(place)
    const page = site.page(FRESH)
    await standing.text(page.url)
    await standing.cache.flush()
    const key = `http\0\0${page.url}`
    await plant(NAME, { key, value, createdAt: place.clock.time, staleAt: 4e12, expiresAt: 4e12 })
    const next = await reload(place, standing)
    expect(await next.ask(page.url)).toEqual(['v2', expect.stringMatching(/^fwd=(uri|vary)-miss; stored$/)])
    expect(await next.ask(page.url)).toEqual(['v2', 'hit; ttl=60'])
    await next.fetch.invalidate({ url: page.url })
    await next.fetch.clear()
  })

  test.each<[what: string, value: unknown]>([
    ['null', null],
    ['a text', 'body'],
    ['bytes alone', new ArrayBuffer(2)],
    ['a list', [LIFE]],
    ['a body without bytes', { stamp: 'own' }],
    ['a body of a text', { stamp: 'own', bytes: 'body' }],
    ['a body of a view', { stamp: 'own', bytes: new Uint8Array(2) }],
    ['a body of another response', { stamp: 0.5, bytes: new ArrayBuffer(2) }],
  ])('in the place of a body: %s', async (_what, value) => {
    const place = placeOf(TWO_TIERS)
    const standing = standOn(place)
    const page = site.page(({ number }) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: long(`v${number}`) }))
    await standing.text(page.url)
    const entries: [string, HttpEntry][] = []
    for await (const entry of standing.cache.entries()) entries.push(entry)
    const [key, body] = entries.find(([, each]) => !Array.isArray(each))!
    const own = (value as { stamp?: unknown } | null)?.stamp === 'own' ? { ...(value as object), stamp: (body as { stamp: number }).stamp } : value
    await standing.cache.flush()
    await plant(NAME, { key, value: own, createdAt: place.clock.time, staleAt: 4e12, expiresAt: 4e12 })
    const next = await reload(place, standing)
    expect((await next.ask(page.url))[0]).toBe(long('v2'))
    expect(await next.ask(page.url)).toEqual([long('v2'), 'hit; ttl=60'])
  })
})

test('after a disk that was full and was cleared, what is asked for is stored again', async () => {
  const factory = createFaultFactory()
  globalThis.indexedDB = factory
  const place = placeOf(TWO_TIERS)
  const before = standOn(place)
  await before.text(site.page(FRESH).url)
  const full = factory.fail({ operation: ['put', 'add'], phase: 'commit', error: 'QuotaExceededError' })
  await before.text(site.page(FRESH).url)
  await before.fetch.clear()
  full.end()
  const after = await reload(place, before)
  const page = site.page(FRESH)
  for (let round = 0; round < 5; round++) await after.text(page.url)
  expect((await after.ask(page.url))[1]).toBe('hit; ttl=60')
})
