// take() hands out a value once, whatever became of the entry on disk meanwhile: what the bound has evicted stays in the memory
// of its tab, which may bring it back.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { damageOnPurpose } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { random, runs } from '../helpers/property.ts'
import { createWorld } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('what was evicted from disk', () => {
  it('and renewed, so that it is there again, is handed out to one tab', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2, { maxStoredEntries: 1 })
    await one!.cache.set('a', 'once', { ttl: 10 * SECOND })
    await one!.cache.set('b', 'x', { ttl: 20 * SECOND })
    await one!.cache.flush()
    expect(await other!.cache.get('a')).toBeUndefined()
    expect(await one!.cache.touch('a', 60 * SECOND)).toBe(true)
    await world.settle()
    expect(await other!.cache.take('a')).toBe('once')
    expect(await one!.cache.take('a')).toBeUndefined()
  })

  it('after another tab has replaced it, of which no message tells: likewise', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2, { maxStoredEntries: 1 })
    await one!.cache.set('a', 'once', { ttl: 10 * SECOND })
    await world.settle()
    world.network.deaf = true
    expect(await other!.cache.update('a', 'next')).toBe('once')
    await one!.cache.set('b', 'x', { ttl: 20 * SECOND })
    await one!.cache.flush()
    expect(await one!.cache.take('a')).toBeUndefined()
  })

  it.each(Array.from({ length: 12 }, (_, moment) => 5 * moment))('and set anew meanwhile, moment %i: likewise', async (moment) => {
    // What goes from disk stays in memory.
    damageOnPurpose()
    const world = createWorld()
    const [one, other] = world.tabs<string>(2, { maxStoredEntries: 1 })
    await one!.cache.set('a', 'old', { ttl: 10 * SECOND })
    await one!.cache.set('b', 'x', { ttl: 20 * SECOND })
    const flushing = one!.cache.flush()
    for (let n = 0; n < moment; n++) await Promise.resolve()
    await Promise.all([flushing, one!.cache.set('a', 'new', { ttl: 60 * SECOND })])
    await world.settle()
    expect(await other!.cache.take('a')).toBe('new')
    expect(await one!.cache.take('a')).toBeUndefined()
  })
})

/** A call by chance; what it hands out, if it is a call that does. */
async function act(cache: Cache<number>, roll: () => number, step: number): Promise<number | undefined> {
  const key = `k${Math.floor(roll() * 3)}`
  const ttl = [40, 500, 2_000][step % 3]!
  const kind = roll()
  if (kind < 0.3) return cache.take(key)
  if (kind < 0.4) return cache.update(key, step)
  if (kind < 0.6) await cache.set(key, step, { ttl })
  else if (kind < 0.7) await cache.add(key, step)
  else if (kind < 0.78) await cache.touch(key, ttl)
  else if (kind < 0.86) await cache.flush()
  else if (kind < 0.92) await cache.get(key)
  else if (kind < 0.97) await cache.getOrLoad(key, () => turns(step % 5).then(() => step))
  else await cache.sweep()
  return undefined
}

const { seed: first = 0, numRuns } = runs(10)

it.each(Array.from({ length: numRuns! }, (_, run) => first + run))('in three tabs no value is taken, or replaced, twice: seed %i', async (seed) => {
  damageOnPurpose()
  const roll = random(seed)
  const world = createWorld({ seed })
  if (roll() < 0.5) world.network.chaos = { duplicate: 0.2, reorder: 0.2, drop: 0.2 }
  const tabs = world.tabs<number>(3, { ttl: roll() < 0.5 ? 50 : SECOND, maxEntries: roll() < 0.5 ? 2 : 100, ...(roll() < 0.5 && { maxStoredEntries: 1 }) })
  const out: number[] = []
  const calls: Promise<unknown>[] = []
  for (let step = 1; step <= 150; step++) {
    const { cache, page } = tabs[Math.floor(roll() * 3)]!
    if (roll() < 0.03) page('visibilitychange', false)
    calls.push(act(cache, roll, step).then((value) => value === undefined || out.push(value)))
    const pause = roll()
    if (pause < 0.3) await turns(Math.floor(roll() * 6))
    else if (pause < 0.4) await world.pass([5, 30, 60][step % 3]!)
    else if (pause < 0.7) for (let n = Math.floor(roll() * 12); n > 0; n--) await Promise.resolve()
  }
  await world.await(Promise.all(calls))
  expect(out.toSorted()).toEqual([...new Set(out)].toSorted())
})
