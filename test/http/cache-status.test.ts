// Cache-Status (RFC 9211) on every answer, read by an independent parser.

import { parseList, type BareItem, type Item } from 'structured-headers'
import { describe, expect, test } from 'vitest'
import type { CachedFetchOptions } from '../../src/http/index.ts'
import { placeOf, TWO_TIERS, type Place } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { deferred } from '../helpers/deferred.ts'
import { BROKEN, serveSite, type Page } from './serving.ts'
import { as, standOn, type Standing } from './standing.ts'

const site = serveSite()

/** What a cache says of itself. */
interface Said {
  readonly name: string
  readonly parameters: Readonly<Record<string, BareItem>>
}

const plain = (value: BareItem): BareItem => (typeof value === 'object' && 'toString' in value ? String(value) : value)

/** Members of the field, the one nearest to the origin first. Fails where RFC 9211 is not kept. */
function read({ headers }: Response): Said[] {
  const members = parseList(headers.get('cache-status') ?? '') as Item[]
  return members.map(([name, parameters]) => {
    const said = Object.fromEntries([...parameters].map(([key, value]) => [key, plain(value)]))
    expect(Object.keys(said).filter((key) => !['hit', 'fwd', 'fwd-status', 'stored', 'collapsed', 'ttl', 'key', 'detail'].includes(key)), 'parameters that are registered').toEqual([])
    expect(['hit', 'fwd'].filter((key) => key in said), 'hit and fwd exclude each other, one is there').toHaveLength(1)
    if ('hit' in said) expect(said['hit']).toBe(true)
    else expect(['bypass', 'method', 'uri-miss', 'vary-miss', 'miss', 'request', 'stale', 'partial']).toContain(said['fwd'])
    if ('ttl' in said) expect(Number.isInteger(said['ttl'])).toBe(true)
    if ('fwd-status' in said || 'stored' in said || 'collapsed' in said) expect(said).toHaveProperty('fwd')
    expect(said, 'it would tell the URL').not.toHaveProperty('key')
    return { name: String(plain(name)), parameters: said }
  })
}

const own = (response: Response): Said['parameters'] => read(response).at(-1)!.parameters

interface Scene {
  readonly place: Place
  readonly standing: Standing
  readonly page: Page
}

/** Stores a response of this Cache-Control for a request of X-Kind a. */
async function scene(control: string, options: CachedFetchOptions = {}): Promise<Scene> {
  const place = placeOf(TWO_TIERS)
  const standing = standOn(place, options)
  const page = site.page(({ headers }) => ({ status: headers['if-none-match'] ? 304 : 200, fields: { 'Cache-Control': control, ETag: '"1"', Vary: 'X-Kind' }, body: 'text' }))
  await standing.text(page.url, kind)
  return { place, standing, page }
}

const kind: RequestInit = { headers: { 'X-Kind': 'a' } }
const and = (fields: Record<string, string>): RequestInit => ({ headers: { 'X-Kind': 'a', ...fields } })

describe('what is answered from the cache, and why the origin was asked', () => {
  test.each<[what: string, control: string, seconds: number, init: RequestInit, said: Record<string, unknown>]>([
    ['a fresh hit', 'max-age=60', 10, kind, { hit: true, ttl: 50 }],
    ['a fresh hit, in the last second', 'max-age=60', 59, kind, { hit: true, ttl: 1 }],
    ['a stale hit that is revalidated', 'max-age=60, stale-while-revalidate=30', 64, kind, { hit: true, ttl: -4, detail: 'swr' }],
    ['a stale hit that was asked for', 'max-age=60', 64, and({ 'Cache-Control': 'max-stale' }), { hit: true, ttl: -4 }],
    ['force-cache', 'max-age=60', 64, { ...kind, cache: 'force-cache' }, { hit: true, ttl: -4 }],
    ['HEAD', 'max-age=60', 10, { ...kind, method: 'HEAD' }, { hit: true, ttl: 50 }],
    ['a part', 'max-age=60', 10, and({ Range: 'bytes=0-1' }), { hit: true, ttl: 50 }],
    ['confirmed', 'max-age=60', 64, kind, { fwd: 'stale', 'fwd-status': 304 }],
    ['confirmed, as asked', 'max-age=60', 10, and({ 'Cache-Control': 'no-cache' }), { fwd: 'request', 'fwd-status': 304 }],
    ['another variant', 'max-age=60', 10, { headers: { 'X-Kind': 'b' } }, { fwd: 'vary-miss', stored: true }],
    ['another user', 'max-age=60', 10, as('bob'), { fwd: 'uri-miss', stored: true }],
    ['a reload', 'max-age=60', 10, { ...kind, cache: 'reload' }, { stored: true }],
    ['no-store of the request', 'max-age=60', 10, { ...kind, cache: 'no-store' }, { fwd: 'bypass' }],
    ['no-store in its fields', 'max-age=60', 10, and({ 'Cache-Control': 'no-store' }), { fwd: 'bypass' }],
    ['preconditions of its own', 'max-age=60', 10, and({ 'If-Match': '"2"' }), { fwd: 'bypass' }],
    ['an unsafe method', 'max-age=60', 10, { ...kind, method: 'POST' }, { fwd: 'method' }],
    ['another safe method', 'max-age=60', 10, { ...kind, method: 'OPTIONS' }, { fwd: 'method' }],
    ['only-if-cached, unanswered', 'max-age=60', 64, and({ 'Cache-Control': 'only-if-cached' }), { fwd: expect.any(String) }],
  ])('%s', async (_what, control, seconds, init, said) => {
    const { place, standing, page } = await scene(control)
    place.clock.advance(seconds * SECOND)
    const response = await standing.fetch(page.url, init)
    expect(own(response)).toMatchObject(said)
    for (const name of ['ttl', 'detail', 'fwd-status', 'stored', 'collapsed']) if (!(name in said)) expect(own(response), name).not.toHaveProperty(name)
    await response.text()
  })

  test('a miss that is stored, and one that is not', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const stored = await standing.fetch(site.page({ fields: { 'Cache-Control': 'max-age=60' } }).url)
    expect(own(stored)).toEqual({ fwd: 'uri-miss', stored: true })
    const unstored = await standing.fetch(site.page({ fields: { 'Cache-Control': 'no-store' } }).url)
    expect(own(unstored)).toEqual({ fwd: 'uri-miss' })
    const head = await standing.fetch(site.page({}).url, { method: 'HEAD' })
    expect(own(head)).toEqual({ fwd: 'uri-miss' })
  })

  test('replaced', async () => {
    const { place, standing, page } = await scene('max-age=60')
    place.clock.advance(64 * SECOND)
    page.answer = { fields: { 'Cache-Control': 'max-age=60' } }
    expect(own(await standing.fetch(page.url, kind))).toEqual({ fwd: 'stale', stored: true })
  })

  test('an origin that is not well, or out of reach', async () => {
    const { place, standing, page } = await scene('max-age=60, stale-if-error=60')
    place.clock.advance(64 * SECOND)
    page.answer = { status: 503 }
    expect(own(await standing.fetch(page.url, kind))).toEqual({ fwd: 'stale', 'fwd-status': 503, detail: 'sie' })
    page.answer = BROKEN
    expect(own(await standing.fetch(page.url, kind))).toEqual({ fwd: 'stale', detail: 'offline' })
  })

  test('unreachable: 504', async () => {
    const { standing, page } = await scene('max-age=60', { unreachable: '504' })
    page.answer = BROKEN
    expect(own(await standing.fetch(`${page.url}/else`))).toMatchObject({ fwd: 'uri-miss' })
  })

  test('those who shared a request', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const gate = deferred()
    const page = site.page(async () => {
      await gate.promise
      return { fields: { 'Cache-Control': 'max-age=60' } }
    })
    const asking = Promise.all([1, 2, 3].map(() => standing.fetch(page.url)))
    await page.visit()
    gate.resolve()
    const said = (await asking).map(own)
    expect(said.filter((each) => each['collapsed'] === true)).toEqual([{ fwd: 'uri-miss', collapsed: true }, { fwd: 'uri-miss', collapsed: true }])
    expect(said.filter((each) => each['stored'])).toEqual([{ fwd: 'uri-miss', stored: true }])
  })

  test('those who joined in vain', async () => {
    const standing = standOn(placeOf(TWO_TIERS))
    const gate = deferred()
    const page = site.page(async () => {
      await gate.promise
      return { fields: { 'Cache-Control': 'no-store' } }
    })
    const asking = Promise.all([1, 2, 3].map(() => standing.fetch(page.url)))
    await page.visit()
    gate.resolve()
    for (const said of (await asking).map(own)) {
      expect(said['fwd']).toBe('uri-miss')
      expect(said['collapsed']).not.toBe(true)
      expect(said).not.toHaveProperty('stored')
    }
  })
})

describe('beside what others say', () => {
  test.each(['origin-cache; hit', 'CDN; fwd=uri-miss; stored, "Edge 1"; hit; ttl=3'])('%s: the caches before this one come first', async (before) => {
    const standing = standOn(placeOf(TWO_TIERS))
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60', 'Cache-Status': before } })
    const names = parseList(before).map(([name]) => String(plain(name as BareItem)))
    for (const [said, answer] of [['fwd', 'uri-miss'], ['hit', true]] as const) {
      const members = read(await standing.fetch(page.url))
      expect(members.map(({ name }) => name)).toEqual([...names, 'bestbefore'])
      expect(members.at(-1)!.parameters[said]).toBe(answer)
      await standing.cache.flush()
    }
  })

  test.each(['ours', 'Example-1', 'a.b_c'])('the option name: %s', async (name) => {
    const standing = standOn(placeOf(TWO_TIERS), { name })
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60' } })
    for (const init of [{}, {}, { cache: 'no-store' as const }, { method: 'POST' }]) expect(read(await standing.fetch(page.url, init)).map((said) => said.name)).toEqual([name])
  })
})

test('what this does not see to, it does not speak of', async () => {
  const standing = standOn(placeOf(TWO_TIERS), { match: () => false })
  const response = await standing.fetch(site.page({}).url)
  expect(response.headers.get('cache-status')).toBeNull()
})
