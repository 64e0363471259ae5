// What getOrLoad and its options refuse, before anything is loaded; and setMany and subscribe.

import { describe, expect, it, vi } from 'vitest'
import { createCache, type CacheOptions } from '../../src/index.ts'
import { ARRANGEMENTS, placeOf } from '../helpers/caches.ts'
import { expectRefusal } from '../helpers/errors.ts'
import { rejectionOf } from '../helpers/loads.ts'

type Case = [name: string, value: unknown, Kind: typeof TypeError | typeof RangeError]

const DURATIONS: Case[] = ['timeout', 'errorTtl', 'ttl', 'staleWhileRevalidate', 'staleIfError'].flatMap((name): Case[] => [
  [name, -1, RangeError],
  [name, NaN, RangeError],
  [name, -Infinity, RangeError],
  [name, '5', TypeError],
  [name, null, TypeError],
])

describe.each(ARRANGEMENTS)('$title', (arrangement) => {
  it.each<Case>([...DURATIONS, ['signal', {}, TypeError], ['signal', null, TypeError], ['signal', 'stop', TypeError], ['tags', 'x', TypeError], ['tags', [1], TypeError]])(
    'getOrLoad refuses %s: %j, and loads nothing',
    async (name, value, Kind) => {
      const cache = placeOf(arrangement).open<string>()
      const loader = vi.fn(() => 'value')
      const error = await rejectionOf(cache.getOrLoad('a', loader, { [name]: value }))
      expectRefusal(() => { throw error }, Kind, name, value)
      expect(loader).not.toHaveBeenCalled()
    },
  )

  it.each([null, 5, 'options'])('getOrLoad refuses %j for options', async (options) => {
    const cache = placeOf(arrangement).open<string>()
    const error = await rejectionOf(cache.getOrLoad('a', () => 'value', options as never))
    expectRefusal(() => { throw error }, TypeError, 'options', options)
  })

  it.each([undefined, null, 'value', {}])('getOrLoad refuses %j for a loader, also when a fresh value is there', async (loader) => {
    const cache = placeOf(arrangement).open<string>()
    await cache.set('a', 'fresh')
    const error = await rejectionOf(cache.getOrLoad('a', loader as never))
    expectRefusal(() => { throw error }, TypeError, 'loader', loader)
  })

  it('0 and Infinity are durations', async () => {
    const cache = placeOf(arrangement).open<string>()
    expect(await cache.getOrLoad('a', () => 'value', { errorTtl: 0, staleIfError: 0, staleWhileRevalidate: Infinity, timeout: Infinity })).toBe('value')
    expect(await cache.getOrLoad('b', () => 'value', { errorTtl: Infinity, staleIfError: Infinity })).toBe('value')
  })
})

describe('createCache', () => {
  it.each<Case>([
    ['lockTimeout', 0, RangeError],
    ['lockTimeout', -1, RangeError],
    ['lockTimeout', NaN, RangeError],
    ['lockTimeout', 2 ** 31, RangeError],
    ['lockTimeout', Infinity, RangeError],
    ['lockTimeout', '5', TypeError],
    ['errorTtl', -1, RangeError],
    ['errorTtl', NaN, RangeError],
    ['errorTtl', '5', TypeError],
    ['errorTtl', null, TypeError],
  ])('refuses %s: %j', (name, value, Kind) => {
    expectRefusal(() => createCache({ [name]: value }), Kind, name, value)
  })

  it.each<CacheOptions<string>>([{ lockTimeout: 1 }, { lockTimeout: 0.5 }, { lockTimeout: 2 ** 31 - 1 }, { errorTtl: 0 }, { errorTtl: Infinity }])('takes %j', (options) => {
    expect(() => createCache(options)).not.toThrow()
  })
})

it.each([undefined, null, {}, 'ab', 5, () => {}])('setMany refuses %j for entries', async (entries) => {
  const error = await rejectionOf(createCache().setMany(entries as never))
  expectRefusal(() => { throw error }, TypeError, 'entries', entries)
})

describe('subscribe', () => {
  it.each([undefined, null, 5, {}])('refuses %j for a listener', (listener) => {
    const cache = createCache()
    expectRefusal(() => cache.subscribe(listener as never), TypeError, 'listener', listener)
    expectRefusal(() => cache.subscribe('key', (listener ?? null) as never), TypeError, 'listener', listener ?? null)
  })

  it.each([undefined, null, 5, {}])('refuses %j for a key', (key) => {
    const cache = createCache()
    expectRefusal(() => cache.subscribe(key as never, () => {}), TypeError, 'key', key)
  })
})
