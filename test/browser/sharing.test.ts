// Several caches of one name at work at once: in one page, in two documents, in a page and a worker. Who comes first is
// left to the engine; what must hold whoever it is, is tested.

import { expect, test } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { contents, NAME, open, openReady } from './support/caches.ts'
import { openFrame } from './support/frame.ts'
import { openInWorker } from './support/worker.ts'

const KEYS = Array.from({ length: 200 }, (_, number) => `key ${String(number).padStart(3, '0')}`)

/** One side of a race. */
type Party = Pick<Cache<unknown>, 'add' | 'take' | 'get' | 'set'>

const PAIRS: readonly { readonly name: string; readonly start: () => Promise<readonly [Party, Party]> }[] = [
  { name: 'two caches of one page', start: async () => [open<unknown>(), open<unknown>()] },
  {
    name: 'two documents',
    start: async () => {
      const { library } = await openFrame()
      return [open<unknown>(), library.createCache<unknown>({ name: NAME })]
    },
  },
  {
    name: 'a page and a worker',
    start: async () => {
      const worker = openInWorker(NAME)
      const remote: Party = {
        add: (...args) => worker.call('add', ...args),
        take: (...args) => worker.call('take', ...args),
        get: (...args) => worker.call('get', ...args),
        set: (...args) => worker.call('set', ...args),
      }
      return [open<unknown>(), remote]
    },
  },
]

test.each(PAIRS)('one side reads what the other has set: $name', async ({ start }) => {
  const [one, other] = await start()
  await one.set('a', { from: 'one' })
  expect(await other.get('a')).toEqual({ from: 'one' })
  await other.set('b', { from: 'other' })
  expect(await one.get('b')).toEqual({ from: 'other' })
})

test.each(PAIRS)('of concurrent add() calls one wins each key, and both read its value: $name', async ({ start }) => {
  const [one, other] = await start()
  // Both have their connection before the race begins.
  await Promise.all([one.get('nothing'), other.get('nothing')])
  const race = (party: Party, value: string) => Promise.all(KEYS.map((key) => party.add(key, value)))
  const [ones, others] = await Promise.all([race(one, 'one'), race(other, 'other')])
  expect(KEYS.filter((_, place) => ones[place] === others[place]), 'keys that both or neither won').toEqual([])
  const winners = KEYS.map((_, place) => (ones[place] ? 'one' : 'other'))
  expect(await Promise.all(KEYS.map((key) => one.get(key)))).toEqual(winners)
  expect(await Promise.all(KEYS.map((key) => other.get(key)))).toEqual(winners)
  expect((await contents()).rows.map(({ value }) => value)).toEqual(winners)
})

test.each(PAIRS)('of concurrent take() calls one gets each value, also where both hold it in memory: $name', async ({ start }) => {
  const [one, other] = await start()
  await Promise.all(KEYS.map((key) => one.set(key, key)))
  await Promise.all(KEYS.map((key) => other.get(key)))
  const race = (party: Party) => Promise.all(KEYS.map((key) => party.take(key)))
  const [ones, others] = await Promise.all([race(one), race(other)])
  const got = [...ones, ...others].filter((value) => value !== undefined)
  expect(got.sort()).toEqual(KEYS)
  expect((await contents()).rows).toEqual([])
})

test('a key that is added and taken again and again is never there twice', async () => {
  const { cache: one } = await openReady<number>()
  const { cache: other } = await openReady<number>()
  let inside = 0
  let most = 0
  const work = async (cache: Cache<number>) => {
    for (let turns = 0; turns < 30; ) {
      if (!(await cache.add('lock', 1))) continue
      most = Math.max(most, ++inside)
      turns++
      inside--
      await cache.take('lock')
    }
  }
  await Promise.all([work(one), work(other)])
  expect(most).toBe(1)
  expect((await contents()).rows).toEqual([])
})

test('a worker sweeps what a page has stored', async () => {
  const page = open<number>()
  await Promise.all(KEYS.map((key, place) => page.set(key, place, { ttl: place % 2 === 0 ? 1 : 60_000 })))
  const expiry = Math.max(...(await contents()).rows.map(({ expiresAt = 0 }) => (expiresAt > Date.now() + 30_000 ? 0 : expiresAt)))
  await expect.poll(() => Date.now()).toBeGreaterThan(expiry)
  expect(await openInWorker(NAME).call('sweep')).toBe(KEYS.length / 2)
  expect((await contents()).rows.map(({ value }) => value)).toEqual(KEYS.flatMap((_, place) => (place % 2 === 0 ? [] : [place])))
})
