// Calls on a cache as data: what a test picks at random, how a call is made, and what it is about.

import fc from 'fast-check'
import { expect } from 'vitest'
import type { Cache } from '../../src/index.ts'
import type { Call } from './cache-oracle.ts'
import { collected } from './caches.ts'

/** What a test does: calls, one after the other or at once, and what happens around them. */
export type Step = Call | { do: 'tick'; ms: number } | { do: 'sweep' } | { do: 'reload' } | { do: 'at once'; calls: Call[] }

const PLAIN = ['a', 'b', '', 'p:1', 'p:2']
/** Only these are given stale windows, and are not loaded. */
const WINDOWED = ['w', 'p:w']
export const KEYS = [...PLAIN, ...WINDOWED]

export function keysOf(call: Call): readonly string[] {
  return 'keys' in call ? call.keys : 'key' in call ? [call.key] : []
}

/** Makes the call at once; its values begin with `id`. */
export async function perform(cache: Cache<number>, call: Call, id: number): Promise<unknown> {
  switch (call.do) {
    case 'get stale':
      return cache.get(call.key, { stale: true })
    case 'get':
    case 'peek':
    case 'has':
    case 'expiresAt':
    case 'info':
    case 'take':
    case 'delete':
      return cache[call.do](call.key)
    case 'set':
    case 'add':
      return cache[call.do](call.key, id, call.options)
    case 'setMany':
      return cache.setMany(call.keys.map((key, index) => [key, id + index]), call.options)
    case 'update':
      return cache.update(call.key, id)
    case 'touch':
      return cache.touch(call.key, call.ttl)
    case 'getMany':
    case 'deleteMany':
      return cache[call.do](call.keys)
    case 'getOrLoad':
      return load(cache, call, id)
    case 'deletePrefix':
      return cache.deletePrefix(call.prefix)
    case 'deleteTag':
      return cache.deleteTag(call.tag)
    case 'keys':
    case 'values':
      return unique(await collected<string | number>(cache[call.do]()))
    case 'entries': {
      const entries = await collected(cache.entries())
      unique(entries.map(([key]) => key))
      return new Map(entries)
    }
    default:
      return cache[call.do]()
  }
}

async function load(cache: Cache<number>, { key, options, finds }: Extract<Call, { do: 'getOrLoad' }>, id: number): Promise<unknown> {
  const fault = new Error('offline')
  const loader = (context: { key: string; stale: number | undefined }): number | undefined => {
    expect(context).toMatchObject({ key, stale: undefined })
    if (finds === 'a fault') throw fault
    return finds === 'nothing' ? undefined : id
  }
  return cache.getOrLoad(key, loader, options).catch((error) => (error === fault ? 'rejected' : expect.fail(String(error))))
}

function unique<T>(list: readonly T[]): Set<T> {
  const set = new Set(list)
  expect(list, 'each once').toHaveLength(set.size)
  return set
}

const anyKey = fc.constantFrom(...KEYS)
const ttl = fc.constantFrom(0, 1, 5, 100, 1000, Infinity, Number.MAX_VALUE)
const window = fc.constantFrom(0, 3, 50, 1000, Infinity)
const tags = fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 })
const plainOptions = fc.record({ ttl, tags }, { requiredKeys: [] })
const windowOptions = fc.record({ ttl, tags, staleWhileRevalidate: window, staleIfError: window }, { requiredKeys: [] })

/** One key or several with the options that they may have. */
const target = fc.oneof(
  { weight: 5, arbitrary: fc.record({ key: fc.constantFrom(...PLAIN), keys: fc.array(fc.constantFrom(...PLAIN), { maxLength: 4 }), options: plainOptions }) },
  { weight: 2, arbitrary: fc.record({ key: fc.constantFrom(...WINDOWED), keys: fc.subarray(WINDOWED), options: windowOptions }) },
)

const write: fc.Arbitrary<Call> = fc.oneof(
  { weight: 8, arbitrary: target.map(({ key, options }): Call => ({ do: 'set', key, options })) },
  { weight: 2, arbitrary: target.map(({ keys, options }): Call => ({ do: 'setMany', keys, options })) },
  // Whether an add that keeps nothing clears away what is stale is nobody's business.
  { weight: 3, arbitrary: target.map(({ key, options }): Call => ({ do: 'add', key, options: WINDOWED.includes(key) && options.ttl === 0 ? {} : options })) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('touch' as const), key: anyKey, ttl }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constantFrom('update' as const, 'take' as const, 'delete' as const), key: anyKey }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteMany' as const), keys: fc.array(anyKey, { maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deletePrefix' as const), prefix: fc.constantFrom('p', 'p:', 'w', 'none', '') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteTag' as const), tag: fc.constantFrom('x', 'y', 'z', '') }) },
  { weight: 1, arbitrary: fc.constant<Call>({ do: 'clear' }) },
)
const read: fc.Arbitrary<Call> = fc.record({ do: fc.constantFrom('get' as const, 'get stale' as const, 'has' as const, 'expiresAt' as const, 'info' as const), key: anyKey })
const tick = fc.record({ do: fc.constant('tick' as const), ms: fc.constantFrom(1, 4, 50, 99, 100, 900, 1000, 5000, -1, -4, -99, -1000, -5000) })
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: write },
  { weight: 8, arbitrary: read },
  { weight: 4, arbitrary: target.chain(({ key, options }) => fc.record({ do: fc.constant('getOrLoad' as const), key: fc.constant(key), options: fc.constant(options), finds: fc.constantFrom('a value' as const, 'nothing' as const, 'a fault' as const) })).filter(({ key }) => PLAIN.includes(key)) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('peek' as const), key: anyKey }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('getMany' as const), keys: fc.array(anyKey, { maxLength: 4 }) }) },
  { weight: 6, arbitrary: tick },
  { weight: 4, arbitrary: fc.constantFrom<Step>({ do: 'sweep' }, { do: 'flush' }, { do: 'reload' }, { do: 'reload' }, { do: 'keys' }, { do: 'values' }, { do: 'entries' }, { do: 'size' }) },
)
const several = fc.record({ do: fc.constant('at once' as const), calls: fc.array(fc.oneof({ weight: 3, arbitrary: write }, { weight: 1, arbitrary: read }), { minLength: 2, maxLength: 8 }) })
/** Several calls at once, mostly. */
export const busy: fc.Arbitrary<Step> = fc.oneof({ weight: 5, arbitrary: several }, { weight: 2, arbitrary: tick }, { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'sweep' }, { do: 'reload' }) })
