// A page that was away: in the back/forward cache, frozen or hidden. When it is back, its memory is right before it serves, and
// still holds what nobody has changed. Changes are made by a tab that cannot tell anyone, so that no message helps.

import { describe, expect, test } from 'vitest'
import { useTabs, type Tab } from './support/tabs.ts'

const DUMB = ['globalThis.BroadcastChannel']

const tabs = useTabs()

interface Absence {
  readonly name: string
  readonly begin: (tab: Tab, other: Tab) => Promise<void>
  readonly end: (tab: Tab) => Promise<void>
}

const ABSENCES: readonly Absence[] = [
  { name: 'in the back/forward cache', begin: (tab) => tab.leave(), end: (tab) => tab.comeBack() },
  { name: 'hidden', begin: (tab, other) => tab.hideBehind(other), end: (tab) => tab.show() },
  // It stays hidden, as pages are that browsers freeze.
  {
    name: 'frozen',
    begin: async (tab, other) => {
      await tab.hideBehind(other)
      await tab.freeze()
    },
    end: (tab) => tab.thaw(),
  },
  {
    name: 'frozen until it showed',
    begin: async (tab, other) => {
      await tab.hideBehind(other)
      await tab.freeze()
    },
    end: async (tab) => {
      await tab.thaw()
      await tab.show()
    },
  },
]

/** A tab that holds five values in memory, and one of the same window that changes things; it says nothing unless it `tells`. */
async function openPair(tells = false): Promise<[Tab, Tab]> {
  const [tab] = (await tabs.open(1)) as [Tab]
  const [other] = (await tabs.open(1, { oneWindow: true, missing: tells ? [] : DUMB })) as [Tab]
  await tab.show()
  await tab.run(async ({ cache, left }) => {
    await cache.setMany([['a/1', 'old'], ['a/2', 'old'], ['b/1', 'old'], ['b/2', 'old']])
    await cache.set('c/1', 'old', { tags: ['list'] })
    // What listeners of the page find at the very moment of its return.
    const seen: unknown[] = (left['seen'] = [])
    const look = ({ type }: Event) => {
      if (type === 'resume' || !document.hidden) seen.push(type, cache.peek('a/1'), cache.peek('a/2'), cache.peek('b/1'))
    }
    addEventListener('pageshow', look)
    for (const type of ['resume', 'visibilitychange']) document.addEventListener(type, look)
  })
  return [tab, other]
}

/** Where each key is, and its value. */
const look = (tab: Tab) =>
  tab.run(async ({ cache }) => {
    const keys = ['a/1', 'a/2', 'b/1', 'b/2', 'c/1']
    return Promise.all(keys.map(async (key) => `${key} ${(await cache.info(key))?.tier} ${await cache.get(key)}`))
  })

describe.each(ABSENCES)('a page that was $name', ({ begin, end }) => {
  test('has kept what nobody has changed in memory, and does not serve what was changed meanwhile', async () => {
    const [tab, other] = await openPair()
    await begin(tab, other)
    await other.run(({ cache }) => cache.get('a/1'))
    await end(tab)
    expect(await look(tab)).toEqual(['a/1', 'a/2', 'b/1', 'b/2', 'c/1'].map((key) => `${key} memory old`))

    await tab.run(({ left }) => void (left['seen'] as unknown[]).splice(0))
    await begin(tab, other)
    await other.run(async ({ cache }) => {
      await cache.set('a/1', 'new')
      await cache.delete('a/2')
      await cache.deletePrefix('b/1')
      await cache.deleteTag('list')
    })
    await end(tab)
    const seen = await tab.run(({ left }) => left['seen'])
    expect(seen).not.toEqual([])
    expect(seen).not.toContain('old')
    expect(await look(tab)).toEqual(['a/1 store new', 'a/2 undefined undefined', 'b/1 undefined undefined', 'b/2 memory old', 'c/1 undefined undefined'])
  })

  test('hears of changes again, can write, and does not forget at its second return', async () => {
    const [tab, other] = await openPair(true)
    for (const round of ['first', 'second']) {
      await begin(tab, other)
      await other.run(({ cache }, value) => cache.set('a/1', value), round)
      await end(tab)
      expect(await tab.run(({ cache }) => cache.get('a/1'))).toBe(round)
      await other.run(({ cache }, value) => cache.set('a/2', value), round)
      await expect.poll(() => tab.run(({ cache }) => cache.get('a/2')), { interval: 5 }).toBe(round)
      await tab.run(({ cache }, value) => cache.set('b/1', value), round)
      await expect.poll(() => other.run(({ cache }) => cache.get('b/1')), { interval: 5 }).toBe(round)
    }
    expect(await look(tab)).toContain('b/2 memory old')
  })
})

test('a page that was away while everything was cleared and filled again serves nothing of before', async () => {
  const [tab, other] = await openPair()
  await tab.leave()
  await other.run(async ({ cache }) => {
    await cache.clear()
    await cache.setMany(Array.from({ length: 2_000 }, (_, number) => [`new ${number}`, number]))
    for (let number = 0; number < 300; number++) await cache.set(`new ${number}`, -number)
  })
  await tab.comeBack()
  expect(await tab.run(({ cache }) => cache.getMany(['a/1', 'a/2', 'b/1', 'b/2', 'c/1']).then(({ size }) => size))).toBe(0)
  expect(await tab.run(({ cache }) => cache.get('new 7'))).toBe(-7)
})

test('writes under way when a page leaves are on disk when it has left', async () => {
  const [tab, other] = await openPair()
  const leaving = tab.page.waitForURL('**/elsewhere')
  await tab.run(({ cache }) => {
    void cache.set('last', 'word')
    location.href = '/elsewhere'
  })
  await leaving
  await expect.poll(() => other.run(({ cache }) => cache.get('last'))).toBe('word')
  await tab.comeBack()
  expect(await tab.run(({ cache }) => cache.get('last'))).toBe('word')
})

test('a page that loads, and one that waits for its load, have a place in the back/forward cache once they have their value', async () => {
  const [tab, other] = await openPair(true)
  const load = (each: Tab, key: string) => each.run(({ load }, wanted) => load(wanted), key)
  tabs.api.hold()
  const begun = [load(tab, 'its own'), load(other, 'of the other')]
  await expect.poll(() => tabs.api.held.length).toBe(2)
  const joined = [load(tab, 'of the other'), load(other, 'its own')]
  tabs.api.release()
  await Promise.all([...begun, ...joined])
  await tab.leave()
  await tab.comeBack()
  expect(await tab.run(({ cache }) => cache.info('its own').then((info) => info?.tier))).toBe('memory')
})

test('a page in the back/forward cache does not hold up the deletion of the database', async () => {
  const [tab, other] = await openPair(true)
  await tab.leave()
  const ms = await other.run(async ({ cache }) => {
    const start = performance.now()
    await cache.destroy()
    return performance.now() - start
  })
  expect(ms).toBeLessThan(2_500)
  expect(await other.run(({ databases }) => databases())).toEqual([])
})
