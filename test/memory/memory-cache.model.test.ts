// Random and exhaustive sequences of operations on a memory cache, compared with the naive oracle after every step.
// What fails is printed with fast-check's seed, or as the sequence that fails.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createMemoryCache, type MemoryCache } from '../../src/memory/memory-cache.ts'
import type { MemoryCacheOptions } from '../../src/options.ts'
import { ManualClock } from '../helpers/clock.ts'
import { look } from '../helpers/inside.ts'
import { MemoryOracle, type Removal, type Weighty } from '../helpers/memory-oracle.ts'
import { runs } from '../helpers/property.ts'

type Operation =
  | { do: 'set'; key: string; ttl?: number | undefined; weight: number }
  | { do: 'touch'; key: string; ttl: number }
  | { do: 'get' | 'delete'; key: string }
  | { do: 'sweep' | 'clear' }
  | Look
  | { do: 'tick'; ms: number }
  | { do: 'burst'; count: number; ttl: number }

const STATS = ['hits', 'misses', 'sets', 'evictions', 'expirations', 'size', 'weight'] as const

type Look = { do: 'peek' | 'has' | 'expiresAt'; key: string } | { do: 'size' } | { do: 'iterate' }

/** A cache and its oracle side by side, and a second cache without a listener that has to give the same answers. */
class Trial {
  readonly #caches: readonly MemoryCache<Weighty>[]
  readonly #oracle: MemoryOracle
  readonly #clock = new ManualClock()
  readonly #maxEntries: number
  #told: Removal[] = []
  #id = 0

  constructor(options: MemoryCacheOptions<Weighty>, { quiet = true } = {}) {
    const clock = this.#clock
    const telling = createMemoryCache<Weighty>({ ...options, clock, onRemove: (...removal) => this.#told.push(removal) })
    this.#caches = quiet ? [telling, createMemoryCache({ ...options, clock })] : [telling]
    this.#oracle = new MemoryOracle(options, clock.time)
    this.#maxEntries = options.maxEntries ?? 1000
  }

  run(operation: Operation): void {
    const oracle = this.#oracle
    switch (operation.do) {
      case 'tick':
        this.#clock.advance(operation.ms)
        oracle.now = this.#clock.time
        return
      case 'set':
        return this.#set(operation.key, operation.weight, operation.ttl)
      case 'burst':
        for (let i = 0; i < operation.count; i++) this.#set(`burst ${i}`, 1, operation.ttl)
        return
      case 'touch':
        return this.#compare(operation, (cache) => cache.touch(operation.key, operation.ttl), () => oracle.touch(operation.key, operation.ttl, this.#told))
      case 'get':
        return this.#compare(operation, (cache) => cache.get(operation.key), () => oracle.get(operation.key, this.#told))
      case 'delete':
        return this.#compare(operation, (cache) => cache.delete(operation.key), () => oracle.delete(operation.key, this.#told))
      case 'sweep':
        return this.#compare(operation, (cache) => cache.sweep(), () => oracle.sweep(this.#told))
      case 'clear':
        return this.#compare(operation, (cache) => cache.clear(), () => oracle.clear(this.#told))
      default:
        return this.#look(operation)
    }
  }

  #set(key: string, weight: number, ttl: number | undefined): void {
    const value = { id: this.#id++, weight }
    const options = ttl === undefined ? undefined : { ttl }
    this.#compare(key, (cache) => cache.set(key, value, options), () => this.#oracle.set(key, value, ttl ?? Infinity, this.#told))
  }

  #look(operation: Look): void {
    const ask = (cache: MemoryCache<Weighty>): unknown => {
      if (operation.do === 'peek') return cache.peek(operation.key)
      if (operation.do === 'has') return cache.has(operation.key)
      if (operation.do === 'expiresAt') return cache.expiresAt(operation.key)
      return operation.do === 'size' ? cache.size : [...cache]
    }
    this.#compare(operation, ask, () => {
      const answer = this.#answer(operation)
      this.#oracle.look(this.#told)
      return answer
    })
  }

  #answer(operation: Look): unknown {
    if (operation.do === 'size') return this.#oracle.live().length
    if (operation.do === 'iterate') return this.#oracle.live().map((entry) => [entry.key, entry.value])
    const found = this.#oracle.find(operation.key)
    if (operation.do === 'has') return found !== undefined
    return operation.do === 'peek' ? found?.value : found?.expiresAt
  }

  #compare(operation: unknown, call: (cache: MemoryCache<Weighty>) => unknown, expected: () => unknown): void {
    const answers = this.#caches.map(call)
    const right = expected()
    if (this.#told.length > 0) this.#told = []
    for (const answer of answers) {
      if (!same(answer, right)) throw new Error(`${show(operation)} gave ${show(answer)}, not ${show(right)}`)
    }
  }

  /** What can be seen of the cache is what the oracle holds. */
  check(): void {
    const live = this.#oracle.live()
    const told = this.#told
    for (const cache of this.#caches) {
      const keys = [...cache.keys()]
      if (cache.size !== keys.length) throw new Error(`size is ${cache.size}, but ${keys.length} keys are iterated`)
      if (keys.length > this.#maxEntries) throw new Error(`${keys.length} entries under a bound of ${this.#maxEntries}`)
      if (!same(keys, live.map(({ key }) => key))) throw new Error(`the order is ${keys}, not ${live.map(({ key }) => key)}`)
      for (const { key, value, expiresAt } of live) {
        if (cache.peek(key) !== value) throw new Error(`the value of ${key} is ${show(cache.peek(key))}`)
        if (cache.expiresAt(key) !== expiresAt) throw new Error(`${key} expires at ${cache.expiresAt(key)}, not ${expiresAt}`)
      }
      const stats = cache.stats()
      const right = { ...this.#oracle.stats, size: live.length, weight: this.#oracle.weight() }
      for (const name of STATS) {
        if (stats[name] !== right[name]) throw new Error(`stats say ${stats[name]} ${name}, not ${right[name]}`)
      }
    }
    if (told.length > 0) throw new Error(`looking removed ${show(told)}`)
  }

  /** After the last operation: what can expire does, in the end. */
  finish(): void {
    this.check()
    this.run({ do: 'tick', ms: 2 ** 42 })
    this.run({ do: 'sweep' })
    this.check()
  }

  /** The structures agree inside, too. */
  lookInside(): void {
    for (const cache of this.#caches) {
      expect(look(cache)).toMatchObject({ weight: this.#oracle.weight(), untold: 0 })
    }
  }
}

/** Deeply, for arrays; by identity, for everything else. */
function same(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return Object.is(a, b)
  return a.length === b.length && a.every((item, index) => same(item, b[index]))
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (inner === Infinity ? 'Infinity' : inner)) ?? 'undefined'
}

/** Generous, for machines that do other things as well. */
const TIMEOUT = { timeout: 120_000 }

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', '__proto__', '']
const TTLS = [0, 1, 5, 33, 1000, 4e4, 3.6e6, 2 ** 31, 2 ** 40, Infinity]
const STEPS = [1, 2, 5, 31, 32, 33, 1000, 1024, 4e4, 3.6e6, 2 ** 30, 2 ** 31, 2 ** 40, -1, -33, -1000, -3.6e6, -(2 ** 31)]

const key = fc.constantFrom(...KEYS)
const ttl = fc.constantFrom(...TTLS)
const operation = operationWithSteps(STEPS)

function operationWithSteps(steps: readonly number[]): fc.Arbitrary<Operation> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), key, ttl: fc.option(ttl, { nil: undefined }), weight: fc.nat(7) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.constantFrom(...steps) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'delete' as const), key }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('peek' as const, 'has' as const, 'expiresAt' as const), key }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('touch' as const), key, ttl }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sweep' as const, 'clear' as const) }) },
    { weight: 1, arbitrary: fc.constantFrom<Operation>({ do: 'size' }, { do: 'iterate' }) },
  )
}

const bounds: fc.Arbitrary<MemoryCacheOptions<Weighty>> = fc
  .record({ maxEntries: fc.constantFrom(1, 2, 3, 4, 5, 1000, Infinity), maxWeight: fc.constantFrom(undefined, 1, 5, 10, 15, 25, Infinity), weighs: fc.boolean() })
  .map(({ maxEntries, maxWeight, weighs }) => {
    if (maxWeight !== undefined) return { maxEntries, maxWeight, weigh: ({ weight }) => weight }
    return weighs ? { maxEntries, weigh: ({ weight }) => weight } : { maxEntries }
  })

function operations(lengths: fc.ArrayConstraints, steps: readonly number[] = STEPS): fc.Arbitrary<Operation[]> {
  return fc.array(operationWithSteps(steps), { ...lengths, size: 'max' })
}

function agreesAfterEach(options: MemoryCacheOptions<Weighty>, list: readonly Operation[]): void {
  const trial = new Trial(options)
  for (const next of list) {
    trial.run(next)
    trial.check()
  }
  trial.finish()
}

it('agrees with an array after every operation', TIMEOUT, () => {
  fc.assert(fc.property(bounds, operations({ maxLength: 60 }), agreesAfterEach), runs(2500))
})

it('agrees with an array when the clock has fractions', TIMEOUT, () => {
  const fractions = operations({ maxLength: 60 }, [0.25, 0.5, 1, 4.75, 33, -0.5]).filter((list) => !list.some((next) => next.do === 'touch' && next.ttl === 0))
  fc.assert(fc.property(bounds, fractions, agreesAfterEach), runs(500))
})

it('has structures that agree inside', TIMEOUT, () => {
  fc.assert(
    fc.property(bounds, operations({ maxLength: 100 }), (options, list) => {
      const trial = new Trial(options)
      for (const next of list) trial.run(next)
      trial.lookInside()
      trial.finish()
      trial.lookInside()
    }),
    runs(60),
  )
})

it('agrees with an array at the end, when nothing looked in between', TIMEOUT, () => {
  fc.assert(
    fc.property(bounds, operations({ minLength: 20, maxLength: 200 }), (options, list) => {
      const trial = new Trial(options)
      for (const next of list) trial.run(next)
      trial.finish()
    }),
    runs(1500),
  )
})

it('agrees with an array through bursts that make its storage grow and shrink', TIMEOUT, () => {
  const burst = fc.record({ do: fc.constant('burst' as const), count: fc.integer({ min: 1, max: 1500 }), ttl })
  const mixed = fc.array(fc.oneof({ weight: 1, arbitrary: burst }, { weight: 4, arbitrary: operation }), { maxLength: 20, size: 'max' })
  fc.assert(
    fc.property(fc.constantFrom(1, 300, 1024, 1500, Infinity), mixed, (maxEntries, list) => {
      const trial = new Trial({ maxEntries, weigh: ({ weight }) => weight })
      for (const next of list) {
        trial.run(next)
        if (next.do !== 'burst') trial.check()
      }
      trial.finish()
      trial.lookInside()
    }),
    runs(25),
  )
})

/** Every sequence of `length` operations whose first one with a key takes the first key; the other half is its mirror image. */
function everySequence(alphabet: readonly Operation[], length: number, maxEntries: number): number {
  const digits = new Array<number>(length).fill(0)
  let count = 0
  for (;;) {
    const sequence = digits.map((digit) => alphabet[digit]!)
    if (sequence.find((step) => 'key' in step)?.key !== 'b') {
      count++
      runSequence(sequence, maxEntries)
    }
    let position = length - 1
    while (position >= 0 && ++digits[position]! === alphabet.length) digits[position--] = 0
    if (position < 0) return count
  }
}

function runSequence(sequence: readonly Operation[], maxEntries: number): void {
  try {
    const trial = new Trial({ maxEntries }, { quiet: false })
    for (const step of sequence) trial.run(step)
    trial.check()
  } catch (error) {
    throw new Error(`maxEntries ${maxEntries}: ${show(sequence)}`, { cause: error })
  }
}

const ON_KEYS = (['a', 'b'] as const).flatMap((name): Operation[] => [
  { do: 'set', key: name, ttl: 2, weight: 1 },
  { do: 'get', key: name },
  { do: 'delete', key: name },
  { do: 'touch', key: name, ttl: 3 },
])

it('agrees with an array in every sequence of up to 5 operations on 2 keys, the clock going both ways', TIMEOUT, () => {
  const alphabet: Operation[] = [...ON_KEYS, { do: 'tick', ms: 1 }, { do: 'tick', ms: -1 }]
  let count = 0
  for (const maxEntries of [1, 2]) {
    for (let length = 1; length <= 5; length++) count += everySequence(alphabet, length, maxEntries)
  }
  expect(count).toBeGreaterThan(50_000)
})

it('agrees with an array in every sequence of 7 sets, gets, touches and ticks on 2 keys', TIMEOUT, () => {
  const alphabet: Operation[] = [
    { do: 'set', key: 'a', ttl: 2, weight: 1 },
    { do: 'set', key: 'b', ttl: 2, weight: 1 },
    { do: 'get', key: 'a' },
    { do: 'touch', key: 'a', ttl: 3 },
    { do: 'tick', ms: 1 },
  ]
  expect(everySequence(alphabet, 7, 1) + everySequence(alphabet, 7, 2)).toBeGreaterThan(100_000)
})
