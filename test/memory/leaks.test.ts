// Nothing is left behind: each leak of gcache that can occur in memory (the letters are those of section 6 of the parity
// document), with every structure counted, and the heap itself after hundreds of thousands of entries.

import { describe, expect, it } from 'vitest'
import { createMemoryCache, type MemoryCache } from '../../src/memory/memory-cache.ts'
import { HOUR, ManualClock, MINUTE, SECOND } from '../helpers/clock.ts'
import { collect, heapBytes } from '../helpers/heap.ts'
import { EMPTY, look } from '../helpers/inside.ts'
import { testCache, type TestCache } from '../helpers/memory.ts'

const MANY = 1000

function unbounded(): TestCache<number> {
  return testCache({ maxEntries: Infinity, weigh: () => 1 })
}

function setMany(cache: MemoryCache<number>, count: number, ttl: number, prefix = 'k'): void {
  for (let i = 0; i < count; i++) cache.set(prefix + i, i, { ttl })
}

function expectHeld(cache: MemoryCache<number>, entries: number): void {
  expect(look(cache)).toMatchObject({ keys: entries, recent: entries, values: entries, weight: entries })
}

describe('all-zero', () => {
  it('A: set and delete of unique keys, one by one and all at once', () => {
    const { cache, clock } = unbounded()
    for (let i = 0; i < MANY; i++) {
      cache.set(`k${i}`, i, { ttl: 30 * MINUTE })
      cache.delete(`k${i}`)
    }
    expect(look(cache)).toEqual(EMPTY)
    setMany(cache, MANY, 30 * MINUTE)
    expectHeld(cache, MANY)
    for (let i = 0; i < MANY; i++) cache.delete(`k${i}`)
    expect(look(cache)).toEqual(EMPTY)
    clock.advance(2 * HOUR)
    expect(cache.sweep()).toBe(0)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('C: deletes, then nobody looks for a minute', () => {
    const { cache, clock } = unbounded()
    setMany(cache, MANY, SECOND)
    for (let i = 0; i < MANY; i++) cache.delete(`k${i}`)
    clock.advance(MINUTE)
    expect(cache.sweep()).toBe(0)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('D: a ttl of 2 s and a stall of 10 s', () => {
    const { cache, clock } = unbounded()
    setMany(cache, MANY, 2 * SECOND)
    clock.advance(10 * SECOND)
    expect(cache.sweep()).toBe(MANY)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('E: negative ttls change nothing, ttl 0 removes', () => {
    const { cache } = unbounded()
    setMany(cache, MANY, HOUR)
    for (let i = 0; i < MANY; i++) {
      expect(() => cache.set(`k${i}`, -1, { ttl: -10 * SECOND })).toThrow(RangeError)
      expect(() => cache.set(`new${i}`, -1, { ttl: -10 * SECOND })).toThrow(RangeError)
      expect(() => cache.touch(`k${i}`, -10 * SECOND)).toThrow(RangeError)
    }
    expectHeld(cache, MANY)
    expect(cache.peek('k7')).toBe(7)
    for (let i = 0; i < MANY; i++) cache.set(`k${i}`, -1, { ttl: 0 })
    expect(look(cache)).toEqual(EMPTY)
    setMany(cache, MANY, HOUR)
    for (let i = 0; i < MANY; i++) cache.touch(`k${i}`, 0)
    expect(cache.sweep()).toBe(MANY)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('G: ten rounds of never-expiring keys and clear', () => {
    const { cache } = unbounded()
    for (let round = 0; round < 10; round++) {
      setMany(cache, MANY, Infinity, `r${round} `)
      expectHeld(cache, MANY)
      cache.clear()
      expect(look(cache)).toEqual(EMPTY)
    }
  })

  it('H: a long-lived key refreshed every second for an hour', () => {
    const { cache, clock } = unbounded()
    cache.set('session', 1, { ttl: HOUR })
    for (let second = 0; second < 3600; second++) {
      clock.advance(SECOND)
      expect(cache.touch('session', HOUR)).toBe(true)
      if (second % 60 === 0) expect(cache.sweep()).toBe(0)
    }
    expect(look(cache)).toEqual({ keys: 1, recent: 1, filed: 1, values: 1, weight: 1, untold: 0 })
    cache.delete('session')
    expect(look(cache)).toEqual(EMPTY)
  })

  it('I: one key written 100,000 times', () => {
    const { cache, clock } = unbounded()
    for (let i = 0; i < 100_000; i++) cache.set('hot', i, { ttl: 1 + (i % 1000) })
    expect(look(cache)).toEqual({ keys: 1, recent: 1, filed: 1, values: 1, weight: 1, untold: 0 })
    expect(cache.get('hot')).toBe(99_999)
    clock.advance(1000)
    expect(cache.sweep()).toBe(1)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('M: the clock steps an hour forward, then an hour back', () => {
    const { cache, clock } = unbounded()
    setMany(cache, MANY, 10 * MINUTE)
    clock.advance(HOUR)
    expect(cache.sweep()).toBe(MANY)
    expect(look(cache)).toEqual(EMPTY)
    setMany(cache, MANY, 10 * MINUTE)
    clock.advance(-HOUR)
    setMany(cache, MANY, 10 * MINUTE, 'later ')
    clock.advance(10 * MINUTE)
    expect(cache.sweep()).toBe(MANY)
    clock.advance(HOUR)
    expect(cache.sweep()).toBe(MANY)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('K: missing keys take no place in an LRU of 2', () => {
    const { cache } = testCache({ maxEntries: 2 })
    cache.set('a', 1)
    cache.set('b', 2)
    for (let i = 0; i < 100; i++) {
      cache.get(`missing ${i}`)
      cache.has(`missing ${i}`)
      cache.touch(`missing ${i}`, HOUR)
      expect(() => cache.set(`missing ${i}`, undefined as never)).toThrow(TypeError)
    }
    expect([...cache.keys()]).toEqual(['b', 'a'])
    expect(look(cache)).toMatchObject({ keys: 2, recent: 2 })
  })

  it('N: a value written with a long ttl outlives the short ttl of the one before, and the other way round', () => {
    const { cache, clock } = unbounded()
    cache.set('a', 1, { ttl: SECOND })
    cache.set('a', 2, { ttl: HOUR })
    cache.set('b', 1, { ttl: Infinity })
    cache.set('b', 2, { ttl: SECOND })
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(1)
    expect([...cache]).toEqual([['a', 2]])
    clock.advance(HOUR)
    expect(cache.sweep()).toBe(1)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('O: a set that is refused leaves the older value with its own time', () => {
    const { cache, clock } = unbounded()
    cache.set('a', 1, { ttl: SECOND })
    expect(() => cache.set('a', 2, { ttl: NaN })).toThrow(RangeError)
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(1)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('P: a key set by a listener in the middle of a sweep survives it', () => {
    const { clock } = unbounded()
    const cache: MemoryCache<number> = createMemoryCache({ clock, onRemove: (key, value) => cache.set(key, value + 1, { ttl: HOUR }) })
    setMany(cache, 100, SECOND)
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(100)
    expect(cache.size).toBe(100)
    expect(cache.get('k7')).toBe(8)
  })

  it('Q: under continuous writes what expired leaves, without any sweep', () => {
    const { cache, clock } = unbounded()
    let most = 0
    for (let i = 0; i < 60_000; i++) {
      cache.set(`k${i}`, i, { ttl: SECOND })
      if (i % 100 === 99) {
        clock.advance(100)
        most = Math.max(most, cache.stats().weight)
      }
    }
    expect(most, 'a second of writes and what one step of the clock ends').toBeLessThanOrEqual(1100)
  })

  it('R: map, list and expiry hold the same keys after any mix of set, get, delete, expiry and eviction', () => {
    const { cache, clock } = testCache({ maxEntries: 50, weigh: (value) => value % 5, maxWeight: 90 })
    for (let i = 0; i < 20_000; i++) {
      const key = `k${(i * 7919) % 131}`
      if (i % 3 === 0) cache.get(key)
      else if (i % 11 === 0) cache.delete(key)
      else if (i % 13 === 0) cache.touch(key, (i % 29) * SECOND)
      else cache.set(key, i, { ttl: i % 17 === 0 ? Infinity : (i % 23) * SECOND })
      if (i % 19 === 0) clock.advance(i % 190 === 0 ? -5 * SECOND : SECOND)
      if (i % 500 === 0) expect(look(cache).keys).toBeLessThanOrEqual(50)
    }
    clock.advance(HOUR)
    cache.sweep()
    cache.clear()
    expect(look(cache)).toEqual(EMPTY)
  })
})

describe('the heap', () => {
  const ENTRIES = 200_000
  const LIMIT = 2 * 2 ** 20

  type Scenario = (cache: MemoryCache<number>, clock: ManualClock, entries: number) => void

  /** Runs a scenario once for the compiler to warm up, then again between two measurements. */
  async function expectBack(scenario: Scenario, left: object = EMPTY): Promise<void> {
    const warm = new ManualClock()
    scenario(createMemoryCache({ clock: warm, maxEntries: Infinity }), warm, 20_000)
    const clock = new ManualClock()
    const cache = createMemoryCache<number>({ clock, maxEntries: Infinity })
    const before = await heapBytes()
    scenario(cache, clock, ENTRIES)
    const grown = (await heapBytes()) - before
    expect(grown, `${(grown / 2 ** 20).toFixed(2)} MB more than before`).toBeLessThan(LIMIT)
    expect(look(cache)).toEqual(left)
  }

  it('is measured: entries that stay are seen in it', async () => {
    const before = await heapBytes()
    const cache = createMemoryCache<number>({ maxEntries: Infinity })
    setMany(cache, ENTRIES, 30 * MINUTE)
    expect((await heapBytes()) - before).toBeGreaterThan(4 * LIMIT)
    expect(cache.size).toBe(ENTRIES)
  })

  it('is back after set and delete of 200,000 unique keys of 30 minutes, one by one', async () => {
    await expectBack((cache, _clock, entries) => {
      for (let i = 0; i < entries; i++) {
        cache.set(`k${i}`, i, { ttl: 30 * MINUTE })
        cache.delete(`k${i}`)
      }
    })
  })

  it('is back after 200,000 sets, then 200,000 deletes', async () => {
    await expectBack((cache, _clock, entries) => {
      setMany(cache, entries, 30 * MINUTE)
      for (let i = 0; i < entries; i++) cache.delete(`k${i}`)
    })
  })

  it('is back after 200,000 entries whose expiry was noticed 16 minutes late', async () => {
    await expectBack((cache, clock, entries) => {
      setMany(cache, entries, 30 * MINUTE)
      clock.advance(46 * MINUTE)
      expect(cache.sweep()).toBe(entries)
    })
  })

  it('is back after the clock stepped an hour forward over 200,000 entries of 10 minutes', async () => {
    await expectBack((cache, clock, entries) => {
      setMany(cache, entries, 10 * MINUTE)
      clock.advance(HOUR)
      expect(cache.sweep()).toBe(entries)
    })
  })

  it('is back after the clock stepped an hour back and came again', async () => {
    await expectBack((cache, clock, entries) => {
      setMany(cache, entries / 2, 10 * MINUTE)
      clock.advance(-HOUR)
      setMany(cache, entries / 2, 10 * MINUTE, 'later ')
      clock.advance(HOUR + 10 * MINUTE)
      expect(cache.sweep()).toBe(entries)
    })
  })

  it('is back after clear() of 200,000 entries that never expire', async () => {
    await expectBack((cache, _clock, entries) => {
      setMany(cache, entries, Infinity)
      cache.clear()
    })
  })

  it('is back after 100,000 writes to one key', async () => {
    await expectBack(
      (cache, clock) => {
        for (let i = 0; i < 100_000; i++) {
          cache.set('hot', i, { ttl: 30 * MINUTE })
          if (i % 100 === 0) clock.advance(1)
        }
      },
      { ...EMPTY, keys: 1, recent: 1, filed: 1, values: 1 },
    )
  })

  it('is back after 100,000 refreshes of a long-lived key, a second apart', async () => {
    await expectBack(
      (cache, clock) => {
        cache.set('session', 1, { ttl: HOUR })
        for (let i = 0; i < 100_000; i++) {
          clock.advance(SECOND)
          if (!cache.touch('session', HOUR)) expect.fail(`gone after ${i} refreshes`)
        }
      },
      { ...EMPTY, keys: 1, recent: 1, filed: 1, values: 1 },
    )
  })

  it('is back after 200,000 reads of missing keys and writes of ttl 0', async () => {
    await expectBack((cache, _clock, entries) => {
      for (let i = 0; i < entries; i++) {
        cache.get(`missing ${i}`)
        cache.set(`missing ${i}`, i, { ttl: 0 })
      }
    })
  })
})

describe('what left can be collected', () => {
  interface Big {
    readonly id: number
  }

  const WAYS: [name: string, leave: (cache: MemoryCache<Big>, clock: ManualClock) => void][] = [
    ['deleted', (cache) => cache.delete('a')],
    ['replaced', (cache) => cache.set('a', { id: 2 })],
    ['replaced with ttl 0', (cache) => cache.set('a', { id: 2 }, { ttl: 0 })],
    ['replaced by one too heavy', (cache) => cache.set('a', { id: 1000 })],
    ['ended by touch, then swept', (cache) => (cache.touch('a', 0), cache.sweep())],
    ['cleared', (cache) => cache.clear()],
    ['evicted for the bound', (cache) => ['b', 'c', 'd'].forEach((key) => cache.set(key, { id: 1 }))],
    ['evicted for the weight', (cache) => cache.set('b', { id: 100 })],
    ['expired, met by get', (cache, clock) => (clock.advance(HOUR), cache.get('a'))],
    ['expired, met by iteration and size only, then swept', (cache, clock) => (clock.advance(HOUR), [...cache], cache.size, cache.sweep())],
    ['expired, freed by a write of another key', (cache, clock) => (clock.advance(HOUR), cache.set('b', { id: 1 }))],
  ]

  /** Its own function, so that no variable of the test keeps the value. */
  function put(cache: MemoryCache<Big>): WeakRef<Big> {
    const value = { id: 1 }
    cache.set('a', value, { ttl: MINUTE })
    return new WeakRef(value)
  }

  it.each(WAYS)('a value that was %s', async (_name, leave) => {
    for (const listens of [false, true]) {
      const clock = new ManualClock()
      const told: string[] = []
      const onRemove = listens ? { onRemove: (key: string) => told.push(key) } : {}
      const cache = createMemoryCache<Big>({ clock, maxEntries: 3, maxWeight: 100, weigh: ({ id }) => id, ...onRemove })
      const value = put(cache)
      await collect()
      expect(value.deref(), 'kept while it is in the cache').toBeDefined()
      leave(cache, clock)
      await collect()
      expect(value.deref(), 'let go afterwards').toBeUndefined()
      expect(told.includes('a')).toBe(listens)
    }
  })

  it('a cache that nobody closed', async () => {
    const make = (): WeakRef<MemoryCache<Big>> => {
      const cache = createMemoryCache<Big>({ ttl: HOUR })
      put(cache)
      return new WeakRef(cache)
    }
    const cache = make()
    await collect()
    expect(cache.deref()).toBeUndefined()
  })
})
