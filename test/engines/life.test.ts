// Tabs, workers and users that come and go at the wrong moment, in both of Chromium's storage backends.

import { describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { launchBrowser } from '../tabs/support/browser.ts'
import { Tab, useTabs } from '../tabs/support/tabs.ts'
import { statusOf, storedIn, toldTo } from './support/faults.ts'
import { BACKENDS } from './support/profiles.ts'

const SOON = { timeout: 5_000, interval: 20 }

describe.each(BACKENDS)('%s', (engine) => {
  const tabs = useTabs(engine)

  const open = async (options = {}): Promise<Tab> => (await tabs.open(1, options))[0]!

  test('F17: when site data is cleared no tab serves what it held, nothing of it is back on disk, and the cache fills again', async () => {
    const places = (await tabs.open(2)) as [Tab, Tab]
    await places[0].run(({ cache }) => cache.setMany([['a', 'old'], ['b', 'old']]))
    for (const tab of places) await tab.run(({ cache }) => cache.getMany(['a', 'b']))
    const session = await places[0].page.context().newCDPSession(places[0].page)
    await session.send('Storage.clearDataForOrigin', { origin: tabs.origin, storageTypes: 'indexeddb' })
    for (const tab of places) {
      await expect.poll(() => tab.run(({ cache }) => [cache.peek('a'), cache.peek('b')]), SOON).toEqual([undefined, undefined])
      expect(await tab.run(({ cache }) => cache.get('a'))).toBeUndefined()
    }
    await places[0].run(({ cache }) => cache.flush())
    expect(await storedIn(places[0])).toEqual([])

    await places[0].run(({ cache }) => cache.set('a', 'new'))
    expect(await storedIn(places[0])).toEqual([['a', 'new']])
    await expect.poll(() => places[1].run(({ cache }) => cache.get('a')), SOON).toBe('new')
    for (const tab of places) {
      expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
      expect(await toldTo(tab)).toEqual([])
    }
  })

  test('F17: writes under way when site data is cleared are stored after it, and what was there before is not', async () => {
    const tab = await open()
    // The clearing may come before the writes or after.
    tab.silent = true
    const session = await tab.page.context().newCDPSession(tab.page)
    for (let round = 0; round < 5; round++) {
      await tab.run(({ cache }) => cache.set('before', 'old'))
      const start = Date.now()
      const writing = tab.run(({ cache, outcome }) => Promise.all(Array.from({ length: 300 }, (_, number) => outcome(cache.set(`key ${number}`, 'x'.repeat(1_000))))))
      // Another moment each time: one that waits for its commit hears nothing at all, only its connection is told.
      await new Promise((resolve) => setTimeout(resolve, 3 * round))
      await session.send('Storage.clearDataForOrigin', { origin: tabs.origin, storageTypes: 'indexeddb' })
      expect(new Set(await writing)).toEqual(new Set([undefined]))
      expect(Date.now() - start, 'no write waits for its time limit').toBeLessThan(8_000)
      await tab.run(({ cache }, value) => cache.set('after', value), round)
      const rows = await storedIn(tab)
      expect(rows).toContainEqual(['after', round])
      expect(rows).not.toContainEqual(['before', 'old'])
      expect(await tab.run(({ cache }) => cache.get('before'))).toBeUndefined()
    }
  })

  test('F17: reads and updates under way when site data is cleared do not wait for a time limit', async () => {
    const tab = await open({ cache: { maxEntries: 1 } })
    tab.silent = true
    const session = await tab.page.context().newCDPSession(tab.page)
    const keys = Array.from({ length: 300 }, (_, number) => `key ${number}`)
    for (let round = 0; round < 6; round++) {
      await tab.run(({ cache }, all) => cache.setMany(all.map((key) => [key, 'x'.repeat(1_000)])), keys)
      const calling = tab.run(
        async ({ cache, outcome }, [all, updates]) => {
          const start = performance.now()
          await Promise.all(all.map((key) => outcome(updates ? cache.update(key, 'new') : cache.get(key))))
          return performance.now() - start
        },
        [keys, round % 2 === 1] as const,
      )
      await new Promise((resolve) => setTimeout(resolve, 5 * round))
      await session.send('Storage.clearDataForOrigin', { origin: tabs.origin, storageTypes: 'indexeddb' })
      expect(await calling, `round ${round}`).toBeLessThan(8_000)
      expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
    }
    expect(await toldTo(tab)).toEqual([])
  })

  test('F27: a tab that crashes within a transaction takes nobody with it, and leaves nothing by halves', async () => {
    const [crashing, other] = (await tabs.open(2)) as [Tab, Tab]
    await other.run(({ cache }) => cache.set('kept', 1))
    await crashing.run(({ cache, left }) => {
      const pairs = Array.from({ length: 3_000 }, (_, number) => [`batch ${number}`, 'x'.repeat(2_000)] as const)
      left['writing'] = cache.setMany(pairs).then(() => (left['done'] = true))
      return new Promise((resolve) => setTimeout(resolve))
    })
    await crashing.crash()
    const start = Date.now()
    await other.run(({ cache }) => cache.set('after', 2))
    expect(Date.now() - start).toBeLessThan(5_000)
    const keys = (await storedIn(other)).map(([key]) => String(key))
    expect([0, 3_000]).toContain(keys.filter((key) => key.startsWith('batch')).length)
    expect(keys).toEqual(expect.arrayContaining(['after', 'kept']))
    expect(await toldTo(other)).toEqual([])
  })

  test('F27, F28: while a tab that loads is frozen another takes over in time, and at once when it crashes', async () => {
    const [leading, waiting] = (await tabs.open(2, { cache: { lockTimeout: 400 } })) as [Tab, Tab]
    tabs.api.hold(({ by }) => by === leading.name)
    await leading.run(({ load, left, outcome }) => void (left['load'] = outcome(Promise.all(['frozen', 'crashed'].map((key) => load(key))))))
    await expect.poll(() => tabs.api.held.length).toBe(2)
    await leading.freeze()
    const load = (key: string) =>
      waiting.run(async (side, wanted) => {
        const start = performance.now()
        return { ...(await side.load(wanted)), ms: performance.now() - start }
      }, key)
    const { ms, ...answer } = await load('frozen')
    expect(answer).toEqual({ key: 'frozen', by: waiting.name, serial: 2 })
    expect(ms).toBeLessThan(400 + 1_000)
    await leading.thaw()
    await leading.crash()
    expect(await load('crashed')).toMatchObject({ by: waiting.name, serial: 2 })
    expect(await waiting.run(({ rows }) => rows().then((all) => all.map(({ key }) => key)))).toEqual(['crashed', 'frozen'])
  })

  test('F29: when foreign code steals its lock a load answers its callers, and nothing is left unhandled', async () => {
    const [loading, thief] = (await tabs.open(2)) as [Tab, Tab]
    tabs.api.hold()
    await loading.run(({ load, left, outcome }) => void (left['load'] = outcome(load('key'))))
    await expect.poll(() => tabs.api.held.length).toBe(1)
    const stolen = await thief.run(async ({ left }) => {
      const { held = [] } = await navigator.locks.query()
      for (const { name } of held) void navigator.locks.request(name!, { steal: true }, () => new Promise((resolve) => (left['release'] = resolve)))
      return held.map(({ name }) => name)
    })
    expect(stolen.length).toBeGreaterThan(0)
    tabs.api.release()
    expect(await loading.run(({ left }) => left['load'])).toMatchObject({ key: 'key', serial: 1 })
    await loading.run(({ cache }) => cache.flush())
    const rows = (await storedIn(loading)).filter(([key]) => key === 'key')
    expect(rows).toEqual([['key', expect.objectContaining({ serial: 1 })]])
    // Another caller waits for the thief no longer than for a loader, and then reads what is there.
    expect(await thief.run(({ load }) => load('key'))).toMatchObject({ serial: 1 })
    await thief.run(({ left }) => (left['release'] as () => void)())
  })

  test('F33: a page that comes out of the back/forward cache serves nothing that others changed, and still what they did not', async () => {
    const tab = await open()
    const other = await open({ missing: ['globalThis.BroadcastChannel'] })
    await tab.run(({ cache }) => cache.setMany([['a', 'old'], ['b', 'old'], ['c', 'old']]))
    await tab.leave()
    await other.run(({ cache }) => cache.set('a', 'new').then(() => cache.delete('b')))
    await tab.comeBack()
    const found = await tab.run(async ({ cache }) => [cache.peek('a') ?? (await cache.get('a')), cache.peek('b') ?? (await cache.get('b')), (await cache.info('c'))?.tier])
    expect(found).toEqual(['new', undefined, 'memory'])
    await tab.run(({ cache }) => cache.set('d', 'stored'))
    expect(await storedIn(other)).toEqual([['a', 'new'], ['c', 'old'], ['d', 'stored']])
  })

  test('F33: a page that comes out of the back/forward cache to a newer database leaves it alone, and serves nothing that was removed', async () => {
    const tab = await open()
    const [other] = (await tabs.open(1, { cache: false })) as [Tab]
    await tab.run(({ cache }) => cache.setMany([['a', 'old'], ['b', 'old']]))
    await tab.leave()
    const blocked = await other.run(({ databaseName, left }) => {
      const request = indexedDB.open(databaseName('shared', ''), 2)
      let blocked = false
      request.onblocked = () => (blocked = true)
      request.onupgradeneeded = () => request.transaction!.objectStore('entries').clear()
      return new Promise<boolean>((resolve) => {
        request.onsuccess = () => {
          left['connection'] = request.result
          resolve(blocked)
        }
      })
    })
    expect(blocked, 'the page in the cache is in nobody\'s way').toBe(false)
    await tab.comeBack()
    expect(await tab.run(({ cache, outcome }) => outcome(cache.get('a')))).toBeUndefined()
    await tab.run(({ cache }) => cache.set('c', 'new'))
    expect(await tab.run(({ cache }) => cache.get('c'))).toBe('new')
    expect(await statusOf(tab)).toMatchObject({ persistence: 'memory', fault: { class: 'newer-schema' } })
    tab.silent = true
  })

  test('F40: a logout leaves nothing in any tab or on disk, whatever the others write meanwhile and however long they hold the database', async () => {
    const [stubborn] = (await tabs.open(1, { cache: false })) as [Tab]
    const places = (await tabs.open(2)) as [Tab, Tab]
    await places[0].run(({ cache }) => cache.setMany([['secret 1', 'private'], ['secret 2', 'private']]))
    await places[1].run(({ cache }) => cache.getMany(['secret 1', 'secret 2']))
    await stubborn.run(({ databaseName, left }) => {
      const request = indexedDB.open(databaseName('shared', ''))
      return new Promise<void>((resolve) => {
        request.onsuccess = () => {
          left['connection'] = request.result
          resolve()
        }
      })
    })
    const writing = places[1].run(async ({ cache, outcome }) => {
      const end = Date.now() + 300
      for (let number = 0; Date.now() < end; number++) await outcome(cache.set(`late ${number}`, 'private'))
    })
    const start = Date.now()
    await places[0].run(({ cache }) => cache.destroy())
    expect(Date.now() - start).toBeLessThan(5_000)
    await writing
    for (const tab of places) {
      await expect.poll(() => tab.run(({ cache, outcome }) => outcome(cache.get('secret 1'))), SOON).toBe('rejected: closed')
      expect(await tab.run(({ cache }) => cache.peek('secret 2'))).toBeUndefined()
    }
    const count = () =>
      stubborn.run(({ left }) => {
        const request = (left['connection'] as IDBDatabase).transaction('entries').objectStore('entries').count()
        return new Promise<number>((resolve) => (request.onsuccess = () => resolve(request.result)))
      })
    await expect.poll(count, SOON).toBe(0)
    await stubborn.run(({ left }) => (left['connection'] as IDBDatabase).close())
    await expect.poll(() => stubborn.run(({ databases }) => databases()), SOON).toEqual([])
  })

  test('F41: of a service worker that is stopped, what it flushed is on disk, and nothing by halves', async () => {
    const page = await open()
    // Of its last commits the worker tells nobody.
    page.silent = true
    const worker = await page.startServiceWorker()
    await worker.run(async ({ cache }) => {
      void cache.set('flushed', 1)
      await cache.flush()
    })
    await worker.run(({ cache, left }) => {
      const batch = (number: number) => Array.from({ length: 100 }, (_, place) => [`batch ${number}/${place}`, 'x'.repeat(1_000)] as const)
      left['writing'] = Array.from({ length: 30 }, (_, number) => new Promise((resolve) => setTimeout(resolve, number)).then(() => cache.setMany(batch(number), { tags: ['batch'] })))
    })
    const session = await page.page.context().newCDPSession(page.page)
    await session.send('ServiceWorker.enable')
    await session.send('ServiceWorker.stopAllWorkers')
    // It reads and writes as before.
    await page.run(({ cache }) => cache.set('after', 2))
    const keys = (await storedIn(page)).map(([key]) => String(key))
    expect(keys).toEqual(expect.arrayContaining(['after', 'flushed']))
    for (let number = 0; number < 30; number++) {
      expect([0, 100], `batch ${number}`).toContain(keys.filter((key) => key.startsWith(`batch ${number}/`)).length)
    }
    await page.run(({ cache }) => cache.deleteTag('batch'))
    expect((await storedIn(page)).map(([key]) => key)).toEqual(['after', 'flushed'])
    expect(await page.run(({ cache }) => cache.get('flushed'))).toBe(1)
  })

  test('F42: in a private window the cache works, survives a reload, and is gone with the window', async () => {
    const browser = await launchBrowser(engine)
    try {
      const openPrivate = async (): Promise<{ tab: Tab; close: () => Promise<void> }> => {
        const context = await browser.browser.newContext()
        const tab = new Tab('private', (await context.newPage()) as Page)
        await tab.visit(tabs.origin)
        return { tab, close: () => context.close() }
      }
      const { tab, close } = await openPrivate()
      await tab.run(({ cache }) => cache.setMany([['a', 'private'], ['large', 'x'.repeat(300_000)]], { tags: ['tag'] }))
      expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
      await tab.visit(tabs.origin)
      expect(await tab.run(({ cache }) => cache.info('a').then((info) => info?.tier))).toBe('store')
      expect(await tab.run(({ cache }) => cache.get('large').then((value) => (value as string).length))).toBe(300_000)
      await tab.run(({ cache }) => cache.deleteTag('tag'))
      expect(await storedIn(tab)).toEqual([])
      await tab.run(({ cache }) => cache.set('a', 'private'))
      expect(await toldTo(tab)).toEqual([])
      await close()
      const next = await openPrivate()
      expect(await next.tab.run(({ cache }) => cache.get('a'))).toBeUndefined()
      await next.close()
    } finally {
      await browser.kill()
    }
  })
})
