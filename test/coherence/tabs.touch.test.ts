// An entry whose life a touch has changed is swept in its time.

import { expect, it, vi } from 'vitest'
import { createCache } from '../../src/index.ts'
import { ManualClock } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { createWorld } from './support/world.ts'
import { countDisk } from '../helpers/indexed-db.ts'
import { NAME } from '../helpers/caches.ts'

it.each([
  ['that is given an end', undefined, 500, 1],
  ['whose life is prolonged', { ttl: 500 }, 2_500, 4],
])('memory alone: an entry %s is swept by the timer and told of', async (_what, options, ttl, sweeps) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const clock = new ManualClock()
  const told: unknown[] = []
  const cache = createCache<number>({ clock, sweepInterval: 1_000 })
  cache.subscribe((event) => void (event.type === 'expire' && told.push(event.key)))
  await cache.set('a', 1, options)
  await cache.touch('a', ttl)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    clock.advance(1_000)
    vi.advanceTimersByTime(1_000)
    await turns(1)
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
