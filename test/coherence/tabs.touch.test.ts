// An entry whose life a touch has changed is swept in its time.

import { expect, it, vi } from 'vitest'
import { createCache } from '../../src/index.ts'
import { ManualClock } from '../helpers/clock.ts'
import { createWorld } from './support/world.ts'
import { countDisk } from '../helpers/indexed-db.ts'
import { NAME } from '../helpers/caches.ts'

it('memory alone: a touched entry is swept by the timer and told of', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const clock = new ManualClock()
  const told: unknown[] = []
  const cache = createCache<number>({ clock, sweepInterval: 1_000 })
  cache.subscribe((event) => void (event.type === 'expire' && told.push(event.key)))
  await cache.set('a', 1)
  await cache.touch('a', 500)
  clock.advance(1_000)
  vi.advanceTimersByTime(1_000)
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toEqual(['a'])
  await cache.close()
})

it('memory alone: one that lives longer by a touch likewise', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const clock = new ManualClock()
  const told: unknown[] = []
  const cache = createCache<number>({ clock, sweepInterval: 1_000 })
  cache.subscribe((event) => void (event.type === 'expire' && told.push(event.key)))
  await cache.set('a', 1, { ttl: 500 })
  await cache.touch('a', 2_500)
  for (let n = 0; n < 4; n++) {
    clock.advance(1_000)
    vi.advanceTimersByTime(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(told).toEqual(['a'])
  await cache.close()
})

it('two tiers: it goes from disk', async () => {
  const world = createWorld()
  const { cache } = world.tab<number>({ sweepInterval: 1_000 })
  await cache.set('a', 1)
  expect(await cache.touch('a', 500)).toBe(true)
  await world.settle()
  for (let n = 0; n < 3; n++) {
    await world.pass(1_000)
    await world.settle()
  }
  expect(await countDisk(NAME)).toMatchObject({ records: 0 })
})
