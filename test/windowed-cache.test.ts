// The demo's model of the cache that leaks keeps what the cache itself was found to keep.

import { expect, test } from 'vitest'
import { REMOVED_BEFORE_FIX, REMOVED_SINCE_FIX, WindowedCache } from '../demo/leak/windowed-cache.ts'

const KEYS = Array.from({ length: 1_000 }, (_, index) => `key ${index}`)
const MINUTE = 60_000

function setUp(removedAgo: number) {
  let now = 1_700_000_000_300
  const cache = new WindowedCache<string>({ now: () => now }, removedAgo)
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      now += 1_000
      cache.tick()
    }
  }
  const freeze = (ms: number) => {
    now += ms
    cache.tick()
  }
  const held = () => {
    const values: (string | undefined)[] = []
    cache.eachHeld((_, value) => values.push(value))
    return { keys: values.length, values: values.filter((value) => value !== undefined).length }
  }
  const setEach = (ttl: number) => KEYS.forEach((key) => cache.set(key, 'value', ttl))
  const setAndRemove = () => {
    setEach(30 * MINUTE)
    for (const key of KEYS) cache.remove(key)
  }
  return { cache, pass, freeze, held, setEach, setAndRemove }
}

test('before the fix every key that was removed stays, for hours', () => {
  const { cache, pass, held, setAndRemove } = setUp(REMOVED_BEFORE_FIX)
  setAndRemove()
  pass(2 * 3_600)
  expect(held()).toEqual({ keys: 1_000, values: 0 })
  expect(cache.size).toBe(0)
})

test('since the fix a removed key goes at the next tick', () => {
  const { pass, held, setAndRemove } = setUp(REMOVED_SINCE_FIX)
  setAndRemove()
  expect(held().keys).toBe(1_000)
  pass(1)
  expect(held().keys).toBe(0)
})

test('a tick that comes a minute late leaves what was removed before it', () => {
  const { pass, freeze, held, setAndRemove } = setUp(REMOVED_SINCE_FIX)
  setAndRemove()
  freeze(MINUTE)
  pass(2 * 3_600)
  expect(held()).toEqual({ keys: 1_000, values: 0 })
})

test('what expires while no tick comes stays with its values, and no read shows it', () => {
  const { cache, pass, freeze, held, setEach } = setUp(REMOVED_SINCE_FIX)
  setEach(2_000)
  pass(1)
  freeze(MINUTE)
  pass(2 * 3_600)
  expect(held()).toEqual({ keys: 1_000, values: 1_000 })
  expect([cache.size, cache.get('key 0')]).toEqual([0, undefined])
})

test('with ticks in time, what expires goes', () => {
  const { cache, pass, held, setEach } = setUp(REMOVED_SINCE_FIX)
  setEach(2_000)
  expect([cache.size, cache.get('key 0')]).toEqual([1_000, 'value'])
  pass(4)
  expect(held().keys).toBe(0)
})
