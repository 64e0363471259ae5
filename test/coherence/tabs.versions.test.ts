// Data of other versions of the app: it stays as long as anyone uses it, and goes with a sweep afterwards. And what a hidden
// page commits.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { damageOnPurpose } from '../helpers/caches.ts'
import { turns } from '../helpers/deferred.ts'
import { databaseNames } from '../helpers/indexed-db.ts'
import { createWorld, type Tab, type World } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A tab of the old version and one of the new, each with an entry. */
async function versions(world: World) {
  // The check of all that is on disk knows of one version.
  damageOnPurpose()
  const old = world.tab<unknown>({ version: '1' })
  const next = world.tab<unknown>({ version: '2' })
  await old.cache.set('a', 1)
  await next.cache.set('a', 2)
  await world.settle()
  expect(await databaseNames()).toHaveLength(2)
  return { old, next }
}

/** A sweep, and the second in which others may say that they use their data. */
async function sweep(world: World, { cache }: Awaited<ReturnType<typeof versions>>['next']): Promise<void> {
  await cache.sweep()
  await turns(50)
  await world.pass(1_000)
  await turns(100)
}

/** Until a tab has asked who uses the data of the other version. */
async function sweepUntilAsked(world: World, { cache }: Tab<unknown>): Promise<void> {
  const posted = world.network.posted.length
  void cache.sweep()
  const asks = (message: unknown): boolean => !!(message as { asked?: string }).asked
  while (!world.network.posted.slice(posted).some(asks)) await turns(1)
}

describe('data of another version', () => {
  it('stays while a tab uses it', async () => {
    const world = createWorld()
    const { old, next } = await versions(world)
    await sweep(world, next)
    expect(await databaseNames()).toHaveLength(2)
    expect(await old.cache.get('a')).toBe(1)
    // Each time anew.
    await sweep(world, next)
    expect(await databaseNames()).toHaveLength(2)
  })

  it('goes when nobody does', async () => {
    const world = createWorld()
    const { old, next } = await versions(world)
    await sweep(world, next)
    await old.cache.close()
    await sweep(world, next)
    expect(await databaseNames()).toEqual([expect.stringMatching(/:2$/)])
    expect(await next.cache.get('a')).toBe(2)
  })

  it('stays if a tab that uses it reloads while it is asked for', async () => {
    const world = createWorld()
    const { old, next } = await versions(world)
    await old.cache.close()
    await sweepUntilAsked(world, next)
    await turns(10)
    await world.pass(900)
    const reloaded = world.tab<unknown>({ version: '1' })
    expect(await reloaded.cache.get('a')).toBe(1)
    await world.pass(1_000)
    await turns(100)
    expect(await databaseNames()).toHaveLength(2)
    expect(await reloaded.cache.get('a')).toBe(1)
  })

  it('stays where there is no channel, as nobody can be asked', async () => {
    const world = createWorld({ channel: false })
    const { old, next } = await versions(world)
    await sweep(world, next)
    expect(await databaseNames()).toHaveLength(2)
    expect(await old.cache.get('a')).toBe(1)
  })

  it.each([['is in the back/forward cache', 2_000], ['comes back from there', 0]])('stays if the page that asks %s before the answer', async (_what, awayFor) => {
    const world = createWorld()
    const { old, next } = await versions(world)
    await sweepUntilAsked(world, next)
    next.page('pagehide')
    await turns(50)
    await world.pass(awayFor)
    next.page('pageshow')
    await world.pass(1_000)
    await turns(100)
    expect(await databaseNames()).toHaveLength(2)
    expect(await old.cache.get('a')).toBe(1)
  })

  it('stays if the page that asks sleeps until its time is up, and the answer comes then', async () => {
    const world = createWorld()
    const { old, next } = await versions(world)
    world.network.deaf = true
    await sweepUntilAsked(world, next)
    await turns(10)
    world.network.deaf = false
    // On the channel before its timers.
    vi.advanceTimersByTime(250)
    const { asked } = world.network.posted.at(-1) as { asked: string }
    world.network.inject({ used: asked })
    await world.pass(1_000)
    await turns(100)
    expect(await databaseNames()).toHaveLength(2)
    expect(await old.cache.get('a')).toBe(1)
  })

  it('stays if the cache is closed before anyone could answer', async () => {
    const world = createWorld()
    const { old, next } = await versions(world)
    await old.cache.close()
    await next.cache.sweep()
    await turns(50)
    await next.cache.close()
    await world.pass(1_000)
    await turns(100)
    expect(await databaseNames()).toHaveLength(2)
  })
})

it('a page that is hidden tells of a commit at once: its timers may wait for a minute', async () => {
  const world = createWorld()
  const [one, other] = world.tabs<unknown>(2)
  await one!.cache.set('a', 1)
  await world.settle()
  await other!.cache.get('a')
  vi.stubGlobal('document', { hidden: true })
  const before = world.network.posted.length
  await one!.cache.set('a', 2)
  expect(world.network.posted).toHaveLength(before + 1)
  await turns(10)
  expect(other!.cache.peek('a')).toBeUndefined()
})
