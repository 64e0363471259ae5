// Defaults and validation: what may be given, what is refused with which class, and what is in force without.

import { describe, expect, it } from 'vitest'
import { createMemoryCache } from '../src/memory/memory-cache.ts'
import { cacheSettings, checkMs, memorySettings, lifetimeOf, optionsOf } from '../src/options.ts'
import { expectRefusal } from './helpers/errors.ts'

type Kind = typeof TypeError | typeof RangeError

const ANY = expect.any(Function)
const ANY_CLOCK = { now: ANY }

describe('memorySettings', () => {
  it('has defaults: 1000 entries of any weight, for ever, by the wall clock', () => {
    const { clock, ...rest } = memorySettings({})
    expect(rest).toEqual({ maxEntries: 1000, maxWeight: Infinity, ttl: Infinity })
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000)
  })

  it('takes undefined for not given', () => {
    const options = { maxEntries: undefined, maxWeight: undefined, weigh: undefined, ttl: undefined, onRemove: undefined, clock: undefined }
    expect(memorySettings(options as never)).toEqual({ maxEntries: 1000, maxWeight: Infinity, ttl: Infinity, clock: ANY_CLOCK })
  })

  it('passes on what is given', () => {
    const clock = { now: () => 1 }
    const weigh = (): number => 1
    expect(memorySettings({ maxEntries: 5, maxWeight: 7.5, weigh, ttl: 0, clock })).toEqual({ maxEntries: 5, maxWeight: 7.5, weigh, ttl: 0, clock })
  })

  it.each([{ maxEntries: 1 }, { maxEntries: Infinity }, { maxEntries: 2 ** 40 }, { ttl: 0 }, { ttl: 0.5 }, { ttl: Infinity }, { ttl: 2 ** 53 }])('allows %o', (options) => {
    expect(memorySettings(options)).toMatchObject(options)
    expect(createMemoryCache(options).size).toBe(0)
  })

  it.each([Number.MIN_VALUE, 1, 1e300, Infinity])('allows maxWeight %d with weigh', (maxWeight) => {
    expect(memorySettings({ maxWeight, weigh: () => 1 }).maxWeight).toBe(maxWeight)
  })

  it('takes any object with now() for a clock, Date and performance included', () => {
    for (const clock of [Date, performance, { now: () => 5 }]) expect(memorySettings({ clock }).clock).toBe(clock)
  })

  const weigh = (): number => 1
  const REFUSED: [options: object, Kind: Kind, name: string][] = [
    ...[0, -1, 1.5, 0.5, NaN, -Infinity].map((maxEntries): [object, Kind, string] => [{ maxEntries }, RangeError, 'maxEntries']),
    ...['10', null, true, {}, 10n, Symbol()].map((maxEntries): [object, Kind, string] => [{ maxEntries }, TypeError, 'maxEntries']),
    ...[0, -1, NaN, -Infinity].map((maxWeight): [object, Kind, string] => [{ maxWeight, weigh }, RangeError, 'maxWeight']),
    ...['5', null, {}, 5n, Symbol()].map((maxWeight): [object, Kind, string] => [{ maxWeight, weigh }, TypeError, 'maxWeight']),
    ...[-1, NaN, -Infinity].map((ttl): [object, Kind, string] => [{ ttl }, RangeError, 'ttl']),
    ...['60', null, {}, 60n, Symbol()].map((ttl): [object, Kind, string] => [{ ttl }, TypeError, 'ttl']),
    ...[5, null, 'size', {}].map((bad): [object, Kind, string] => [{ weigh: bad }, TypeError, 'weigh']),
    ...[5, null, {}].map((onRemove): [object, Kind, string] => [{ onRemove }, TypeError, 'onRemove']),
    ...[5, null, {}, { now: 5 }, 'now'].map((clock): [object, Kind, string] => [{ clock }, TypeError, 'clock.now']),
    [{ maxWeight: 5 }, TypeError, 'weigh'],
  ]

  it.each(REFUSED)('refuses %o', (options, Kind, name) => {
    const value = Object.values(options)[0] as unknown
    const shown = Kind === RangeError ? value : undefined
    expectRefusal(() => memorySettings(options), Kind, name, shown)
    expectRefusal(() => createMemoryCache(options), Kind, name, shown)
  })

  it.each([null, 500, '500', true])('refuses %s for options', (options) => {
    expectRefusal(() => createMemoryCache(options as never), TypeError, 'options', options)
  })
})

describe('cacheSettings', () => {
  it('has defaults', () => {
    expect(cacheSettings({})).toEqual({
      maxEntries: 1000,
      maxWeight: Infinity,
      ttl: Infinity,
      clock: ANY_CLOCK,
      name: undefined,
      version: '',
      lifetime: { ttl: Infinity, staleWhileRevalidate: 0, staleIfError: 0, tags: [] },
      maxStoredEntries: 10_000,
      durability: 'relaxed',
      sweepInterval: 60_000,
      lockTimeout: 10_000,
      errorTtl: 0,
    })
  })

  it.each([
    { name: 'shop' },
    { name: ' ' },
    { version: 'v2' },
    { maxStoredEntries: 1 },
    { maxStoredEntries: 0.5 },
    { maxStoredEntries: Infinity },
    { durability: 'strict' as const },
    { durability: 'relaxed' as const },
    { sweepInterval: 0.5 },
    { sweepInterval: 2 ** 31 - 1 },
  ])('allows %o', (options) => {
    expect(cacheSettings(options)).toMatchObject(options)
  })

  it('allows a store, none, and a listener of errors', () => {
    for (const store of [undefined, false, { write() {} }]) expect(() => cacheSettings({ store, onError: () => {} } as object)).not.toThrow()
  })

  it('takes any object with encode() and decode() for a codec', () => {
    for (const codec of [undefined, { encode: () => 1, decode: () => 1 }, class { static encode() {} static decode() {} }]) expect(() => cacheSettings({ codec } as object)).not.toThrow()
  })

  it('makes a lifetime of ttl and stale windows', () => {
    expect(cacheSettings({ ttl: 5, staleIfError: 7 }).lifetime).toEqual({ ttl: 5, staleWhileRevalidate: 0, staleIfError: 7, tags: [] })
  })

  const REFUSED: [options: object, Kind: Kind, name: string][] = [
    [{ name: '' }, TypeError, 'name'],
    [{ name: 5 }, TypeError, 'name'],
    [{ name: null }, TypeError, 'name'],
    [{ version: 2 }, TypeError, 'version'],
    [{ version: null }, TypeError, 'version'],
    [{ maxStoredEntries: 0 }, RangeError, 'maxStoredEntries'],
    [{ maxStoredEntries: -1 }, RangeError, 'maxStoredEntries'],
    [{ maxStoredEntries: NaN }, RangeError, 'maxStoredEntries'],
    [{ maxStoredEntries: '5' }, TypeError, 'maxStoredEntries'],
    [{ durability: 'default' }, TypeError, 'durability'],
    [{ durability: '' }, TypeError, 'durability'],
    [{ durability: 'very strict' }, TypeError, 'durability'],
    [{ durability: ['strict'] }, TypeError, 'durability'],
    [{ sweepInterval: 0 }, RangeError, 'sweepInterval'],
    [{ sweepInterval: -1 }, RangeError, 'sweepInterval'],
    [{ sweepInterval: NaN }, RangeError, 'sweepInterval'],
    [{ sweepInterval: 2 ** 31 }, RangeError, 'sweepInterval'],
    [{ sweepInterval: Infinity }, RangeError, 'sweepInterval'],
    [{ sweepInterval: '60000' }, TypeError, 'sweepInterval'],
    ...['redis', '', true, null, 0, NaN, {}, new Map()].map((store): [object, Kind, string] => [{ store }, TypeError, 'store.write']),
    [{ onError: {} }, TypeError, 'onError'],
    ...[null, {}, 'aes', { decode() {} }, { encode: 1, decode() {} }].map((codec): [object, Kind, string] => [{ codec }, TypeError, 'codec.encode']),
    ...[{ encode() {} }, { encode() {}, decode: 'text' }].map((codec): [object, Kind, string] => [{ codec }, TypeError, 'codec.decode']),
    [{ staleWhileRevalidate: -1 }, RangeError, 'staleWhileRevalidate'],
    [{ staleIfError: NaN }, RangeError, 'staleIfError'],
    [{ ttl: -1 }, RangeError, 'ttl'],
    [{ clock: {} }, TypeError, 'clock.now'],
  ]

  it.each(REFUSED)('refuses %o', (options, Kind, name) => {
    expectRefusal(() => cacheSettings(options), Kind, name, Kind === RangeError ? Object.values(options)[0] : undefined)
  })
})

describe('lifetimeOf', () => {
  const defaults = { ttl: 1, staleWhileRevalidate: 2, staleIfError: 3, tags: ['d'] }

  it('is the default where options are silent', () => {
    expect(lifetimeOf('do', undefined, defaults)).toEqual(defaults)
    expect(lifetimeOf('do', {}, defaults)).toEqual(defaults)
    expect(lifetimeOf('do', { ttl: undefined, tags: undefined } as never, defaults)).toEqual(defaults)
  })

  it('is what options say where they speak, 0 and Infinity included', () => {
    const asked = { ttl: 0, staleWhileRevalidate: Infinity, staleIfError: 0, tags: [] }
    expect(lifetimeOf('do', asked, defaults)).toEqual(asked)
  })

  it('names each tag once, in a list of its own', () => {
    const tags = ['a', 'b', 'a', '']
    const lifetime = lifetimeOf('do', { tags }, defaults)
    tags.push('later')
    expect(lifetime.tags).toEqual(['a', 'b', ''])
  })

  it('takes any iterable of strings for tags', () => {
    expect(lifetimeOf('do', { tags: new Set(['a']) as never }, defaults).tags).toEqual(['a'])
    expect(() => lifetimeOf('do', { tags: {} as never }, defaults)).toThrow(TypeError)
  })

  it.each(['a', [1], [null], ['a', undefined], null])('refuses %o for tags', (tags) => {
    expectRefusal(() => lifetimeOf('do', { tags: tags as never }, defaults), TypeError, 'tags', undefined)
  })
})

describe('the checks', () => {
  it('checkMs passes 0 to Infinity', () => {
    for (const ms of [0, -0, 0.1, 2 ** 53, Infinity]) expect(() => checkMs('do', 'wait', ms)).not.toThrow()
    for (const ms of [-1, NaN, -Infinity]) expectRefusal(() => checkMs('do', 'wait', ms), RangeError, 'wait', ms)
    expectRefusal(() => checkMs('do', 'wait', undefined as never), TypeError, 'wait', undefined)
  })

  it('optionsOf takes undefined for none', () => {
    expect(optionsOf('do', undefined)).toEqual({})
    const options = { ttl: 5 }
    expect(optionsOf('do', options)).toBe(options)
    for (const bad of [5, 'ttl', true, 0, '', false]) expectRefusal(() => optionsOf('do', bad as never), TypeError, 'options', undefined)
  })

  it('a text shows numbers, and of the rest the type alone: values may be secrets', () => {
    for (const secret of ['secret', ['secret'], { secret: 1 }, Symbol('secret')]) {
      expect(() => checkMs('do', 'wait', secret as never)).toThrow(/^((?!secret).)*$/)
    }
    expect(() => checkMs('do', 'wait', -5)).toThrow('received -5')
  })
})
