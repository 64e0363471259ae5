// What one tab changes, another stops serving from its memory, and keeps all else there.

import { expect, test } from 'vitest'
import type { Side } from './support/side.ts'
import { useTabs, type Tab } from './support/tabs.ts'

const HOUR_MS = 3_600_000
const KEYS = ['post/1', 'user/1', 'user/2', 'user/3', 'zoo']

const tabs = useTabs()

interface Case {
  readonly name: string
  readonly change: (side: Side) => unknown
  /** What the other tab then reads; keys that are not here keep their value, and in memory. */
  readonly after: Readonly<Record<string, string | undefined>>
}

const CASES: readonly Case[] = [
  { name: 'set()', change: ({ cache }) => cache.set('user/1', 'new'), after: { 'user/1': 'new' } },
  { name: 'set() with a ttl of 0', change: ({ cache }) => cache.set('user/1', 'new', { ttl: 0 }), after: { 'user/1': undefined } },
  { name: 'setMany()', change: ({ cache }) => cache.setMany([['user/1', 'new'], ['zoo', 'newer']]), after: { 'user/1': 'new', zoo: 'newer' } },
  { name: 'update()', change: ({ cache }) => cache.update('user/1', 'new'), after: { 'user/1': 'new' } },
  { name: 'delete()', change: ({ cache }) => cache.delete('user/1'), after: { 'user/1': undefined } },
  { name: 'deleteMany()', change: ({ cache }) => cache.deleteMany(['user/1', 'zoo']), after: { 'user/1': undefined, zoo: undefined } },
  { name: 'take()', change: ({ cache }) => cache.take('user/1'), after: { 'user/1': undefined } },
  { name: 'deletePrefix()', change: ({ cache }) => cache.deletePrefix('user/'), after: { 'user/1': undefined, 'user/2': undefined, 'user/3': undefined } },
  { name: 'deleteTag()', change: ({ cache }) => cache.deleteTag('list'), after: { 'post/1': undefined, 'user/2': undefined } },
  { name: 'clear()', change: ({ cache }) => cache.clear(), after: Object.fromEntries(KEYS.map((key) => [key, undefined])) },
  { name: 'getOrLoad() with refresh', change: ({ cache }) => cache.getOrLoad('user/1', () => 'new', { refresh: true }), after: { 'user/1': 'new' } },
  {
    name: 'add() after delete()',
    change: ({ cache }) => cache.delete('user/1').then(() => cache.add('user/1', 'new')),
    after: { 'user/1': 'new' },
  },
]

/** Gives two tabs the same old values in memory. */
async function fill(one: Tab, other: Tab): Promise<void> {
  await other.run(({ events }) => void events.splice(0))
  await one.run(async ({ cache }, keys) => {
    await cache.clear()
    const tagged = ['post/1', 'user/2']
    for (const key of keys) await cache.set(key, 'old', { ttl: 3_600_000, tags: tagged.includes(key) ? ['list'] : ['other'] })
  }, KEYS)
  await hold(other, KEYS)
}

/** Has a tab read keys until its memory holds them, once it has been told of the last of them. */
async function hold(tab: Tab, keys: readonly string[]): Promise<void> {
  const told = () => tab.run(({ events }, last) => events.some((event) => 'key' in event && event.key === last), keys.at(-1)!)
  await expect.poll(told, { interval: 5 }).toBe(true)
  const tiers = () =>
    tab.run(async ({ cache }, wanted) => {
      await cache.getMany(wanted)
      return Promise.all(wanted.map(async (key) => (await cache.info(key))?.tier))
    }, keys)
  await expect.poll(tiers).toEqual(keys.map(() => 'memory'))
}

const peekAll = (tab: Tab) => tab.run(({ cache }, keys) => keys.map((key) => cache.peek(key)), KEYS)

test('another tab drops what is changed, and keeps the rest in memory', async () => {
  const [one, other] = (await tabs.open(2)) as [Tab, Tab]
  for (const { name, change, after } of CASES) {
    await fill(one, other)
    await one.run(change)
    const stale = async () => {
      const held = await peekAll(other)
      return KEYS.filter((key, place) => key in after && held[place] === 'old')
    }
    await expect.poll(stale, { interval: 5, message: `still held after ${name}` }).toEqual([])

    const kept = KEYS.filter((key) => !(key in after))
    const tiers = await other.run(({ cache }, keys) => Promise.all(keys.map(async (key) => (await cache.info(key))?.tier)), kept)
    expect(tiers, `where ${kept} are after ${name}`).toEqual(kept.map(() => 'memory'))
    const read = await other.run(({ cache }, keys) => Promise.all(keys.map((key) => cache.get(key))), KEYS)
    expect(read, `what is read after ${name}`).toEqual(KEYS.map((key) => (key in after ? after[key] : 'old')))
  }
})

test('another tab follows touch(), to a longer and to a shorter life', async () => {
  const [one, other] = (await tabs.open(2)) as [Tab, Tab]
  await fill(one, other)
  const left = (key: string) => other.run(({ cache }, wanted) => cache.expiresAt(wanted).then((time) => time! - Date.now()), key)
  expect(await left('user/1')).toBeLessThanOrEqual(HOUR_MS)
  await one.run(({ cache }) => cache.touch('user/1', 2 * 3_600_000))
  await expect.poll(() => left('user/1')).toBeGreaterThan(1.5 * HOUR_MS)
  await other.run(({ cache }) => cache.get('user/1'))
  await one.run(({ cache }) => cache.touch('user/1', 1))
  await expect.poll(() => other.run(({ cache }) => cache.get('user/1'))).toBeUndefined()
  expect(await other.run(({ cache }) => cache.get('user/2'))).toBe('old')
})

test('a worker and a service worker follow a page, and it follows them', async () => {
  const [page] = (await tabs.open(1)) as [Tab]
  const places = [page, await page.startWorker(), await page.startServiceWorker()]
  for (const writer of places) {
    await writer.run(({ cache, tab }) => cache.set('key', tab))
    for (const reader of places) await expect.poll(() => reader.run(({ cache }) => cache.get('key')), { interval: 5 }).toBe(writer.name)
  }
})

test('a value that was read before a change does not enter memory after it', async () => {
  const [one, other] = (await tabs.open(2, { cache: { maxEntries: 1 } })) as [Tab, Tab]
  await one.run(({ cache }) => cache.set('other', 1))
  for (let round = 0; round < 30; round++) {
    await one.run(({ cache }, value) => cache.set('key', value), `old ${round}`)
    // The entry of another key drives it out of memory, so that reads go to disk while the change is under way.
    const reading = other.run(async ({ cache }) => {
      for (let reads = 0; reads < 5; reads++) {
        await cache.get('other')
        await cache.get('key')
      }
    })
    await one.run(({ cache }, value) => cache.set('key', value), `new ${round}`)
    await reading
    await expect.poll(() => other.run(({ cache }) => cache.get('key')), { interval: 5, timeout: 1_000 }).toBe(`new ${round}`)
  }
})

/** ms from the acknowledgement of each change in one tab until another has dropped the old value, in ascending order. */
async function latencies(one: Tab, other: Tab, count: number): Promise<number[]> {
  const keys = Array.from({ length: count }, (_, number) => `key ${number}.`)
  await one.run(({ cache }, all) => cache.setMany(all.map((key) => [key, 'old'])), keys)
  await hold(other, keys)

  const watching = other.run(async ({ cache }, all) => {
    const seen: [string, number][] = []
    const left = new Set(all)
    const deadline = Date.now() + 15_000
    const { port1, port2 } = new MessageChannel()
    while (left.size > 0 && Date.now() < deadline) {
      for (const key of left) if (cache.peek(key) !== 'old' && left.delete(key)) seen.push([key, Date.now()])
      // A task that is not delayed as timers of hidden pages are.
      await new Promise((resolve) => {
        port1.onmessage = resolve
        port2.postMessage(0)
      })
    }
    return seen
  }, keys)
  const acknowledged = await one.run(async ({ cache }, all) => {
    const times: number[] = []
    for (const [number, key] of all.entries()) {
      await [cache.set(key, 'new'), cache.delete(key), cache.update(key, 'new'), cache.deletePrefix(key), cache.take(key)][number % 5]
      times.push(Date.now())
    }
    return times
  }, keys)
  const seen = new Map(await watching)
  expect(keys.filter((key) => !seen.has(key)), 'changes that were never seen').toEqual([])
  return keys.map((key, number) => Math.max(0, seen.get(key)! - acknowledged[number]!)).sort((a, b) => a - b)
}

test.each([
  ['in two windows', false, 'one'],
  ['made by a hidden tab', true, 'one'],
  ['seen by a hidden tab', true, 'other'],
] as const)('another tab has dropped an old value 200 ms after the change at the latest, in 99 of 100 cases: %s', async (name, oneWindow, hidden) => {
  const [first, second] = (await tabs.open(2, { oneWindow })) as [Tab, Tab]
  const [one, other] = hidden === 'one' ? [first, second] : [second, first]
  if (oneWindow) expect(await first.run(() => document.visibilityState)).toBe('hidden')
  let p99 = Infinity
  // A machine that was busy with something else is asked again.
  for (let tries = 0; p99 >= 200 && tries < 3; tries++) {
    const times = await latencies(one, other, 300)
    p99 = times[Math.ceil(times.length * 0.99) - 1]!
    console.log(`changes ${name}: p50 ${times[times.length / 2]} ms, p99 ${p99} ms, most ${times.at(-1)} ms of ${times.length}`)
  }
  expect(p99).toBeLessThan(200)
})
