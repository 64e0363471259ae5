// The expiry queue alone, against a naive list of (slot, expiry) pairs: what it gives back and when, late looks, far
// futures, a clock that steps back, growth, and what an expired entry costs among few and among many.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExpiryQueue } from '../../src/memory/expiry-queue.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../helpers/clock.ts'
import { random, runs } from '../helpers/property.ts'

const NOW = 1_700_000_000_000

/** Takes out all that expired, in the order the queue gives it. */
function drain(queue: ExpiryQueue, now: number): number[] {
  const slots: number[] = []
  for (let slot = queue.first(now); slot !== 0; slot = queue.first(now)) {
    queue.set(slot, Infinity)
    slots.push(slot)
  }
  return slots
}

/** A queue in which slot 1, 2, 3 ... has the given ttl from `NOW`. */
function filled(...ttls: number[]): ExpiryQueue {
  const queue = new ExpiryQueue(Infinity)
  ttls.forEach((ttl, index) => queue.set(index + 1, NOW + ttl))
  return queue
}

describe('first', () => {
  it('is 0 for an empty queue, at any time', () => {
    const queue = new ExpiryQueue(Infinity)
    for (const now of [-1, 0, 1, NOW, 8.64e15, Infinity]) expect(queue.first(now)).toBe(0)
  })

  it('gives a slot at its expiry, not 1 ms before', () => {
    for (const ttl of [0, 1, 2, 31, 32, 33, 1023, 1024, 1025, MINUTE, HOUR, 7 * DAY]) {
      const queue = filled(ttl)
      expect(queue.first(NOW + ttl - 1), `${ttl} ms`).toBe(0)
      expect(queue.first(NOW + ttl), `${ttl} ms`).toBe(1)
    }
  })

  it('gives the same slot until it is deleted', () => {
    const queue = filled(5)
    expect([queue.first(NOW + 5), queue.first(NOW + 500)]).toEqual([1, 1])
    queue.set(1, Infinity)
    expect(queue.first(NOW + 500)).toBe(0)
  })

  it('gives all that expired, however late it is asked', () => {
    for (const late of [0, 1, SECOND, 16 * MINUTE, HOUR, DAY, 100 * DAY, 10_000 * DAY]) {
      const queue = filled(SECOND, 2 * SECOND, MINUTE, 30 * MINUTE, 3 * SECOND)
      expect(drain(queue, NOW + 30 * MINUTE + late).sort(), `${late} ms late`).toEqual([1, 2, 3, 4, 5])
    }
  })

  it('gives what expired long ago before what expired just now', () => {
    const queue = filled(DAY, SECOND, HOUR, MINUTE)
    expect(queue.first(NOW)).toBe(0)
    expect(drain(queue, NOW + DAY)).toEqual([2, 4, 3, 1])
  })

  it('moved on in steps of 1 ms, gives each slot in its ms', () => {
    const next = random()
    const ttls = Array.from({ length: 200 }, () => 1 + Math.floor(next() * 3000))
    const queue = filled(...ttls)
    for (let ms = 0; ms <= 3000; ms++) {
      const due = ttls.flatMap((ttl, index) => (ttl === ms ? [index + 1] : []))
      expect(drain(queue, NOW + ms).sort((a, b) => a - b)).toEqual(due)
    }
  })

  it('takes a now with fractions', () => {
    const queue = filled(10)
    expect(queue.first(NOW + 9.999)).toBe(0)
    expect(queue.first(NOW + 10.001)).toBe(1)
  })

  it('never gives what never expires', () => {
    const queue = filled(Infinity, SECOND)
    expect(drain(queue, 8.64e15)).toEqual([2])
    expect(queue.expiresAt(1)).toBe(Infinity)
  })

  it.each([2 ** 30 - 1, 2 ** 30, 2 ** 30 + 1, 2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32, 2 ** 40, 8.64e15 - NOW])('%d ms ahead is exact', (ttl) => {
    const queue = filled(ttl, SECOND, 3 * ttl)
    expect(drain(queue, NOW + SECOND)).toEqual([2])
    expect(queue.first(NOW + ttl - 1)).toBe(0)
    expect(drain(queue, NOW + ttl)).toEqual([1])
    expect(drain(queue, NOW + 3 * ttl)).toEqual([3])
  })

  it('goes on for years of short entries', () => {
    const queue = new ExpiryQueue(Infinity)
    let now = NOW
    for (let day = 0; day < 1000; day++) {
      queue.set(1, now + HOUR)
      queue.set(2, now + 40 * DAY)
      now += DAY
      expect(drain(queue, now)).toEqual([1])
    }
    expect(drain(queue, now + 40 * DAY)).toEqual([2])
  })
})

describe('set', () => {
  it('tells the expiry of a slot', () => {
    const queue = filled(5, 7)
    expect([queue.expiresAt(1), queue.expiresAt(2)]).toEqual([NOW + 5, NOW + 7])
  })

  it('again: the last one holds, sooner, later or never', () => {
    const queue = filled(MINUTE, MINUTE, MINUTE)
    queue.set(1, NOW + SECOND)
    queue.set(2, NOW + HOUR)
    queue.set(3, Infinity)
    expect(drain(queue, NOW + SECOND)).toEqual([1])
    expect(drain(queue, NOW + MINUTE)).toEqual([])
    expect(drain(queue, NOW + HOUR)).toEqual([2])
    expect(drain(queue, 8.64e15)).toEqual([])
    queue.set(3, NOW + HOUR)
    expect(drain(queue, NOW + HOUR)).toEqual([3])
  })

  it('later and later, as a session that is refreshed, never expires meanwhile', () => {
    const queue = filled(HOUR, 3 * HOUR)
    let now = NOW
    for (let i = 0; i < 100_000; i++) {
      now += 977
      queue.set(1, now + HOUR)
      if (queue.first(now) === 1) expect.fail(`expired after ${i} refreshes`)
      queue.set(2, Infinity)
    }
    expect(queue.first(now + HOUR - 1)).toBe(0)
    expect(queue.first(now + HOUR)).toBe(1)
  })

  it('later, then earlier than at first', () => {
    const queue = filled(MINUTE)
    queue.set(1, NOW + HOUR)
    queue.set(1, NOW + SECOND)
    expect(drain(queue, NOW + SECOND)).toEqual([1])
  })

  it('a slot again after it was deleted', () => {
    const queue = filled(MINUTE)
    queue.set(1, Infinity)
    queue.set(1, Infinity)
    expect(drain(queue, NOW + DAY)).toEqual([])
    queue.set(1, NOW + 2 * DAY)
    expect(drain(queue, NOW + 2 * DAY - 1)).toEqual([])
    expect(drain(queue, NOW + 2 * DAY)).toEqual([1])
  })

  it('at now is due at once', () => {
    const queue = filled(0)
    expect(queue.first(NOW - 1)).toBe(0)
    expect(queue.first(NOW)).toBe(1)
  })
})

describe('a clock that stepped back', () => {
  it('a slot prolonged in the ms that came twice is not in the way of one that is due', () => {
    for (const prolonged of [1, 2, 3]) {
      const queue = filled(1, 1, 1)
      expect(queue.first(NOW + 1)).not.toBe(0)
      queue.set(prolonged, NOW + 100)
      expect(drain(queue, NOW + 1).sort()).toEqual([1, 2, 3].filter((slot) => slot !== prolonged))
      expect(drain(queue, NOW + 100)).toEqual([prolonged])
    }
  })

  it('new entries may expire before all others', () => {
    const queue = filled(MINUTE, HOUR)
    expect(drain(queue, NOW + 59 * SECOND)).toEqual([])
    const back = NOW - HOUR
    expect(queue.first(back)).toBe(0)
    queue.set(2, back + SECOND)
    expect(drain(queue, back + SECOND)).toEqual([2])
    expect(drain(queue, NOW + MINUTE - 1)).toEqual([])
    expect(drain(queue, NOW + MINUTE)).toEqual([1])
  })

  it('by decades, below 0 and back again', () => {
    const queue = new ExpiryQueue(Infinity)
    for (const [index, now] of [NOW, -NOW, 0].entries()) queue.set(index + 1, now + MINUTE)
    expect(drain(queue, -NOW + MINUTE - 1)).toEqual([])
    expect(drain(queue, -NOW + MINUTE)).toEqual([2])
    expect(drain(queue, MINUTE)).toEqual([3])
    expect(drain(queue, NOW + MINUTE - 1)).toEqual([])
    expect(drain(queue, NOW + MINUTE)).toEqual([1])
  })

  it('what was due and not yet taken is not due until its time comes again', () => {
    const queue = filled(MINUTE)
    expect(queue.first(NOW + MINUTE)).toBe(1)
    expect(queue.first(NOW + MINUTE - 1)).toBe(0)
    expect(queue.first(NOW + MINUTE)).toBe(1)
  })
})

it('takes new slots while others are filed', () => {
  const queue = filled(SECOND, HOUR, Infinity)
  for (let slot = 4; slot < 1000; slot++) queue.set(slot, NOW + slot * MINUTE)
  expect([queue.expiresAt(1), queue.expiresAt(2), queue.expiresAt(3)]).toEqual([NOW + SECOND, NOW + HOUR, Infinity])
  expect(drain(queue, NOW + SECOND)).toEqual([1])
  expect(drain(queue, NOW + HOUR)).toHaveLength(58)
  expect(drain(queue, NOW + DAY)).toHaveLength(939)
})

type Step =
  | { do: 'set'; slot: number; ttl: number }
  | { do: 'delete'; slot: number }
  | { do: 'tick'; ms: number }
  | { do: 'take'; most: number }

const TTLS = [0, 1, 5, 31, 32, 33, 100, 1000, 1024, 4e4, 3.6e6, 2 ** 25, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 7, 2 ** 33, 2 ** 40, Infinity]
const STEPS = [1, 2, 30, 31, 32, 33, 999, 1024, 4e4, 3.6e6, 2 ** 25, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, -1, -33, -1000, -3.6e6, -(2 ** 31)]

const slot = fc.integer({ min: 1, max: 9 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), slot, ttl: fc.oneof(fc.constantFrom(...TTLS), fc.nat(5000)) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.oneof(fc.constantFrom(...STEPS), fc.integer({ min: -500, max: 5000 })) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const), most: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), slot }) },
)

it('agrees with a naive list over any sequence of steps', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const naive = new Map<number, number>()
      const queue = new ExpiryQueue(Infinity)
      let now = NOW
      let slots = 0
      const check = (): number => {
        const first = queue.first(now)
        const due = [...naive].filter(([, at]) => at <= now)
        if (first === 0) expect(due, 'nothing given').toEqual([])
        else expect(naive.get(first) ?? Infinity, `slot ${first} given`).toBeLessThanOrEqual(now)
        return first
      }
      for (const next of steps) {
        if (next.do === 'tick') now += next.ms
        else if (next.do === 'take') {
          for (let taken = 0, first = check(); taken < next.most && first !== 0; taken++, first = check()) {
            queue.set(first, Infinity)
            naive.delete(first)
          }
        } else if (next.do === 'delete') {
          queue.set(next.slot, Infinity)
          naive.delete(next.slot)
        } else {
          const slot = Math.min(next.slot, slots + 1)
          slots = Math.max(slots, slot)
          queue.set(slot, now + next.ttl)
          naive.set(slot, now + next.ttl)
          expect(queue.expiresAt(slot)).toBe(now + next.ttl)
        }
      }
      check()
      const left = [...naive].filter(([, at]) => at !== Infinity).map(([name]) => name)
      expect(drain(queue, 8.64e15).sort(), 'in the end all of them').toEqual(left.sort())
    }),
    runs(1500),
  )
})

describe('cost', () => {
  /** µs per entry to file and free `count` entries, of several rounds the quickest. */
  function cost(count: number, lifetime: (next: () => number) => number, run: (queue: ExpiryQueue) => number): number {
    let best = Infinity
    for (let round = 0; round < 3; round++) {
      const next = random(round)
      const lifetimes = Float64Array.from({ length: count }, () => lifetime(next))
      const began = performance.now()
      const queue = new ExpiryQueue(Infinity)
      for (let i = 0; i < count; i++) queue.set(i + 1, NOW + lifetimes[i]!)
      expect(run(queue)).toBe(count)
      best = Math.min(best, performance.now() - began)
    }
    return (best / count) * 1000
  }

  /** Frees what is due, once every `step` ms, and asks twice each time. */
  function frees(step: number, until: number): (queue: ExpiryQueue) => number {
    return (queue) => {
      let freed = 0
      for (let now = NOW; now <= NOW + until; now += step) {
        for (let first = queue.first(now); first !== 0; first = queue.first(now)) {
          queue.set(first, Infinity)
          freed++
        }
      }
      return freed
    }
  }

  const CASES: [name: string, lifetime: (next: () => number) => number, run: (queue: ExpiryQueue) => number][] = [
    ['in one late sweep', (next) => Math.ceil(next() * 30 * MINUTE), frees(HOUR, HOUR)],
    ['second by second', (next) => Math.ceil(next() * 10 * MINUTE), frees(SECOND, 10 * MINUTE)],
    ['all in the same ms', () => MINUTE, frees(SECOND, MINUTE)],
    ['up to a year ahead', (next) => Math.ceil(next() * 400 * DAY), frees(20 * DAY, 400 * DAY)],
  ]

  it.each(CASES)('per entry freed %s is about the same among 2,000 and 200,000', (_name, lifetime, run) => {
    const few = cost(2000, lifetime, run)
    const many = cost(200_000, lifetime, run)
    expect(many / few, `${few.toFixed(3)} µs each among 2,000, ${many.toFixed(3)} among 200,000`).toBeLessThan(12)
  })

  it('of a look that finds nothing does not grow with the entries', () => {
    const looks = 20_000
    const timed = (count: number): number => {
      const next = random(count)
      const queue = new ExpiryQueue(Infinity)
      for (let i = 1; i <= count; i++) queue.set(i, NOW + HOUR + Math.ceil(next() * HOUR))
      let best = Infinity
      for (let round = 0; round < 5; round++) {
        const began = performance.now()
        for (let i = 0; i < looks; i++) if (queue.first(NOW + i) !== 0) expect.fail('nothing expires in this hour')
        best = Math.min(best, performance.now() - began)
      }
      return best
    }
    timed(100)
    expect(timed(200_000) / timed(100)).toBeLessThan(20)
  })
})
