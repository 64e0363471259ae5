// The clocks that caches use by default: the wall clock, read once per turn; for memory alone it does not go back.
// Date.now is mocked, so that no test waits.

import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest'
import { steadyTime, turnClock } from '../src/clock.ts'
import { createMemoryCache } from '../src/index.ts'

let date: MockInstance<() => number>

beforeEach(() => {
  date = vi.spyOn(Date, 'now').mockReturnValue(1000)
})

afterEach(() => vi.restoreAllMocks())

it('does not read the time before it is asked', () => {
  turnClock()
  expect(date).not.toHaveBeenCalled()
})

it('stands still within one synchronous stretch', () => {
  const clock = turnClock()
  expect(clock.now()).toBe(1000)
  date.mockReturnValue(2000)
  expect(clock.now()).toBe(1000)
  expect(date).toHaveBeenCalledTimes(1)
})

it('reads again after an await, forward or backward', async () => {
  const clock = turnClock()
  for (const time of [1000, 2000, 500, 1_700_000_000_000]) {
    date.mockReturnValue(time)
    expect(clock.now()).toBe(time)
    await undefined
  }
})

it('reads again in the next task', async () => {
  const clock = turnClock()
  clock.now()
  date.mockReturnValue(3000)
  await new Promise((resolve) => setTimeout(resolve))
  expect(clock.now()).toBe(3000)
})

it('reads again in every task of an idle page, not only the first', async () => {
  const clock = turnClock()
  for (let turn = 0; turn < 5; turn++) {
    date.mockReturnValue(1000 + turn)
    expect([clock.now(), clock.now()]).toEqual([1000 + turn, 1000 + turn])
    await new Promise((resolve) => setTimeout(resolve))
  }
  expect(date).toHaveBeenCalledTimes(5)
})

it('two clocks do not share their time', () => {
  const first = turnClock()
  first.now()
  date.mockReturnValue(2000)
  expect(turnClock().now()).toBe(2000)
})

describe('steadyTime', () => {
  let monotonic: MockInstance<() => number>

  beforeEach(() => {
    monotonic = vi.spyOn(performance, 'now').mockReturnValue(70.4)
    date.mockReturnValue(1_000_000)
  })

  const pass = (wall: number, elapsed: number): void => {
    date.mockReturnValue(Date.now() + wall)
    monotonic.mockReturnValue(performance.now() + elapsed)
  }

  it('is the wall clock, also where that is adjusted by less than a second', () => {
    const read = steadyTime()
    expect(read()).toBe(1_000_000)
    pass(500, 500)
    expect(read()).toBe(1_000_500)
    pass(-900, 0.1)
    expect(read()).toBe(999_600)
  })

  it('goes on by the monotonic clock when the wall clock is set back', () => {
    const read = steadyTime()
    read()
    pass(-86_400_000, 0)
    expect(read()).toBe(1_000_000)
    for (let step = 0; step < 1_000; step++) {
      pass(0, 0.25)
      read()
    }
    expect(read()).toBe(1_000_250)
    pass(60_000, 60_000)
    expect(read()).toBe(1_060_250)
  })

  it('takes up the wall clock when that is ahead: set forward, or after a sleep in which the monotonic one stood still', () => {
    const read = steadyTime()
    read()
    pass(3_600_000, 0)
    expect(read()).toBe(4_600_000)
    pass(-3_600_000, 0)
    expect(read()).toBe(4_600_000)
    pass(7_200_000, 1_000)
    expect(read()).toBe(8_200_000)
  })
})

it('a memory cache does not live longer for a clock that is set back', async () => {
  const monotonic = vi.spyOn(performance, 'now').mockReturnValue(0)
  date.mockReturnValue(1_000_000_000)
  const cache = createMemoryCache<number>({ ttl: 60_000 })
  cache.set('a', 1)
  await undefined
  date.mockReturnValue(1_000_000_000 - 86_400_000)
  monotonic.mockReturnValue(59_000)
  expect(cache.get('a')).toBe(1)
  await undefined
  monotonic.mockReturnValue(60_000)
  expect(cache.get('a')).toBeUndefined()
})
