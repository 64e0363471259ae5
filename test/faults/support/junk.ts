// Anything that structured clone can copy, by chance, and often almost what a cache has written.

import { START } from './site.ts'

export type Roll = () => number

export interface Junk {
  /** A whole number below a bound. */
  below(bound: number): number
  pick<T>(list: readonly T[]): T
  /** Anything. */
  value(depth?: number): unknown
  /** A record of a cache, with something wrong about it most of the time. */
  record(key: string): Record<string, unknown>
  /** A list of changes, or something in its place. */
  changes(keys: readonly string[]): unknown
}

const NUMBERS = [0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 5e-324, START, START - 1, START + 1, START + 60_000, START + 60_001, START + 1e12, 8.64e15]
const STRINGS = ['', 'x', '0', '__proto__', 'constructor', 'toString', 'length', '\ud800', '\uffff', ' ', 'held', 'null', String(START)]
const FIELDS = ['value', 'createdAt', 'staleAt', 'expiresAt', 'staleWhileRevalidate', 'staleIfError', 'tags']

export function createJunk(roll: Roll): Junk {
  const below = (bound: number): number => Math.floor(roll() * bound)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!

  const cyclic = (): object => {
    const object: Record<string, unknown> = { a: 1 }
    object['self'] = roll() < 0.5 ? object : [object, new Map([[object, object]])]
    return object
  }

  /** An object whose own property is named like the one that sets a prototype. */
  const withProto = (value: unknown): object => Object.defineProperty({ a: 1 }, '__proto__', { value, enumerable: true, configurable: true, writable: true })

  const makers: readonly ((depth: number) => unknown)[] = [
    () => undefined,
    () => null,
    () => roll() < 0.5,
    () => pick(NUMBERS),
    () => pick(NUMBERS),
    () => roll() * 10 ** below(20) * (roll() < 0.3 ? -1 : 1),
    () => BigInt(below(1e9)) ** BigInt(below(9)),
    () => pick(STRINGS),
    () => pick(STRINGS),
    () => new Date(below(2 ** 42)),
    () => new Uint8Array(below(20)),
    () => new Float64Array([NaN, roll()]),
    () => new ArrayBuffer(below(9)),
    () => /x+/gi,
    () => new Error('stored'),
    () => new (pick([Boolean, Number, String]))(1),
    cyclic,
    () => withProto(pick<unknown>([null, { polluted: true }, 1, []])),
    () => ({ stamp: pick(NUMBERS), data: value(1) }),
    (depth) => Array.from({ length: below(4) }, () => value(depth)),
    (depth) => new Array(below(4)).concat(value(depth)),
    (depth) => new Map([[value(depth), value(depth)]]),
    (depth) => new Set([value(depth)]),
    (depth) => Object.fromEntries(Array.from({ length: below(4) }, () => [pick([...STRINGS.slice(4), ...FIELDS]), value(depth)])),
  ]

  const value = (depth = 3): unknown => (depth <= 0 ? pick(NUMBERS) : pick(makers)(depth - 1))

  /** As a cache writes it. */
  const good = (key: string): Record<string, unknown> => {
    const createdAt = START - below(1e6)
    const staleAt = START + (roll() < 0.7 ? 1 + below(1e6) : -below(1e4))
    const window = below(3) * 10_000
    return {
      key,
      value: roll() < 0.5 ? value() ?? 1 : `value of ${key}`,
      createdAt,
      ...(roll() < 0.6 && { expiresAt: staleAt + window, ...(window && { staleAt, [pick(['staleWhileRevalidate', 'staleIfError'])]: window }) }),
      ...(roll() < 0.3 && { tags: ['x', 'y'].slice(below(3)) }),
    }
  }

  const change = (keys: readonly string[]): unknown => {
    if (roll() < 0.3) return value()
    const type: unknown = roll() < 0.8 ? pick(['set', 'delete', 'deletePrefix', 'deleteTag']) : value(1)
    const named = pick(['key', 'prefix', 'tag', 'name'])
    return { type, [named]: roll() < 0.7 ? pick(keys) : value(1), ...(roll() < 0.2 && { [pick(['key', 'prefix', 'tag', 'by'])]: value(1) }) }
  }

  return {
    below,
    pick,
    value,
    record(key) {
      const record = good(key)
      for (let wrong = below(4); wrong--; ) {
        const field = pick(FIELDS)
        const what = below(5)
        if (what === 0) delete record[field]
        else if (what === 1) record[pick([...STRINGS.slice(4), 'more'])] = value(2)
        else if (what === 2 && roll() < 0.2) Object.defineProperty(record, '__proto__', { value: value(1), enumerable: true, configurable: true })
        else record[field] = roll() < 0.4 ? pick(NUMBERS) : value()
      }
      return record
    },
    changes: (keys) => (roll() < 0.1 ? value() : Array.from({ length: below(5) }, () => change(keys))),
  }
}
