// destroy() as an app's logout: whatever the tabs were doing, nothing of it is readable in any of them or left on disk.

import { expect, test } from 'vitest'
import { useTabs, type Tab } from './support/tabs.ts'

const tabs = useTabs()

const NOTHING_LEFT = { peek: undefined, get: 'rejected: closed', set: 'rejected: closed', load: 'rejected: closed', databases: [] }

/** What a tab finds after the logout. */
const lookAround = (tab: Tab) =>
  tab.run(async ({ cache, load, outcome, databases }) => ({
    peek: cache.peek('secret'),
    get: await outcome(cache.get('secret')),
    set: await outcome(cache.set('secret', 'again')),
    load: await outcome(load('secret')),
    databases: await databases(),
  }))

async function expectNothingLeft(places: readonly Tab[]): Promise<void> {
  for (const tab of places) await expect.poll(() => lookAround(tab), { message: tab.name }).toEqual(NOTHING_LEFT)
}

/** Waits in a page, for what is expected not to happen. */
const pause = (tab: Tab, ms: number) => tab.run((_, time) => new Promise<void>((resolve) => setTimeout(resolve, time)), ms)

/** Fills disk and the memory of each tab. */
async function fill(places: readonly Tab[]): Promise<void> {
  const keys = ['secret', ...Array.from({ length: 50 }, (_, number) => `item ${number}`)]
  await places[0]!.run(({ cache }, all) => cache.setMany(all.map((key) => [key, 'private'])), keys)
  for (const tab of places) {
    const held = () =>
      tab.run(async ({ cache }, all) => {
        await cache.getMany(all)
        return all.filter((key) => cache.peek(key) !== undefined).length
      }, keys)
    await expect.poll(held).toBe(keys.length)
  }
}

test('with loads and writes in flight in three tabs, nothing is left, and callers get their answers', async () => {
  const places = await tabs.open(3)
  await fill(places)
  tabs.api.hold()
  for (const tab of places) {
    await tab.run(({ load, left, outcome, tab: name }) => {
      left['own'] = outcome(load(`own ${name}`))
      left['shared'] = outcome(load('shared'))
    })
  }
  await expect.poll(() => tabs.api.held.length).toBe(4)
  const [first, ...others] = places
  const writing = places.map((tab) =>
    tab.run(async ({ cache, outcome }) => {
      const writes: Promise<unknown>[] = []
      const end = Date.now() + 300
      for (let number = 0; Date.now() < end; number++) {
        writes.push(outcome(cache.set(`item ${number % 60}`, 'private, late')), outcome(cache.add(`added ${number}`, 'private, late')))
        if (number % 5 === 0) await new Promise((resolve) => setTimeout(resolve))
      }
      return [...new Set(await Promise.all(writes))]
    }),
  )
  await pause(first!, 100)
  await first!.run(({ cache }) => cache.destroy())
  await expectNothingLeft(places)
  // What the tabs asked for before is answered now, when nobody may keep it.
  tabs.api.release()
  for (const tab of places) {
    const { own, shared } = await tab.run(async ({ left }) => ({ own: await left['own'], shared: await left['shared'] }))
    expect(own).toMatchObject({ key: `own ${tab.name}` })
    expect(shared).toMatchObject({ key: 'shared' })
  }
  for (const outcomes of await Promise.all(writing)) expect(outcomes.filter((outcome) => !['rejected: closed', true, false, undefined].includes(outcome as string))).toEqual([])
  await pause(first!, 500)
  await expectNothingLeft(places)

  expect(await first!.run(({ events }) => events.filter(({ type }) => type === 'destroy'))).toEqual([{ type: 'destroy', local: true }])
  for (const tab of others) expect(await tab.run(({ events }) => events.filter(({ type }) => type === 'destroy'))).toEqual([{ type: 'destroy', local: false }])
})

test('foreign connections that block the deletion find no rows, and the logout ends all the same', async () => {
  const [stubborn] = (await tabs.open(1, { cache: false })) as [Tab]
  const places = (await tabs.open(2)) as [Tab, Tab]
  await fill(places)
  await places[1].run(async ({ createCache }) => {
    const old = createCache<string>({ name: 'shared', version: 'old' })
    await old.set('secret', 'private')
    await old.close()
  })
  await stubborn.run(async ({ databases, left }) => {
    const open = (name: string) =>
      new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name)
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    left['connections'] = await Promise.all((await databases()).map(open))
  })
  const counts = () =>
    stubborn.run(({ left }) => {
      const count = (connection: IDBDatabase) => {
        const request = connection.transaction('entries').objectStore('entries').count()
        return new Promise<number>((resolve) => (request.onsuccess = () => resolve(request.result)))
      }
      return Promise.all((left['connections'] as IDBDatabase[]).map(count))
    })
  expect((await counts()).toSorted()).toEqual([1, 51])
  const writing = places[1].run(async ({ cache, outcome }) => {
    const end = Date.now() + 300
    for (let number = 0; Date.now() < end; number++) await outcome(cache.set(`late ${number}`, 'private'))
  })
  const ms = await places[0].run(async ({ cache, outcome }) => {
    const start = performance.now()
    await outcome(cache.destroy())
    return performance.now() - start
  })
  expect(ms).toBeLessThan(10_000)
  await writing
  for (const tab of places) expect(await tab.run(({ cache, outcome }) => outcome(cache.get('secret')))).toBe('rejected: closed')
  // A tab that is told before the browser asks it to let go clears what it wrote last when it is asked.
  await expect.poll(counts).toEqual([0, 0])
  await pause(stubborn, 500)
  expect(await counts()).toEqual([0, 0])

  await stubborn.run(({ left }) => (left['connections'] as IDBDatabase[]).forEach((connection) => connection.close()))
  await expect.poll(() => stubborn.run(({ databases }) => databases())).toEqual([])
})

test('a tab that was frozen, and one in the back/forward cache, serve nothing when they are back', async () => {
  const [away, frozen] = (await tabs.open(2)) as [Tab, Tab]
  const [leaving] = (await tabs.open(1, { oneWindow: true })) as [Tab]
  await fill([away, frozen, leaving])
  await away.leave()
  await frozen.hideBehind(leaving)
  await frozen.freeze()
  // It may tell that the deletion has to wait for the frozen tab.
  await leaving.run(({ cache, outcome }) => outcome(cache.destroy()))
  await frozen.thaw()
  await away.comeBack()
  for (const tab of [away, frozen]) {
    expect(await tab.run(({ cache }) => cache.peek('secret')), tab.name).toBeUndefined()
    expect(await tab.run(({ cache, outcome }) => outcome(cache.get('secret'))), tab.name).not.toBe('private')
    expect(await tab.run(({ cache }) => cache.peek('secret')), tab.name).toBeUndefined()
  }
})

test('who logs in again at once has a cache that works, and that no other tab removes when it hears of the logout', async () => {
  const places = await tabs.open(3)
  for (let round = 0; round < 8; round++) {
    const leader = places[round % places.length]!
    const others = places.filter((tab) => tab !== leader)
    await fill(places)
    await leader.run(async (side, value) => {
      await side.cache.destroy()
      side.open()
      await side.cache.set('mine', value)
    }, round)
    for (const tab of others) await expect.poll(() => tab.run(({ cache, outcome }) => outcome(cache.get('secret')))).toBe('rejected: closed')
    await pause(leader, 100)
    expect(await leader.run(({ rows }) => rows()), `on disk in round ${round}`).toEqual([expect.objectContaining({ key: 'mine', value: round })])
    for (const tab of others) await tab.run((side) => side.open())
    for (const tab of places) expect(await tab.run(({ cache }) => cache.getMany(['mine', 'secret']).then((found) => [...found]))).toEqual([['mine', round]])
  }
})

test('a tab that hears of a logout late does not remove what was written after it', async () => {
  const [leader] = (await tabs.open(1)) as [Tab]
  // Without a connection it does not hold up the deletion.
  const [late] = (await tabs.open(1, { cache: false })) as [Tab]
  await late.run((side) => side.open())
  await fill([leader])
  const busy = late.run(() => {
    const end = Date.now() + 600
    while (Date.now() < end);
  })
  await leader.run(async (side) => {
    await side.cache.destroy()
    side.open()
    await side.cache.set('mine', 'new')
  })
  await busy
  await expect.poll(() => late.run(({ cache, outcome }) => outcome(cache.get('mine')))).toBe('rejected: closed')
  await pause(leader, 300)
  expect(await leader.run(({ rows }) => rows())).toEqual([expect.objectContaining({ key: 'mine', value: 'new' })])
  expect(await leader.run(({ cache }) => cache.get('mine'))).toBe('new')
})

test('a worker and a service worker are logged out too', async () => {
  const [page] = (await tabs.open(1)) as [Tab]
  const places = [await page.startWorker(), await page.startServiceWorker()]
  await fill([page])
  for (const place of places) expect(await place.run(({ cache }) => cache.get('secret'))).toBe('private')
  await page.run(({ cache }) => cache.destroy())
  for (const place of places) {
    await expect.poll(() => place.run(({ cache, outcome }) => outcome(cache.get('secret')))).toBe('rejected: closed')
    expect(await place.run(({ cache }) => cache.peek('secret'))).toBeUndefined()
  }
  await expect.poll(() => page.run(({ databases }) => databases())).toEqual([])
})

test('one database per user: the logout of one leaves nothing of theirs, and all of another', async () => {
  const places = (await tabs.open(2, { cache: { name: 'mail:user 42' } })) as [Tab, Tab]
  for (const tab of places) {
    await tab.run(async ({ cache, createCache, left, tab: name }) => {
      await cache.set(`inbox ${name}`, 'private', { tags: ['mail'], ttl: 60_000 })
      const other = (left['other'] = createCache<string>({ name: 'mail:user 421' }))
      await other.set(`inbox ${name}`, 'of another')
    })
  }
  await places[1].run(({ cache }) => cache.destroy())
  for (const tab of places) {
    await expect.poll(() => tab.run(({ cache, outcome }) => outcome(cache.get('inbox A')))).toBe('rejected: closed')
    const kept = await tab.run(({ left }) => (left['other'] as { get(key: string): Promise<string> }).get('inbox A'))
    expect(kept).toBe('of another')
  }
  await expect.poll(() => places[0].run(({ databases }) => databases(''))).toEqual([expect.stringContaining('mail:user 421')])
})
