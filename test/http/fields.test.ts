// What fields say, read to the letter: dates, Cache-Control, cache groups. What is not understood does no harm.

import fc from 'fast-check'
import { parseList } from 'structured-headers'
import { describe, expect, test } from 'vitest'
import { parseDate } from '../../src/http/dates.ts'
import { durationOf, listOf, parseDirectives } from '../../src/http/directives.ts'
import { groupsIn } from '../../src/http/groups.ts'
import { readPolicy } from '../../src/http/policy.ts'
import { runs } from '../helpers/property.ts'

const NOW = Date.UTC(2026, 0, 1)

describe('dates', () => {
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Sunday, 06-Nov-94 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Sun Nov  6 08:49:37 1994', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Wed Nov 16 08:49:37 1994', Date.UTC(1994, 10, 16, 8, 49, 37)],
    ['sun, 06 nov 1994 08:49:37 gmt', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Thu, 29 Feb 2024 23:59:59 GMT', Date.UTC(2024, 1, 29, 23, 59, 59)],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Wed, 31 Dec 1969 23:59:59 GMT', -1_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59)],
    // Two digits: at most 50 years ahead (RFC 9110, section 5.6.7).
    ['Wednesday, 01-Jan-76 00:00:00 GMT', Date.UTC(2076, 0, 1)],
    ['Saturday, 01-Jan-77 00:00:00 GMT', Date.UTC(1977, 0, 1)],
    ['Thursday, 01-Jan-26 00:00:00 GMT', Date.UTC(2026, 0, 1)],
  ])('%s', (text, at) => {
    expect(parseDate(text, NOW)).toBe(at)
  })

  test.each([
    '', '0', '-1', '1700000000', 'now', 'GMT', 'Sun', 'Sun, 06 Nov 1994', 'Sun, 06 Nov 1994 08:49:37', 'Sun, 06 Nov 1994 08:49:37 UTC', 'Sun, 06 Nov 1994 08:49:37 PST',
    'Sun, 06 Nov 1994 08:49:37 +0000', 'Sun, 06 Nov 1994 08:49:37 GMT+1', 'Sun, 6 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 94 08:49:37 GMT', 'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT', 'Sun, 06 Nov 1994 08:60:00 GMT', 'Sun, 31 Feb 1994 08:49:37 GMT', 'Sun, 29 Feb 2023 08:49:37 GMT', 'Sun, 00 Nov 1994 08:49:37 GMT', 'Sun, 06 Foo 1994 08:49:37 GMT',
    '06 Nov 1994 08:49:37 GMT', 'Sun 06 Nov 1994 08:49:37 GMT', 'Sun,  06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994  08:49:37 GMT', 'Sun, 06-Nov-1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08.49.37 GMT',
    '1994-11-06T08:49:37Z', '1994-11-06', 'Sun Nov 6 08:49:37 1994', 'Sun Nov  6 08:49:37 1994 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT, Mon, 07 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT;', 'Invalid Date',
  ])('no date: %s', (text) => {
    expect(parseDate(text, NOW)).toBeUndefined()
  })

  test('every second is read as it is written', () => {
    const seconds = fc.integer({ min: Date.UTC(1900, 0, 1) / 1000, max: Date.UTC(9999, 11, 31) / 1000 })
    fc.assert(fc.property(seconds, (second) => parseDate(new Date(second * 1000).toUTCString(), NOW) === second * 1000), runs(500))
  })

  test('any text is a date of that very text, or none', () => {
    const bits = fc.constantFrom('Sun', ', ', '06', ' ', 'Nov', '1994', '08:49:37', 'GMT', '-', 'x', '0', '94', 'Sunday', '\0', 'é')
    const texts = fc.oneof(fc.string(), fc.array(bits, { maxLength: 12 }).map((parts) => parts.join('')))
    fc.assert(
      fc.property(texts, (text) => {
        const at = parseDate(text, NOW)
        if (at !== undefined) expect(text).toMatch(/^.{3}(.{0,7},? .*) ?.*\d\d:\d\d:\d\d/)
        if (at !== undefined) expect(Number.isInteger(at)).toBe(true)
      }),
      runs(2_000),
    )
  })
})

describe('Cache-Control', () => {
  test.each<[text: string | null, directives: Record<string, string[]>]>([
    [null, {}],
    ['', {}],
    [' , ,, ', {}],
    ['max-age=60', { 'max-age': ['60'] }],
    ['Max-Age=60,NO-CACHE', { 'max-age': ['60'], 'no-cache': [''] }],
    ['no-cache="a, b", private', { 'no-cache': ['a, b'], private: [''] }],
    ['a="x\\"y\\\\z", b', { a: ['x"y\\z'], b: [''] }],
    ['max-age="60"', { 'max-age': ['60'] }],
    ['max-age=1, max-age=2', { 'max-age': ['1', '2'] }],
    ['x="no-store", max-age=5', { x: ['no-store'], 'max-age': ['5'] }],
    ['a=b c, d', { a: ['b c'], d: [''] }],
    ['a = b', { a: [''], b: [''] }],
    ['__proto__=1, constructor', { ['__proto__']: ['1'], constructor: [''] }],
  ])('%s', (text, directives) => {
    const read = parseDirectives(text)
    for (const name of Object.keys(directives)) expect(read.get(name), name).toEqual(directives[name])
  })

  test('a name within quotes is no directive', () => {
    for (const text of ['x="no-store"', 'x="a, no-store"', 'x="a\\", no-store"', '"no-store"', 'x="max-age=1"']) expect([...parseDirectives(text).keys()], text).not.toContain('no-store')
  })

  test.each<[text: string, ms: number | undefined]>([
    ['max-age=60', 60_000],
    ['max-age="60"', 60_000],
    ['max-age=060', 60_000],
    ['max-age=0', 0],
    ['max-age=60, max-age=30', 30_000],
    ['max-age=60, max-age=x', 0],
    ['max-age=2147483648', 2_147_483_648_000],
    ['max-age=99999999999999999999999', 2_147_483_648_000],
    ['max-age', 0],
    ['max-age=', 0],
    ['max-age=-1', 0],
    ['max-age=1.5', 0],
    ['max-age=1e3', 0],
    ['max-age=0x10', 0],
    ['max-age=60s', 0],
    ['max-age=60 30', 0],
    ['max-age=٣', 0],
    ['max-age=Infinity', 0],
    ['s-maxage=60', undefined],
    ['x-max-age=60', undefined],
    ['', undefined],
  ])('%s: its max-age', (text, ms) => {
    expect(durationOf(parseDirectives(text), 'max-age')).toBe(ms)
  })

  test('any text gives durations that are numbers within bounds, if any', () => {
    const bits = fc.constantFrom('max-age', '=', '"', ',', ' ', '60', '\\', ';', 'no-store', '-', '\t', 'é')
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 20 }), (parts) => {
        const ms = durationOf(parseDirectives(parts.join('')), 'max-age')
        expect(ms === undefined || (ms >= 0 && ms <= 2 ** 31 * 1000)).toBe(true)
      }),
      runs(2_000),
    )
  })

  test.each(['"\\"private', '"\\"no-store', 'a="\\"x, no-store'])('what stands behind a quote that is not closed is seen: %s', (text) => {
    expect([...parseDirectives(text).keys()].some((name) => /^(private|no-store)$/.test(name))).toBe(true)
  })

  test.each(['"', '\\"', '"\\', 'a="', ',', '=', 'a', 'a ', 'a,', ' ', ';', '";', '"a" ;', 'a="\\"'])('a field of 128 KiB of %s is read in linear time', (bit) => {
    const text = `"${bit.repeat(131_072 / bit.length)}`
    const since = performance.now()
    parseDirectives(text)
    groupsIn(text)
    expect(performance.now() - since).toBeLessThan(2_000)
  })

  test('members of a list', () => {
    expect([null, '', ',', ' a ,,b, c d ,'].map(listOf)).toEqual([[], [], [], ['a', 'b', 'c d']])
  })
})

describe('cache groups', () => {
  /** By an independent parser: the members of a List of Strings, none where it is not one. */
  const expected = (text: string): string[] => {
    try {
      const members = parseList(text).map(([value]) => value)
      return members.every((value) => typeof value === 'string') ? (members as string[]) : []
    } catch {
      return []
    }
  }

  test.each([
    '', ' ', '"a"', '"a", "b"', ' "a" ,\t"b" ', '"a","b"', '"a b,c"', '"a\\"b\\\\c"', '""', '"a";x', '"a";x=1;y="b, c", "d"', '"a"; x=?1', '"a", "a"', '"a";x="\\""',
    'a', '1', '"a', 'a"', '"a", b', '"a", 1', '?1', '("a" "b")', ':YQ==:', '"a\\b"', "'a'",
  ])('%s', (text) => {
    expect(groupsIn(text)).toEqual(expected(text))
  })

  test('no field, no groups', () => {
    expect(groupsIn(null)).toEqual([])
  })

  test('any list of strings', () => {
    const names = fc.array(fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)) }), { maxLength: 5 })
    const quoted = (name: string): string => `"${name.replace(/[\\"]/g, '\\$&')}"`
    fc.assert(
      fc.property(names, fc.constantFrom(', ', ',', ' , ', ';x="a,b", '), (list, between) => {
        expect(groupsIn(list.map(quoted).join(between))).toEqual(list)
      }),
      runs(1_000),
    )
  })

  test('of any text no group comes that it does not name', () => {
    const bits = fc.constantFrom('"', '"a"', ',', ';', 'x', '=', '\\', ' ', '1', '?1')
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 12 }), (parts) => {
        const text = parts.join('')
        for (const group of groupsIn(text)) expect(text).toContain(`"${group.replace(/[\\"]/g, '\\$&')}"`)
      }),
      runs(2_000),
    )
  })
})

test.each([
  ['proxy-authenticate', false], ['proxy-authentication-info', false], ['proxy-authorization', false], ['proxy-connection', false],
  ['proxy-status', true], ['proxy-other', true],
])('of the fields of proxies those of one connection are not stored: %s', (name, stored) => {
  expect(readPolicy(200, new Headers(), NOW, NOW, { heuristic: 0, defaultTtl: 0, omitHeaders: [], offlineStale: true }).keeps(name)).toBe(stored)
})

test.each<[where: string, value: (names: string) => string]>([
  ['no-cache="…"', (names) => `max-age=60, no-cache="${names}"`],
  ['Connection', (names) => names],
])('many fields, and many names of fields not to be stored in %s, are read in linear time', (where, value) => {
  const headers = new Headers(Array.from({ length: 16_000 }, (_, number): [string, string] => [`x${number.toString(36)}`, '1']))
  headers.set(where === 'Connection' ? 'connection' : 'cache-control', value('a,'.repeat(64_000)))
  const since = performance.now()
  const { keeps } = readPolicy(200, headers, NOW, NOW, { heuristic: 0, defaultTtl: 0, omitHeaders: [], offlineStale: true })
  expect([...headers.keys()].filter((name) => !keeps(name)).length).toBeLessThan(2)
  expect(performance.now() - since).toBeLessThan(2_000)
})
