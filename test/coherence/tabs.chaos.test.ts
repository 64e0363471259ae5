// Tabs without a channel, and with one that drops, duplicates, reorders and adds garbage. That memory in every tab holds
// what is on disk in the end is checked after each test: see test/helpers/caches.ts.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { damageOnPurpose } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { random } from '../helpers/property.ts'
import { createWorld } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** One call of a tab, by chance. */
async function act(cache: Cache<number>, roll: () => number, step: number): Promise<void> {
  const key = `k${Math.floor(roll() * 8)}`
  const kind = roll()
  if (kind < 0.4) await cache.get(key)
  else if (kind < 0.75) await cache.set(key, step, { tags: [`t${step % 3}`] })
  else if (kind < 0.85) await cache.delete(key)
  else if (kind < 0.9) await cache.deleteTag(`t${step % 3}`)
  else if (kind < 0.95) await cache.deletePrefix(key)
  else if (kind < 0.97) await cache.clear()
  else await cache.update(key, step)
}

describe('without BroadcastChannel', () => {
  it('all works, and tabs agree by ttl', async () => {
    damageOnPurpose()
    const world = createWorld({ channel: false })
    const [one, other] = world.tabs<unknown>(2, { ttl: SECOND })
    await one!.cache.set('a', 'old')
    expect(await other!.cache.get('a')).toBe('old')
    await one!.cache.set('a', 'new')
    await world.settle()
    expect(other!.cache.peek('a')).toBe('old')
    world.clock.advance(SECOND - 1)
    await one!.cache.set('a', 'newest')
    world.clock.advance(1)
    expect(await other!.cache.get('a')).toBe('newest')
    expect(await other!.cache.getOrLoad('b', () => 'loaded')).toBe('loaded')
    expect(await one!.cache.get('b')).toBe('loaded')
    expect([await one!.cache.add('c', 1), await other!.cache.add('c', 2)]).toEqual([true, false])
    expect(world.faults).toEqual([])
  })

  it('a key that both tabs load, time after time, is stored each time', async () => {
    damageOnPurpose()
    const world = createWorld({ channel: false })
    const tabs = world.tabs<number>(2, { ttl: SECOND })
    for (let round = 0; round < 6; round++) {
      const [one, other] = round % 2 ? tabs.toReversed() : tabs
      expect(await one!.cache.getOrLoad('a', async () => round)).toBe(round)
      await one!.cache.flush()
      expect(await one!.cache.getOrLoad('a', () => expect.fail('called'))).toBe(round)
      expect(await other!.cache.getOrLoad('a', () => expect.fail('called'))).toBe(round)
      world.clock.advance(SECOND)
    }
  })
})

describe('a channel that drops, duplicates, reorders and adds garbage', () => {
  it.each([1, 2, 3, 4, 5, 6])('what arrives twice or out of order is harmless: seed %i', async (seed) => {
    const world = createWorld({ seed })
    world.network.chaos = { duplicate: 0.5, reorder: 0.5, garbage: 0.5 }
    const tabs = world.tabs<number>(3)
    const roll = random(seed)
    for (let step = 0; step < 150; step++) {
      await act(tabs[Math.floor(roll() * 3)]!.cache, roll, step)
      if (roll() < 0.2) await world.settle()
    }
    await world.settle()
    expect(world.faults).toEqual([])
  })

  it.each(['a later message', 'a commit of this tab'])('that a message was lost is noticed by %s, and made up for in a fifth of a second', async (notice) => {
    const world = createWorld()
    const [one, other] = world.tabs<number>(2)
    await one!.cache.setMany([['a', 1], ['b', 1]])
    await world.settle()
    await other!.cache.getMany(['a', 'b'])
    world.network.deaf = true
    await one!.cache.delete('a')
    await world.settle()
    world.network.deaf = false
    await (notice === 'a later message' ? one! : other!).cache.set('c', 1)
    await world.settle()
    expect(other!.cache.peek('a')).toBe(1)
    await world.pass(200)
    expect(other!.cache.peek('a')).toBeUndefined()
    expect(other!.cache.peek('b')).toBe(1)
    expect(other!.events.filter((event) => event.type === 'delete')).toEqual([{ type: 'delete', key: 'a', local: false }])
  })

  it.each([1, 2, 3, 4, 5, 6])('what is dropped is made up for when a page is shown: seed %i', async (seed) => {
    const world = createWorld({ seed })
    world.network.chaos = { drop: 0.5, duplicate: 0.3, reorder: 0.5, garbage: 0.2 }
    const tabs = world.tabs<number>(3)
    const roll = random(seed)
    for (let step = 0; step < 200; step++) {
      const tab = tabs[Math.floor(roll() * 3)]!
      await act(tab.cache, roll, step)
      if (roll() < 0.05) tab.page('pageshow')
      if (roll() < 0.2) await world.settle()
    }
    await world.settle()
    for (const tab of tabs) tab.page('visibilitychange', false)
    await world.settle()
    expect(world.faults).toEqual([])
  })
})
