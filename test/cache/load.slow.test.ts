// A backend that takes longer than `lockTimeout`, asked again every few seconds: what it brings must be kept some time.

import { describe, expect, it } from 'vitest'
import { MEMORY_ALONE, TWO_TIERS, placeOf } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { collect } from '../helpers/heap.ts'

describe.each([MEMORY_ALONE, TWO_TIERS])('with $title', (arrangement) => {
  it('is loaded once or twice, not for ever', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>()
    const running: { readonly at: number; readonly end: () => void }[] = []
    let loads = 0
    const loader = (): Promise<string> =>
      new Promise((resolve) => {
        loads++
        running.push({ at: clock.now() + 12 * SECOND, end: () => resolve('value') })
      })
    for (let second = 0; second < 120; second += 1) {
      void cache.getOrLoad('a', loader)
      await turns()
      clock.advance(SECOND)
      while (running[0] && running[0].at <= clock.now()) running.shift()!.end()
      await turns()
    }
    await cache.flush()
    expect(loads).toBeLessThanOrEqual(2)
    expect(await cache.get('a')).toBe('value')
  })

  it('what was removed meanwhile does not come back with the late one', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>()
    const ends: ((value: string) => void)[] = []
    const loader = (): Promise<string> => new Promise((resolve) => void ends.push(resolve))
    const first = cache.getOrLoad('a', loader)
    await turns()
    clock.advance(11 * SECOND)
    const second = cache.getOrLoad('a', loader)
    await turns()
    await cache.delete('a')
    ends[0]!('old')
    expect(await first).toBe('old')
    await turns()
    expect(await cache.get('a')).toBeUndefined()
    ends[1]!('new')
    expect(await second).toBe('new')
    await turns()
    expect(await cache.get('a')).toBeUndefined()
  })
})

it.each([MEMORY_ALONE, TWO_TIERS])('$title: of loads that never end, only the latest are kept', async (arrangement) => {
  const { open, clock } = placeOf(arrangement)
  const cache = open<number>()
  const held: WeakRef<object>[] = []
  const ask = (): void => {
    const view = {}
    held.push(new WeakRef(view))
    void cache.getOrLoad('a', () => new Promise<number>(() => void view))
  }
  for (let poll = 0; poll < 40; poll++) {
    ask()
    await turns()
    clock.advance(11 * SECOND)
  }
  for (let round = 0; round < 4; round++) await collect()
  expect(held.filter((each) => each.deref()).length).toBeLessThan(9)
})
