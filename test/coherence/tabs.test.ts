// What one tab changes, the others stop serving: exactly that, whatever the channel does to the messages.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { damageOnPurpose } from '../helpers/caches.ts'
import { DAY } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { createWorld, tierOf, type Tab, type World } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

type Row = [call: string, change: (cache: Cache<unknown>) => Promise<unknown>, event: object, after: unknown]

/** Of the key `a`, which has tag x. */
const CHANGES: Row[] = [
  ['set', (cache) => cache.set('a', 'new'), { type: 'set', key: 'a' }, 'new'],
  ['set with ttl 0', (cache) => cache.set('a', 'new', { ttl: 0 }), { type: 'delete', key: 'a' }, undefined],
  ['setMany', (cache) => cache.setMany([['a', 'new']]), { type: 'set', key: 'a' }, 'new'],
  ['update', (cache) => cache.update('a', 'new'), { type: 'set', key: 'a' }, 'new'],
  ['touch', (cache) => cache.touch('a', DAY), { type: 'set', key: 'a' }, 'old'],
  ['touch with ttl 0', (cache) => cache.touch('a', 0), { type: 'delete', key: 'a' }, undefined],
  ['take', (cache) => cache.take('a'), { type: 'delete', key: 'a' }, undefined],
  ['delete', (cache) => cache.delete('a'), { type: 'delete', key: 'a' }, undefined],
  ['deleteMany', (cache) => cache.deleteMany(['a']), { type: 'delete', key: 'a' }, undefined],
  ['deletePrefix', (cache) => cache.deletePrefix('a'), { type: 'deletePrefix', prefix: 'a' }, undefined],
  ['deleteTag', (cache) => cache.deleteTag('x'), { type: 'deleteTag', tag: 'x' }, undefined],
  ['a refreshing load', (cache) => cache.getOrLoad('a', async () => 'new', { refresh: true }), { type: 'set', key: 'a' }, 'new'],
]

/** Tabs that all hold a, which has tag x, and b in memory. */
async function holding(world: World, count: number): Promise<Tab<unknown>[]> {
  const tabs = world.tabs<unknown>(count)
  await tabs[0]!.cache.set('a', 'old', { tags: ['x'] })
  await tabs[0]!.cache.set('b', 'kept', { tags: ['y'] })
  await world.settle()
  for (const { cache, events } of tabs) {
    await cache.getMany(['a', 'b'])
    expect([cache.peek('a'), cache.peek('b')]).toEqual(['old', 'kept'])
    events.length = 0
  }
  return tabs
}

describe('a change in one tab', () => {
  it.each(CHANGES)('%s: the others drop their copy and nothing else, and are told once', async (_call, change, event, after) => {
    const world = createWorld()
    const [one, ...others] = await holding(world, 3)
    await change(one!.cache)
    await world.settle()
    for (const { cache, events } of others) {
      expect(events).toEqual([{ ...event, local: false }])
      expect(cache.peek('a')).toBeUndefined()
      expect(await tierOf(cache as Cache<never>, 'b')).toBe('memory')
      expect(await cache.get('a')).toBe(after)
      expect(cache.peek('b')).toBe('kept')
    }
    expect(one!.events).toEqual([])
    expect(await one!.cache.get('a')).toBe(after)
  })

  it('clear: the others hold nothing any more', async () => {
    const world = createWorld()
    const [one, ...others] = await holding(world, 3)
    await one!.cache.clear()
    await world.settle()
    for (const { cache, events } of others) {
      expect(events).toEqual([{ type: 'deletePrefix', prefix: '', local: false }])
      expect([cache.peek('a'), cache.peek('b'), await cache.size()]).toEqual([undefined, undefined, 0])
    }
  })

  it.each<[call: string, call_: (cache: Cache<unknown>) => Promise<unknown>]>([
    ['add of what is there', (cache) => cache.add('a', 'new')],
    ['update of what is missing', (cache) => cache.update('missing', 1)],
    ['touch of what is missing', (cache) => cache.touch('missing', 1)],
    ['reads', (cache) => Promise.all([cache.get('a'), cache.get('missing'), cache.size()])],
    ['a load that finds nothing', (cache) => cache.getOrLoad('missing', () => undefined)],
    ['sweep and flush', (cache) => Promise.all([cache.sweep(), cache.flush()])],
  ])('%s changes nothing, and posts nothing', async (_call, call) => {
    const world = createWorld()
    const [one, other] = await holding(world, 2)
    const before = world.network.posted.length
    await call(one!.cache)
    await world.settle()
    expect(world.network.posted).toHaveLength(before)
    expect(other!.cache.peek('a')).toBe('old')
  })

  it('when the event comes, memory has forgotten the old value; a listener that throws does not keep it', async () => {
    const reported: unknown[] = []
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error))
    const world = createWorld()
    const [one, other] = await holding(world, 2)
    const seen: unknown[] = []
    const mistake = new Error('a listener’s mistake')
    other!.cache.subscribe('a', ({ type }) => {
      seen.push([type, other!.cache.peek('a')])
      throw mistake
    })
    await one!.cache.setMany([['a', 'new'], ['b', 'new']])
    await world.settle()
    expect(seen).toEqual([['set', undefined]])
    expect(reported).toEqual([mistake])
    expect(await other!.cache.getMany(['a', 'b'])).toEqual(new Map([['a', 'new'], ['b', 'new']]))
  })

  it('a change that came from another tab is not posted again', async () => {
    const world = createWorld()
    const [one] = await holding(world, 3)
    const before = world.network.posted.length
    await one!.cache.delete('a')
    await world.settle()
    await world.settle()
    expect(world.network.posted).toHaveLength(before + 1)
  })

  it('commits of a few ms are told in one message, in which no value is', async () => {
    const world = createWorld()
    const [one, other] = await holding(world, 2)
    const before = world.network.posted.length
    for (let id = 0; id < 20; id++) await one!.cache.set(`k${id}`, `secret ${id}`)
    await one!.cache.delete('a')
    expect(world.network.posted).toHaveLength(before)
    await world.settle()
    expect(world.network.posted).toHaveLength(before + 1)
    expect(JSON.stringify(world.network.posted)).not.toContain('secret')
    expect(other!.events).toHaveLength(21)
    expect(await other!.cache.get('k19')).toBe('secret 19')
  })

  it('is told before its tab closes', async () => {
    const world = createWorld()
    const [one, other] = await holding(world, 2)
    void one!.cache.set('a', 'new')
    await one!.cache.close()
    await world.settle()
    expect(other!.cache.peek('a')).toBeUndefined()
    expect(world.network.open).toBe(1)
  })

  it('a write that storage refuses is not told', async () => {
    damageOnPurpose()
    const world = createWorld()
    const [one, other] = await holding(world, 2)
    await one!.cache.set('a', () => {}).catch(() => {})
    await one!.cache.set('b', 'new')
    await world.settle()
    // That the older value went is, for it is gone from disk.
    expect(other!.events).toEqual([{ type: 'delete', key: 'a', local: false }, { type: 'set', key: 'b', local: false }])
  })

  it('another data version and another name are no business of this one', async () => {
    const world = createWorld()
    const [one] = await holding(world, 1)
    const others = [world.tab<unknown>({ version: '2' }), world.tab<unknown>({ name: 'another' })]
    for (const { cache } of others) await cache.set('a', 'theirs')
    await world.settle()
    expect(one!.events).toEqual([])
    expect(one!.cache.peek('a')).toBe('old')
    await one!.cache.clear()
    await world.settle()
    for (const { cache, events } of others) expect([events, cache.peek('a')]).toEqual([[], 'theirs'])
  })
})

describe('what began before a change of another tab', () => {
  it.each([{ type: 'set', key: 'a' }, { type: 'deletePrefix', prefix: 'a' }, { type: 'deleteTag', tag: 'x' }, { type: 'deletePrefix', prefix: '' }])(
    'a read under way when %o comes does not enter memory',
    async (change) => {
      const world = createWorld()
      await holding(world, 1)
      const told = world.network.posted.at(-1) as object
      const { cache } = world.tab<unknown>()
      await cache.get('b')
      const reading = cache.get('a')
      // As the other tab would tell it, at this very moment.
      world.network.inject({ ...told, changes: [change] })
      expect(await reading).toBe('old')
      await turns()
      expect(cache.peek('a')).toBeUndefined()
      expect(await cache.get('a')).toBe('old')
      expect(cache.peek('a')).toBe('old')
    },
  )

  it.each<Row[0]>(['set', 'delete', 'deletePrefix', 'deleteTag'])('a load under way when another tab calls %s is stored nowhere, and the next caller starts anew', async (call) => {
    const world = createWorld()
    const [one, other] = await holding(world, 2)
    await one!.cache.delete('a')
    await world.settle()
    const { runs, loader } = heldLoader<unknown>()
    const loading = other!.cache.getOrLoad('a', loader, { tags: ['x'] })
    await until(() => runs.length === 1)
    await CHANGES.find(([name]) => name === call)![1](one!.cache)
    await world.settle()
    runs[0]!.resolve('late')
    expect(await loading).toBe('late')
    await world.settle()
    const wanted = call === 'set' ? 'new' : undefined
    for (const { cache } of [one!, other!]) expect(await cache.get('a')).toBe(wanted)
  })
})
