// The clock that caches use by default: the wall clock, read once per turn.
// Date.now is mocked, so that no test waits.

import { afterEach, beforeEach, expect, it, vi, type MockInstance } from 'vitest'
import { turnClock } from '../src/clock.ts'

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
