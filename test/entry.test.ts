// The entry and its liveness rule: when it is fresh, stale, expired, to the ms; how times are computed and renewed; and
// that nothing is written down which a store would only have to carry.

import { describe, expect, it } from 'vitest'
import { after, createEntry, expiresAtOf, isFresh, isUsable, renewEntry, staleAtOf } from '../src/entry.ts'

type Lifetime = Parameters<typeof createEntry>[2]

const LAST_DATE = 8.64e15
const NOW = 1_700_000_000_000

function life(lifetime: Partial<Lifetime> = {}): Lifetime {
  return { ttl: 1000, staleWhileRevalidate: 0, staleIfError: 0, tags: [], ...lifetime }
}

describe('after', () => {
  it.each([
    [0, 0, 0],
    [1000, 500, 1500],
    [1000, 0.5, 1001],
    [1000.25, 0.5, 1001],
    [1000.25, 0.75, 1001],
    [-1000, 500, -500],
    [NOW, 2 ** 40, NOW + 2 ** 40],
    [NOW, Infinity, Infinity],
    [0, LAST_DATE, LAST_DATE],
    [1, LAST_DATE, Infinity],
    [0, LAST_DATE + 1, Infinity],
    [NOW, Number.MAX_VALUE, Infinity],
    [Infinity, 0, Infinity],
    [Infinity, 5, Infinity],
  ])('after(%d, %d) is %d', (now, ms, at) => {
    expect(after(now, ms)).toBe(at)
  })
})

describe('createEntry', () => {
  it('is fresh until staleAt, usable until expiresAt, which without a window are the same', () => {
    const entry = createEntry('a', 1, life(), NOW)
    expect([staleAtOf(entry), expiresAtOf(entry), entry.createdAt]).toEqual([NOW + 1000, NOW + 1000, NOW])
    expect([NOW, NOW + 999, NOW + 1000, NOW + 1001].map((now) => isFresh(entry, now))).toEqual([true, true, false, false])
    expect([NOW, NOW + 999, NOW + 1000, NOW + 1001].map((now) => isUsable(entry, now))).toEqual([true, true, false, false])
  })

  it('with stale windows expires after the longer one, and between is usable but not fresh', () => {
    for (const windows of [{ staleWhileRevalidate: 10, staleIfError: 300 }, { staleWhileRevalidate: 300, staleIfError: 10 }]) {
      const entry = createEntry('a', 1, life(windows), NOW)
      expect([staleAtOf(entry), expiresAtOf(entry)]).toEqual([NOW + 1000, NOW + 1300])
      expect(entry).toMatchObject(windows)
      expect([NOW + 999, NOW + 1000, NOW + 1299, NOW + 1300].map((now) => isFresh(entry, now))).toEqual([true, false, false, false])
      expect([NOW + 999, NOW + 1000, NOW + 1299, NOW + 1300].map((now) => isUsable(entry, now))).toEqual([true, true, true, false])
    }
  })

  it('that never goes stale never expires', () => {
    const entry = createEntry('a', 1, life({ ttl: Infinity, staleIfError: 5 }), NOW)
    expect([staleAtOf(entry), expiresAtOf(entry)]).toEqual([Infinity, Infinity])
    expect([isFresh(entry, LAST_DATE), isUsable(entry, LAST_DATE)]).toEqual([true, true])
  })

  it('with an endless stale window goes stale and never expires', () => {
    const entry = createEntry('a', 1, life({ staleIfError: Infinity }), NOW)
    expect([staleAtOf(entry), expiresAtOf(entry)]).toEqual([NOW + 1000, Infinity])
    expect([isFresh(entry, NOW + 1000), isUsable(entry, LAST_DATE)]).toEqual([false, true])
  })

  it('with ttl 0 is not fresh at all, but usable within a window', () => {
    expect(isFresh(createEntry('a', 1, life({ ttl: 0 }), NOW), NOW)).toBe(false)
    expect(isUsable(createEntry('a', 1, life({ ttl: 0 }), NOW), NOW)).toBe(false)
    const windowed = createEntry('a', 1, life({ ttl: 0, staleIfError: 5 }), NOW)
    expect([isFresh(windowed, NOW), isUsable(windowed, NOW + 4), isUsable(windowed, NOW + 5)]).toEqual([false, true, false])
  })

  it('keeps key and value as they are, null included', () => {
    const value = { a: 1 }
    expect(createEntry('k', value, life(), NOW).value).toBe(value)
    expect(createEntry('', null, life(), NOW)).toMatchObject({ key: '', value: null })
  })

  it('has no property expiresAt when it never expires, so that no index files it, and no other that says nothing', () => {
    expect(Object.keys(createEntry('a', 1, life({ ttl: Infinity }), NOW)).sort()).toEqual(['createdAt', 'key', 'value'])
    expect(Object.keys(createEntry('a', 1, life(), NOW)).sort()).toEqual(['createdAt', 'expiresAt', 'key', 'value'])
    const full = createEntry('a', 1, life({ staleWhileRevalidate: 1, staleIfError: 2, tags: ['t'] }), NOW)
    expect(full).toEqual({ key: 'a', value: 1, createdAt: NOW, staleAt: NOW + 1000, expiresAt: NOW + 1002, staleWhileRevalidate: 1, staleIfError: 2, tags: ['t'] })
  })

  it('has times in whole ms, whatever the clock and the ttl', () => {
    const entry = createEntry('a', 1, life({ ttl: 10.1, staleIfError: 0.1 }), NOW + 0.3)
    expect([staleAtOf(entry), expiresAtOf(entry)]).toEqual([NOW + 11, NOW + 12])
  })
})

describe('renewEntry', () => {
  it('gives a new ttl from now; creation, value, tags and windows stay; the old entry is untouched', () => {
    const value = {}
    const entry = createEntry('a', value, life({ staleWhileRevalidate: 50, tags: ['t'] }), NOW)
    const before = { ...entry }
    const renewed = renewEntry(entry, 9000, NOW + 500)
    expect(renewed).toEqual({ ...before, staleAt: NOW + 9500, expiresAt: NOW + 9550 })
    expect(renewed.value).toBe(value)
    expect(entry).toEqual(before)
  })

  it('can shorten, end and make everlasting, and mortal again', () => {
    const entry = createEntry('a', 1, life(), NOW)
    expect(expiresAtOf(renewEntry(entry, 1, NOW))).toBe(NOW + 1)
    expect(isUsable(renewEntry(entry, 0, NOW), NOW)).toBe(false)
    const everlasting = renewEntry(entry, Infinity, NOW)
    expect(expiresAtOf(everlasting)).toBe(Infinity)
    expect(everlasting).not.toHaveProperty('expiresAt')
    expect(renewEntry(everlasting, 1000, NOW)).toEqual(entry)
  })
})

it('a missing entry is neither fresh nor usable', () => {
  expect([isFresh(undefined, NOW), isUsable(undefined, NOW)]).toEqual([false, false])
})
