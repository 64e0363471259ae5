// Messages that no cache of this version posts, from foreign code, from other versions, or gone wrong on the way.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { turns } from '../helpers/deferred.ts'
import { GARBAGE, GARBAGE_CHANGES } from './support/channel.ts'
import { createWorld, tierOf, type Tab, type World } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

const KNOWN = ['set', 'delete', 'expire', 'deletePrefix', 'deleteTag', 'destroy', 'status']

/** Two tabs that hold an entry, and the database's name as messages have it. */
async function holding(world: World): Promise<{ one: Tab<unknown>; other: Tab<unknown>; database: string }> {
  const [one, other] = world.tabs<unknown>(2) as [Tab<unknown>, Tab<unknown>]
  await one.cache.set('held', 1, { tags: ['x'] })
  await world.settle()
  await other.cache.get('held')
  other.events.length = 0
  const { database } = world.network.posted.at(-1) as { database: string }
  return { one, other, database }
}

async function expectUnharmed(world: World, { one, other }: { one: Tab<unknown>; other: Tab<unknown> }): Promise<void> {
  await turns()
  expect(world.network.errors).toEqual([])
  expect(other.events).toEqual([])
  expect(await tierOf(other.cache as Tab<never>['cache'], 'held')).toBe('memory')
  // It still hears what counts.
  await one.cache.set('held', 2)
  await world.settle()
  expect(other.events).toEqual([{ type: 'set', key: 'held', local: false }])
  expect(await other.cache.get('held')).toBe(2)
  expect(world.faults).toEqual([])
}

const shown = (value: unknown): string => (typeof value === 'bigint' || value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? 'undefined')).slice(0, 60)

describe('harmless', () => {
  it.each(GARBAGE.map((data) => [shown(data), data]))('data %s', async (_shown, data) => {
    const world = createWorld()
    const tabs = await holding(world)
    world.network.inject(data)
    await expectUnharmed(world, tabs)
  })

  it.each(GARBAGE_CHANGES.map((changes) => [shown(changes), changes]))('changes %s', async (_shown, changes) => {
    const world = createWorld()
    const tabs = await holding(world)
    world.network.inject({ database: tabs.database, ids: [], changes })
    world.network.inject({ database: tabs.database, ids: [1_000], changes })
    await expectUnharmed(world, tabs)
  })

  it.each([[undefined], [null], [5], ['5'], [{}], [{ length: 1, 0: 5 }], [true]])('a message whose numbers of records are %o', async (ids) => {
    const world = createWorld()
    const tabs = await holding(world)
    world.network.inject({ database: tabs.database, ids, changes: [{ type: 'set', key: 'held' }] })
    await expectUnharmed(world, tabs)
  })

  it.each([
    [[{ type: 'delete', key: null, prefix: 'held' }]],
    [[{ type: 'delete', key: undefined, prefix: 'held' }]],
    [[{ type: 'deletePrefix', key: undefined, tag: 'x' }]],
    [[{ type: 'deleteTag', prefix: undefined, tag: 'x' }]],
    [[{ key: 'held' }]],
    [[{ type: 'renamed', key: 'held', to: 'kept' }]],
    [[{ type: 'destroy', key: 'held' }]],
    [[{ type: 'status', key: 'held' }]],
    [[{ type: ['set'], key: 'held' }]],
    [[{ type: 'renamed', undefined: 'held' }]],
    [[{ type: 'constructor', [String(Object)]: 'held' }]],
  ])('changes that look almost like some, %j: no error, and no event that is none', async (changes) => {
    const world = createWorld()
    const { one, other, database } = await holding(world)
    world.network.inject({ database, ids: [1_000], changes })
    await turns()
    expect(world.network.errors).toEqual([])
    expect(other.events.filter((event) => !KNOWN.includes(event.type) || event.type === 'destroy' || event.type === 'status')).toEqual([])
    // Dropped or not, what is served is right.
    expect(await other.cache.get('held')).toBe(1)
    await one.cache.set('held', 2)
    await world.settle()
    expect(await other.cache.get('held')).toBe(2)
  })

  it.each([
    [['1', null, undefined, {}, [], true]],
    [[NaN, Infinity, -Infinity, -1, 0, 0.5, 1e308, 2 ** 53]],
    [[[1, 2], { id: 3 }, new Date(4)]],
    [Array.from({ length: 10_000 }, (_, id) => 1e6 + id * 2)],
  ])('numbers of records that are none, or far too many: what was missed is still made up for', async (ids) => {
    const world = createWorld()
    const { one, other, database } = await holding(world)
    world.network.inject({ database, ids, changes: [] })
    expect(world.network.errors).toEqual([])
    world.network.deaf = true
    await one.cache.set('unrelated', 1)
    await one.cache.delete('held')
    await world.settle()
    other.page('pageshow')
    await world.settle()
    expect(other.cache.peek('held')).toBeUndefined()
  })

  it('a huge list of changes', async () => {
    const world = createWorld()
    const tabs = await holding(world)
    const changes = Array.from({ length: 4_000 }, (_, id) => (id % 2 ? { type: 'set', key: `k${id}` } : { type: 'deleteTag', tag: `t${id}` }))
    world.network.inject({ database: tabs.database, ids: [1_000], changes })
    expect(tabs.other.events).toHaveLength(changes.length)
    tabs.other.events.length = 0
    await expectUnharmed(world, tabs)
  })

  it('a good change among garbage counts', async () => {
    const world = createWorld()
    const { other, database } = await holding(world)
    world.network.inject({ database, ids: [1_000], changes: [null, { type: 'delete', key: 9 }, { type: 'delete', key: 'held', extra: /x/ }, 'x'] })
    expect(other.cache.peek('held')).toBeUndefined()
    expect(other.events).toMatchObject([{ type: 'delete', key: 'held', local: false }])
  })

  it('a message that arrives after close', async () => {
    const world = createWorld()
    const { one, other, database } = await holding(world)
    await other.cache.close()
    world.network.inject({ database, ids: [1_000], changes: [{ type: 'set', key: 'held' }] })
    world.network.inject({ destroy: true })
    expect(other.events).toEqual([])
    await world.settle()
    await expect(one.cache.get('held')).rejects.toMatchObject({ code: 'closed' })
  })
})
