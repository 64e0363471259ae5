// The modes of Request.cache where the caller's own header fields, or those of the stored response, have a say: conditions,
// Cache-Control and Pragma of requests, Vary, stale-while-revalidate.

import { describe, expect, test, vi } from 'vitest'
import { MEMORY, RELOAD } from './arrangements.ts'
import { asking } from './asking.ts'
import { cacheFields } from './versions.ts'

const NO_CACHE = { pragma: 'no-cache', 'cache-control': 'no-cache' }
const ASKING_MODES = ['default', 'no-store', 'reload', 'no-cache', 'force-cache'] as const

describe.each([MEMORY, RELOAD])('$title', (arrangement) => {
  describe('a condition of the caller makes a request of mode default one of mode no-store', () => {
    const conditions = [
      ['If-None-Match', '"other"'],
      ['If-Modified-Since', 'Mon, 06 Mar 2017 00:00:00 GMT'],
      ['If-Match', '"v1"'],
      ['If-Unmodified-Since', 'Mon, 06 Mar 2017 00:00:00 GMT'],
      ['If-Range', '"v1"'],
    ] as const

    test.each(conditions)('%s: %s', async (name, value) => {
      for (const held of ['nothing', 'fresh', 'gone stale'] as const) {
        const { resource, ask, stored } = await asking(arrangement, 'ETag', held)
        resource.version = 2
        expect(await ask('default', { headers: { [name]: value } }), held).toEqual({ status: 200, text: 'v2' })
        expect(resource.visits().map(cacheFields), held).toEqual([{ ...NO_CACHE, [name.toLowerCase()]: value }])
        expect(await stored(), held).toBe(held === 'nothing' ? undefined : 'v1')
      }
    })

    test.each(['ETag', 'Last-Modified'] as const)('by %s: the caller gets the 304', async (validator) => {
      const { clock, resource, fetch, stored } = await asking(arrangement, validator, 'fresh')
      const told = (await fetch(resource.url)).headers.get(validator) ?? ''
      clock.advance(100_000)
      const condition = validator === 'ETag' ? 'If-None-Match' : 'If-Modified-Since'
      const response = await fetch(resource.url, { headers: { [condition]: told } })
      expect({ status: response.status, text: await response.text() }).toEqual({ status: 304, text: '' })
      expect(await stored()).toBe('v1')
    })

    test('of mode no-cache, the answer to the condition is about nothing that is stored', async () => {
      const { resource, fetch, stored } = await asking(arrangement, 'ETag', 'fresh')
      resource.version = 2
      const response = await fetch(resource.url, { cache: 'no-cache', headers: { 'If-None-Match': '"v2"' } })
      expect({ status: response.status, text: await response.text() }).toEqual({ status: 304, text: '' })
      expect(await stored()).toBe('v1')
    })

    test('of mode no-store, the condition goes along', async () => {
      const { resource, ask } = await asking(arrangement, 'ETag', 'fresh')
      expect(await ask('no-store', { headers: { 'If-None-Match': '"v1"' } })).toEqual({ status: 304, text: '' })
      expect(resource.visits().map(cacheFields)).toEqual([{ ...NO_CACHE, 'if-none-match': '"v1"' }])
    })
  })

  test.each([
    ['no-store', NO_CACHE],
    ['reload', NO_CACHE],
    ['no-cache', { 'cache-control': 'max-age=0', 'if-none-match': '"v1"' }],
  ] as const)('%s leaves Cache-Control of the caller as it is', async (mode, fields) => {
    const { resource, ask } = await asking(arrangement, 'ETag', 'fresh')
    await ask(mode, { headers: { 'Cache-Control': 'no-transform' } })
    expect(resource.visits().map(cacheFields)).toEqual([{ ...fields, 'cache-control': 'no-transform' }])
  })

  test.each(['no-store', 'reload'] as const)('%s leaves Pragma of the caller as it is', async (mode) => {
    const { resource, ask } = await asking(arrangement, 'ETag', 'fresh')
    await ask(mode, { headers: { Pragma: 'other' } })
    expect(resource.visits().map(cacheFields)).toEqual([{ pragma: 'other', 'cache-control': 'no-cache' }])
  })

  test.each(['no-cache', 'max-age=0', 'max-age=5', 'min-fresh=55'])('Cache-Control: %s asks about what is fresh, and goes along', async (directive) => {
    const { resource, ask } = await asking(arrangement, 'ETag', 'fresh')
    resource.version = 2
    expect(await ask('default', { headers: { 'Cache-Control': directive } })).toEqual({ status: 200, text: 'v2' })
    expect(resource.visits().map(cacheFields)).toEqual([{ 'cache-control': directive, 'if-none-match': '"v1"' }])
  })

  test('only-if-cached the directive answers 504 where the mode rejects', async () => {
    const nothing = await asking(arrangement, 'ETag', 'nothing')
    const headers = { 'Cache-Control': 'only-if-cached' }
    expect(await nothing.ask('default', { headers })).toMatchObject({ status: 504 })
    await expect(nothing.ask('only-if-cached')).rejects.toThrow(TypeError)
    expect(nothing.resource.visits()).toEqual([])
    const fresh = await asking(arrangement, 'ETag', 'fresh')
    expect(await fresh.ask('default', { headers })).toEqual({ status: 200, text: 'v1' })
    expect(fresh.resource.visits()).toEqual([])
  })

  describe('Vary', () => {
    const vary = { Vary: 'X-Kind' }
    const a = { headers: { 'X-Kind': 'a' } }
    const b = { headers: { 'X-Kind': 'b' } }

    test.each(ASKING_MODES)('%s of another kind is answered by the origin, and the stored one stays', async (mode) => {
      for (const held of ['fresh', 'gone stale'] as const) {
        const { resource, ask, stored } = await asking(arrangement, 'ETag', held, vary, a)
        expect(await ask(mode, b), held).toEqual({ status: 200, text: 'v1 b' })
        expect(resource.visits(), held).toHaveLength(1)
        expect(await stored(a.headers), held).toBe('v1 a')
        expect(await stored(b.headers), held).toBe(mode === 'no-store' ? undefined : 'v1 b')
      }
    })

    test('only-if-cached of another kind, or of none, rejects', async () => {
      const { resource, ask } = await asking(arrangement, 'ETag', 'fresh', vary, a)
      await expect(ask('only-if-cached', b)).rejects.toThrow(TypeError)
      await expect(ask('only-if-cached')).rejects.toThrow(TypeError)
      expect(await ask('only-if-cached', a)).toEqual({ status: 200, text: 'v1 a' })
      expect(resource.visits()).toEqual([])
    })

    test.each(['reload', 'no-cache'] as const)('%s renews its own kind alone', async (mode) => {
      const { resource, ask, stored } = await asking(arrangement, 'ETag', 'fresh', vary, a)
      await ask('default', b)
      resource.version = 2
      await ask(mode, b)
      expect([await stored(a.headers), await stored(b.headers)]).toEqual(['v1 a', 'v2 b'])
    })

    test.each(['default', 'force-cache', 'no-cache'] as const)('%s does not use what varies by everything without asking', async (mode) => {
      for (const held of ['fresh', 'gone stale'] as const) {
        const { resource, ask } = await asking(arrangement, 'ETag', held, { Vary: '*' })
        expect(await ask(mode), held).toEqual({ status: 200, text: 'v1' })
        const added = mode === 'no-cache' ? { 'cache-control': 'max-age=0' } : {}
        expect(resource.visits().map(cacheFields), held).toEqual([{ ...added, 'if-none-match': '"v1"' }])
      }
    })

    test('only-if-cached never gets what varies by everything', async () => {
      const { resource, ask } = await asking(arrangement, 'ETag', 'fresh', { Vary: '*' })
      await expect(ask('only-if-cached')).rejects.toThrow(TypeError)
      expect(resource.visits()).toEqual([])
    })
  })
})

describe('a window of stale-while-revalidate', () => {
  const window = { 'Cache-Control': 'max-age=60, stale-while-revalidate=1000' }

  test('default gets the stored response at once, and the origin is asked behind it', async () => {
    const { resource, ask } = await asking(MEMORY, 'ETag', 'gone stale', window)
    resource.version = 2
    expect(await ask('default')).toEqual({ status: 200, text: 'v1' })
    const came = await vi.waitFor(() => {
      const visits = resource.visits()
      expect(visits).toHaveLength(1)
      return visits
    }, 10_000)
    expect(came.map(cacheFields)).toEqual([{ 'if-none-match': '"v1"' }])
    await vi.waitFor(async () => expect(await ask('default')).toEqual({ status: 200, text: 'v2' }), 10_000)
    expect(resource.visits()).toEqual([])
  })

  test('no-cache waits for the origin all the same', async () => {
    const { resource, ask } = await asking(MEMORY, 'ETag', 'gone stale', window)
    resource.version = 2
    expect(await ask('no-cache')).toEqual({ status: 200, text: 'v2' })
    expect(resource.visits()).toHaveLength(1)
  })

  test.each(['force-cache', 'only-if-cached'] as const)('%s asks nobody', async (mode) => {
    const { resource, ask } = await asking(MEMORY, 'ETag', 'gone stale', window)
    resource.version = 2
    expect(await ask(mode)).toEqual({ status: 200, text: 'v1' })
    await ask('only-if-cached')
    expect(resource.visits()).toEqual([])
  })
})
