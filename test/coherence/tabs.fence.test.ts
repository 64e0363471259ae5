// A load is fenced by the log on disk: what another tab changed while the loader ran counts, also when no message of it
// arrives. Here none ever does.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Cache, LoadOptions } from '../../src/index.ts'
import { LOG_LENGTH } from '../../src/store/log.ts'
import { damageOnPurpose } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { createWorld, type Tab, type World } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Two tabs that do not hear each other, both of which have used the database. */
async function strangers(): Promise<{ world: World; one: Tab<unknown>; other: Tab<unknown> }> {
  // What memory of the one holds may be out of date.
  damageOnPurpose()
  const world = createWorld()
  world.network.deaf = true
  const [one, other] = world.tabs<unknown>(2) as [Tab<unknown>, Tab<unknown>]
  await one.cache.set('unrelated', 1)
  await world.settle()
  await other.cache.get('unrelated')
  await world.settle()
  return { world, one, other }
}

/** What a load of `key` in one tab leaves on disk, when another tab does something while its loader runs. */
async function loadDuring(one: Cache<unknown>, options: LoadOptions, meanwhile: () => Promise<unknown>, tags?: string[]): Promise<void> {
  const { runs, loader } = heldLoader<unknown>()
  const loading = one.getOrLoad('key', loader, options)
  await until(() => runs.length > 0)
  await meanwhile()
  if (tags) runs[0]!.context.setOptions({ tags })
  runs[0]!.resolve('loaded')
  expect(await loading).toBe('loaded')
  await one.flush()
}

/** As a tab sees it that has nothing in memory. */
async function onDisk(world: World): Promise<unknown> {
  const { cache } = world.tab<unknown>()
  const value = await cache.get('key')
  await cache.close()
  return value
}

type Row = [what: string, change: (cache: Cache<unknown>) => Promise<unknown>]

const VOIDING: Row[] = [
  ['delete', (cache) => cache.delete('key')],
  ['deleteMany', (cache) => cache.deleteMany(['x', 'key'])],
  ['take', (cache) => cache.take('key')],
  ['deletePrefix', (cache) => cache.deletePrefix('ke')],
  ['deleteTag', (cache) => cache.deleteTag('x')],
  ['clear', (cache) => cache.clear()],
  ['a set and a delete', async (cache) => {
    await cache.set('key', 'theirs')
    await cache.delete('key')
  }],
]

describe('a change that nobody told of', () => {
  it.each(VOIDING)('%s: the result is not stored, and memory does not serve it either', async (_what, change) => {
    const { world, one, other } = await strangers()
    await loadDuring(one.cache, { tags: ['x'] }, () => change(other.cache))
    expect(await onDisk(world)).toBeUndefined()
    expect(one.cache.peek('key')).toBeUndefined()
    expect(await one.cache.get('key')).toBeUndefined()
  })

  it.each([1, 2, 3, 4])('destroy: nothing of the load comes to lie in the database that is made anew', async () => {
    const { world, one, other } = await strangers()
    await loadDuring(one.cache, {}, () => world.await(other.cache.destroy()))
    expect(await onDisk(world)).toBeUndefined()
    expect(one.cache.peek('key')).toBeUndefined()
  })

  it('a value that it set stays', async () => {
    const { world, one, other } = await strangers()
    await loadDuring(one.cache, {}, () => other.cache.set('key', 'theirs'))
    expect(await onDisk(world)).toBe('theirs')
    expect(await one.cache.get('key')).toBe('theirs')
  })

  it('a tag that the loader names only later counts too', async () => {
    const { world, one, other } = await strangers()
    await loadDuring(one.cache, {}, () => other.cache.deleteTag('late'), ['late'])
    expect(await onDisk(world)).toBeUndefined()
    expect(one.cache.peek('key')).toBeUndefined()
  })

  it('more changes than the log holds: nobody knows what they were, so the result is not stored', async () => {
    const { world, one, other } = await strangers()
    await loadDuring(one.cache, {}, async () => {
      await other.cache.delete('key')
      for (let commit = 0; commit < LOG_LENGTH + 100; commit++) await other.cache.set('hot', commit)
    })
    expect(await onDisk(world)).toBeUndefined()
  })

  it.each<[what: string, options: LoadOptions]>([['an ordinary load', { tags: ['x'] }], ['a refresh', { tags: ['x'], refresh: true }]])('%s that is the first call of its tab is fenced as well', async (_what, options) => {
    const { world, other } = await strangers()
    const { cache } = world.tab<unknown>()
    await loadDuring(cache, options, () => other.cache.deleteTag('x'))
    expect(await onDisk(world)).toBeUndefined()
  })

  it('so is a background load', async () => {
    const { world, one, other } = await strangers()
    await one.cache.set('key', 'old', { ttl: 10, staleWhileRevalidate: SECOND })
    world.clock.advance(10)
    const { runs, loader } = heldLoader<unknown>()
    expect(await one.cache.getOrLoad('key', loader)).toBe('old')
    await until(() => runs.length > 0)
    await other.cache.delete('key')
    runs[0]!.resolve('loaded')
    await world.settle()
    expect(await onDisk(world)).toBeUndefined()
  })
})

describe('what has nothing to do with the load', () => {
  it.each<Row>([
    ['changes of other keys', (cache) => cache.setMany([['other', 1], ['keys', 1], ['ke', 1]])],
    ['a delete of another key', (cache) => cache.delete('unrelated')],
    ['deletePrefix of another start', (cache) => cache.deletePrefix('key:')],
    ['deleteTag of another tag', (cache) => cache.deleteTag('y')],
    ['add, update and touch that change nothing', (cache) => Promise.all([cache.add('unrelated', 2), cache.update('key', 1), cache.touch('key', 1)])],
    ['sweep', (cache) => cache.sweep()],
  ])('%s: it is stored', async (_what, change) => {
    const { world, one, other } = await strangers()
    await loadDuring(one.cache, { tags: ['x'] }, () => change(other.cache))
    expect(await onDisk(world)).toBe('loaded')
    expect(one.cache.peek('key')).toBe('loaded')
  })

  it('deleteTag of any tag, when the load has none', async () => {
    const { world, one, other } = await strangers()
    await loadDuring(one.cache, {}, () => other.cache.deleteTag('x'))
    expect(await onDisk(world)).toBe('loaded')
    expect(one.cache.peek('key')).toBe('loaded')
  })

  it('what changed before the load began, told or not', async () => {
    const { world, one, other } = await strangers()
    await other.cache.set('key', 'theirs', { tags: ['x'] })
    await other.cache.delete('key')
    await other.cache.deleteTag('x')
    await loadDuring(one.cache, { tags: ['x'] }, async () => {})
    expect(await onDisk(world)).toBe('loaded')
    await other.cache.clear()
    await one.cache.delete('key')
    await loadDuring(one.cache, { tags: ['x'] }, async () => {})
    expect(await onDisk(world)).toBe('loaded')
  })

  it('what this tab itself did before, behind a change of another tab that it never heard of', async () => {
    const { world, one, other } = await strangers()
    await other.cache.set('unheard', 1)
    await one.cache.delete('key')
    await loadDuring(one.cache, {}, async () => {})
    expect(await onDisk(world)).toBe('loaded')
  })

  it('any number of changes before, unheard: every later load is stored all the same', async () => {
    const { world, one, other } = await strangers()
    for (let commit = 0; commit < LOG_LENGTH + 200; commit++) await other.cache.set('hot', commit)
    await loadDuring(one.cache, {}, async () => {})
    expect(await onDisk(world)).toBe('loaded')
  })

  it('another load of the same tab and moment', async () => {
    const { world, one, other } = await strangers()
    const { runs, loader } = heldLoader<unknown>()
    const loading = ['key', 'key2', 'voided'].map((key) => one.cache.getOrLoad(key, loader))
    await until(() => runs.length === 3)
    await other.cache.delete('voided')
    runs.forEach((run) => run.resolve(run.context.key))
    await Promise.all(loading)
    await one.cache.flush()
    const { cache } = world.tab<unknown>()
    expect(await cache.getMany(['key', 'key2', 'voided'])).toEqual(new Map([['key', 'key'], ['key2', 'key2']]))
  })
})
