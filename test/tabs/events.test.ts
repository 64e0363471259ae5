// What subscribers are told: of changes by this cache, and of changes by others.

import { expect, test } from 'vitest'
import type { CacheEvent } from '../../src/index.ts'
import { useTabs, type Place, type Tab } from './support/tabs.ts'

const tabs = useTabs()

/** Events but for those of status, in short; for each, the order in which it came does not count. */
const told = (place: Place, local: boolean) =>
  place.run(({ events }, own) => {
    const shown = events.filter((event) => event.type !== 'status' && event.local === own)
    return shown.map((event) => Object.values({ ...event, local: '' }).join(' ').trim()).sort()
  }, local)

const forget = (place: Place) => place.run(({ events }) => void events.splice(0))

const CHANGES: readonly { readonly name: string; readonly change: (side: import('./support/side.ts').Side) => unknown; readonly events: string[] }[] = [
  { name: 'set()', change: ({ cache }) => cache.set('a', 1), events: ['set a'] },
  { name: 'setMany()', change: ({ cache }) => cache.setMany([['a', 1], ['b', 2]]), events: ['set a', 'set b'] },
  { name: 'add()', change: ({ cache }) => cache.add('new', 1), events: ['set new'] },
  { name: 'add() of what is there', change: ({ cache }) => cache.add('there', 1), events: [] },
  { name: 'update()', change: ({ cache }) => cache.update('there', 2), events: ['set there'] },
  { name: 'update() of nothing', change: ({ cache }) => cache.update('nothing', 2), events: [] },
  { name: 'touch()', change: ({ cache }) => cache.touch('there', 50_000), events: ['set there'] },
  { name: 'take()', change: ({ cache }) => cache.take('there'), events: ['delete there'] },
  { name: 'delete()', change: ({ cache }) => cache.delete('there'), events: ['delete there'] },
  { name: 'deletePrefix()', change: ({ cache }) => cache.deletePrefix('th'), events: ['deletePrefix th'] },
  { name: 'deleteTag()', change: ({ cache }) => cache.deleteTag('list'), events: ['deleteTag list'] },
  { name: 'clear()', change: ({ cache }) => cache.clear(), events: ['deletePrefix'] },
  { name: 'getOrLoad()', change: ({ load }) => load('loaded'), events: ['set loaded'] },
  { name: 'getOrLoad() of what is there', change: ({ load }) => load('there'), events: [] },
]

test('each change is told in its tab as local and in another as not, once', async () => {
  const [one, other] = (await tabs.open(2)) as [Tab, Tab]
  for (const { name, change, events } of CHANGES) {
    await one.run(({ cache }) => cache.set('there', 1, { tags: ['list'] }))
    await one.run(({ cache }) => cache.set('last', name))
    await expect.poll(() => told(other, false)).toContain('set last')
    await forget(one)
    await forget(other)
    await one.run(change)
    await one.run(({ cache }) => cache.flush().then(() => cache.set('end', 1)))
    await expect.poll(() => told(other, false), { message: `${name} in the other tab` }).toContain('set end')
    const expected = [...events, 'set end'].sort()
    expect(await told(other, false), `${name} in the other tab`).toEqual(expected)
    expect(await told(one, true), `${name} in its own tab`).toEqual(expected)
    expect(await told(other, true)).toEqual([])
    expect(await told(one, false)).toEqual([])
  }
})

test('when an event of another tab comes, memory no longer has the old value, and a read has the new one', async () => {
  const [one, other] = (await tabs.open(2)) as [Tab, Tab]
  await one.run(({ cache }) => cache.set('key', 'old'))
  await other.run(async ({ cache, left }) => {
    await cache.get('key')
    left['found'] = new Promise((resolve) => {
      cache.subscribe('key', () => {
        if (cache.peek('key') === 'old') resolve('old')
        else void cache.get('key').then((value) => value === 'new' && resolve('new'))
      })
    })
  })
  await expect.poll(() => told(other, false)).toContain('set key')
  await one.run(({ cache }) => cache.set('key', 'new'))
  expect(await other.run(({ left }) => left['found'])).toBe('new')
})

test('a subscriber to a key is told of what concerns that key, until it unsubscribes', async () => {
  const [one, other] = (await tabs.open(2)) as [Tab, Tab]
  for (const tab of [one, other]) {
    await tab.run(({ cache, left }) => {
      const seen: CacheEvent[] = (left['seen'] = [] as CacheEvent[]) as CacheEvent[]
      left['stop'] = cache.subscribe('a/1', (event) => void (event.type !== 'status' && seen.push(event)))
    })
  }
  await one.run(async ({ cache }) => {
    await cache.set('a/1', 1, { tags: ['t'] })
    await cache.set('a/2', 1)
    await cache.delete('a/2')
    await cache.deletePrefix('b/')
    await cache.deletePrefix('a/')
    await cache.clear()
    await cache.set('end', 1)
  })
  await expect.poll(() => told(other, false)).toContain('set end')
  const seen = (tab: Tab) => tab.run(({ left }) => (left['seen'] as CacheEvent[]).map(({ type, local }) => `${type} ${local}`).sort())
  expect(await seen(one)).toEqual(['deletePrefix true', 'deletePrefix true', 'set true'])
  expect(await seen(other)).toEqual(['deletePrefix false', 'deletePrefix false', 'set false'])

  await other.run(({ left }) => (left['stop'] as () => void)())
  await one.run(({ cache }) => cache.set('a/1', 2).then(() => cache.set('end again', 1)))
  await expect.poll(() => told(other, false)).toContain('set end again')
  expect(await seen(other)).toHaveLength(3)
  expect(await seen(one)).toHaveLength(4)
})

test('a listener that throws hurts nobody: others are told, memory follows, the error is reported once', async () => {
  const [one, other] = (await tabs.open(2)) as [Tab, Tab]
  await other.run(({ cache, left }) => {
    const errors: string[] = (left['errors'] = [] as string[]) as string[]
    addEventListener('error', (event) => {
      errors.push(event.message)
      event.preventDefault()
    })
    cache.subscribe('key', () => {
      throw new Error('a mistake of the app')
    })
    cache.subscribe('key', () => void (left['after'] = true))
  })
  await one.run(({ cache }) => cache.set('key', 'new'))
  await expect.poll(() => other.run(({ left }) => left['after'])).toBe(true)
  expect(await other.run(({ cache }) => cache.get('key'))).toBe('new')
  expect(await other.run(({ left }) => left['errors'])).toEqual([expect.stringContaining('a mistake of the app')])
})

test('an entry that runs out is told where it is noticed', async () => {
  const [one] = (await tabs.open(1)) as [Tab]
  await one.run(async ({ cache }) => {
    await cache.set('brief', 1, { ttl: 1 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await cache.sweep()
  })
  expect(await told(one, true)).toEqual(['expire brief', 'set brief'])
})

test('two caches of one page tell each other', async () => {
  const [one] = (await tabs.open(1)) as [Tab]
  await one.run(async ({ cache, createCache, left }) => {
    const second = (left['second'] = createCache<string>({ name: 'shared' }))
    await second.set('key', 'new')
    await cache.get('key')
  })
  await expect.poll(() => told(one, false)).toEqual(['set key'])
})
