// Options of createCachedFetch: a bad one is refused before anything happens.

import { describe, expect, test, vi } from 'vitest'
import { createCachedFetch, type CachedFetchOptions, type HttpEntry } from '../../src/http/index.ts'
import { createCache, createMemoryCache } from '../../src/index.ts'
import { MEMORY_ALONE, placeOf } from '../helpers/caches.ts'
import { expectRefusal } from '../helpers/errors.ts'
import { FRESH, serveSite } from './serving.ts'
import { standOn } from './standing.ts'

const site = serveSite()

const create = (options: unknown) => () => createCachedFetch(placeOf(MEMORY_ALONE).open<HttpEntry>(), options as CachedFetchOptions)

describe.each<[name: string, kind: typeof TypeError | typeof RangeError, bad: readonly unknown[], good: readonly unknown[]]>([
  ['fetch', TypeError, [7, 'fetch', {}, true, null, ''], [undefined, () => {}]],
  ['partition', TypeError, [7, 'alice', {}, true, null, '', 0], [undefined, () => 'alice']],
  ['match', TypeError, [7, /x/, 'x', true], [undefined, () => true]],
  ['groups', TypeError, [7, ['a'], true], [undefined, () => []]],
  ['invalidates', TypeError, [7, ['a'], true], [undefined, () => []]],
  ['onUpdate', TypeError, [7, 'x', {}, true], [undefined, () => {}]],
  ['heuristic', RangeError, [-1, NaN, -0.1], [undefined, 0, 0.1, 1]],
  ['heuristic', TypeError, ['0.1', null, {}, true, 1n], []],
  ['defaultTtl', RangeError, [-1, NaN], [undefined, 0, Infinity]],
  ['defaultTtl', TypeError, ['60', null, {}, true], []],
  ['staleIfError', RangeError, [-1, NaN], [undefined, 0, 1, Infinity]],
  ['staleIfError', TypeError, ['60', {}, true], []],
  ['networkTimeout', RangeError, [-1, NaN], [undefined, 0, 1, Infinity]],
  ['networkTimeout', TypeError, ['60', null, {}, true], []],
  ['maxBodyBytes', RangeError, [-1, NaN], [undefined, 0, 1, Infinity]],
  ['maxBodyBytes', TypeError, ['60', null, {}, true], []],
  ['name', TypeError, ['', 'two words', '1st', '"x"', 'x;hit', 'x,y', 'ä', 'x\n', '\0', 7, null, {}], [undefined, 'a', 'Cache-1.b_c']],
  ['revalidate', TypeError, ['', 'never', 'AUTO', 'auto ', 7, null, true], [undefined, 'auto', 'explicit', 'http-cache']],
  ['unreachable', TypeError, ['', 'reject', 504, null, true], [undefined, 'throw', '504']],
  ['omitHeaders', TypeError, ['set-cookie', [7], [null], 7, {}, null], [undefined, [], ['Set-Cookie']]],
  ['clock.now', TypeError, [{}, { now: 7 }], []],
])('%s', (name, kind, bad, good) => {
  const [option] = name.split('.') as [string]

  test.each(bad)(`%o is refused with a ${kind.name}`, (value) => {
    expectRefusal(create({ [option]: value }), kind, name, value)
  })

  if (good.length > 0)
    test('these are good', () => {
      for (const value of good) expect(typeof create({ [option]: value })()).toBe('function')
    })
})

test.each([7, 'x', null, true])('options that are %o are refused', (options) => {
  expectRefusal(create(options), TypeError, 'options', options)
})

test.each([['nothing', undefined], ['null', null], ['the options of a cache', { name: 'api' }], ['a name', 'api'], ['a cache of memory alone', createMemoryCache()]])('%s in place of a cache is refused', (_what, cache) => {
  expectRefusal(() => createCachedFetch(cache as never), TypeError, 'cache.getOrLoad', cache)
})

test.each([['heuristic', '>= 0'], ['maxBodyBytes', '>= 0'], ['defaultTtl', '>= 0 ms']])('the refusal of %s names its unit', (option, rule) => {
  expect(create({ [option]: -1 })).toThrow(`: ${option} must be ${rule}: received`)
})

test('offlineStale is true or false, or left out', () => {
  for (const offlineStale of [true, false, undefined]) expect(typeof create({ offlineStale })()).toBe('function')
})

test('nothing is asked at creation, neither of the network nor of storage', async () => {
  const place = placeOf({ ...MEMORY_ALONE, second: 'indexeddb' })
  const open = vi.spyOn(indexedDB, 'open')
  const fetch = vi.fn()
  standOn(place, { fetch })
  expect([open.mock.calls, fetch.mock.calls]).toEqual([[], []])
})

test('the default clock is the Date of the call, which tests replace', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2020, 0) })
  const { ask } = standOn(placeOf(MEMORY_ALONE), { clock: undefined as never, fetch: async () => new Response('x', { headers: { 'Cache-Control': 'max-age=60', Date: new Date().toUTCString() } }) }, createCache<HttpEntry>())
  const url = 'http://origin.test/'
  expect([await ask(url), await ask(url)]).toEqual([['x', 'fwd=uri-miss; stored'], ['x', 'hit; ttl=60']])
  vi.advanceTimersByTime(61_000)
  expect(await ask(url)).toEqual(['x', 'fwd=stale; stored'])
  vi.useRealTimers()
})

test('the global fetch is looked up at each call', async () => {
  const { text } = standOn(placeOf(MEMORY_ALONE))
  vi.stubGlobal('fetch', async () => new Response('instrumented'))
  expect(await text('http://origin.test/')).toBe('instrumented')
  vi.unstubAllGlobals()
})

test.each<[what: string, init: RequestInit, url?: string]>([
  ['a miss', {}],
  ['no-store', { cache: 'no-store' }],
  ['a mutation', { method: 'POST', body: 'x' }],
  ['what is not handled', {}, 'data:text/plain,v1'],
])('fetch may be the browser’s own, which is nobody’s method: %s', async (_what, init, url) => {
  function own(this: unknown, ...parameters: Parameters<typeof fetch>): Promise<Response> {
    return this === undefined || this === globalThis ? fetch(...parameters) : Promise.reject(new TypeError('Illegal invocation'))
  }
  const { text } = standOn(placeOf(MEMORY_ALONE), { fetch: own })
  expect(await text(url ?? site.page(FRESH).url, init)).toBe('v1')
})

test('omitHeaders are not stored, and the caller of the network gets them', async () => {
  const { fetch } = standOn(placeOf(MEMORY_ALONE), { omitHeaders: ['Set-Cookie', 'x-OWN'] })
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'a=b', 'X-Own': 'x', 'X-Other': 'y' } })
  const names = ['set-cookie', 'x-own', 'x-other']
  const first = await fetch(page.url)
  await first.text()
  expect(names.map((name) => first.headers.get(name))).toEqual(['a=b', 'x', 'y'])
  const second = await fetch(page.url)
  expect(names.map((name) => second.headers.get(name))).toEqual([null, null, 'y'])
})

test.each(['http://', 'http://[', '::', 'x y'])('a URL that is none rejects as fetch does: %s', async (url) => {
  const { fetch } = standOn(placeOf(MEMORY_ALONE))
  await expect(fetch(url)).rejects.toThrow(TypeError)
})

test.each<[what: string, init: RequestInit]>([
  ['a method that is none', { method: 'G T' }],
  ['a forbidden method', { method: 'TRACE' }],
  ['fields that are none', { headers: { 'a b': 'c' } }],
  ['a body of a GET', { body: 'x' }],
  ['a mode that is none', { cache: 'sometimes' as RequestCache }],
])('%s rejects as fetch does', async (_what, init) => {
  const { fetch } = standOn(placeOf(MEMORY_ALONE))
  await expect(fetch('http://origin.test/', init)).rejects.toThrow(TypeError)
})

test('an input may be a text, a URL or a Request, with an init or without', async () => {
  const { text } = standOn(placeOf(MEMORY_ALONE))
  const { fetch } = standOn(placeOf(MEMORY_ALONE))
  const page = site.page(({ headers, number }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Kind' }, body: `${headers['x-kind'] ?? 'none'} ${number}` }))
  expect(await text(page.url)).toBe('none 1')
  const ask = async (input: RequestInfo | URL, init?: RequestInit): Promise<string> => (await fetch(input, init)).text()
  expect(await ask(new URL(page.url))).toBe('none 2')
  expect(await ask(new Request(page.url))).toBe('none 2')
  expect(await ask(new Request(page.url, { headers: { 'X-Kind': 'a' } }))).toBe('a 3')
  expect(await ask(new Request(page.url, { headers: { 'X-Kind': 'a' } }), { headers: { 'X-Kind': 'b' } })).toBe('b 4')
  expect(await ask(new Request(page.url, { headers: { 'X-Kind': 'a' } }), {})).toBe('a 3')
  expect(await ask(page.url, { headers: [['x-kind', 'a']] })).toBe('a 3')
  expect(await ask(page.url, { headers: new Headers({ 'X-Kind': 'b' }) })).toBe('b 4')
})

test('importing and creating it need no fetch: some environments for tests have none', async () => {
  for (const name of ['fetch', 'Request', 'Response', 'Headers']) vi.stubGlobal(name, undefined)
  vi.resetModules()
  const { createCachedFetch: created } = await import('../../src/http/index.ts')
  expect(created(placeOf(MEMORY_ALONE).open<HttpEntry>())).toBeTypeOf('function')
  vi.unstubAllGlobals()
})
