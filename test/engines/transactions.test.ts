// Transactions that the engine ends, refuses or cannot finish, and records it cannot read, in both of Chromium's storage backends.

import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { useTabs, type Tab } from '../tabs/support/tabs.ts'
import { countCalls, countsOf, expectPersistence, LIMITS_SOON, PROBES_SOON, statusOf, storedIn, toldTo } from './support/faults.ts'
import { BACKENDS, useProfiles } from './support/profiles.ts'

const MINUTE_MS = 60_000
const LATER = { timeout: 5_000, interval: 50 }

describe.each(BACKENDS)('%s', (engine) => {
  const tabs = useTabs(engine)
  const profiles = useProfiles(engine)

  const open = async (options = {}): Promise<Tab> => (await tabs.open(1, options))[0]!
  const openRaw = () => open({ cache: false })

  test('F13: when the database is closed by force, writes under way are stored on a new connection', async () => {
    const tab = await open()
    // The last deletion may come before or after the writes.
    tab.silent = true
    const session = await tab.page.context().newCDPSession(tab.page)
    const name = await tab.run(({ databaseName }) => databaseName('shared', ''))
    for (let round = 0; round < 3; round++) {
      const writing = tab.run(
        ({ cache, outcome }, text) => Promise.all(Array.from({ length: 300 }, (_, number) => outcome(cache.set(`key ${number}`, text.repeat(500))))),
        `${round} `,
      )
      await session.send('IndexedDB.deleteDatabase', { securityOrigin: tabs.origin, databaseName: name })
      expect(new Set(await writing), 'no write rejects').toEqual(new Set([undefined]))
      await tab.run(({ cache }, value) => cache.set('after', value), round)
      expect(await storedIn(tab)).toContainEqual(['after', round])
      expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
    }
    expect(await toldTo(tab)).toEqual([])
  })

  const QUOTA = 3_000_000

  /** A tab whose origin may store no more than the quota; its probes come soon. */
  async function openWithQuota(): Promise<{ tab: Tab; lift: () => Promise<unknown> }> {
    const tab = await open({ cache: false, hasten: PROBES_SOON })
    // There may be more in memory than on disk.
    tab.silent = true
    const session = await tab.page.context().newCDPSession(tab.page)
    // The engine remembers for half a minute how much space there is, so it has to be told before the first write.
    await session.send('Storage.overrideQuotaForOrigin', { origin: tabs.origin, quotaSize: QUOTA })
    await countCalls(tab)
    await tab.run((side) => {
      side.open({ sweepInterval: 3_600_000 })
      // What compresses well escapes the quota.
      side.left['fill'] = async (from: number, count: number) => {
        const outcomes: unknown[] = []
        for (let number = from; number < from + count; number++) {
          const bytes = crypto.getRandomValues(new Uint8Array(60_000))
          outcomes.push(await side.outcome(side.cache.set(`filler ${number}`, bytes, { ttl: 3_600_000 + number })))
        }
        return outcomes
      }
    })
    return { tab, lift: () => session.send('Storage.overrideQuotaForOrigin', { origin: tabs.origin }) }
  }

  const fill = (tab: Tab, from: number, count: number) =>
    tab.run(({ left }, range) => (left['fill'] as (from: number, count: number) => Promise<unknown[]>)(...range), [from, count] as [number, number])

  const storedKeys = async (tab: Tab) => (await storedIn(tab)).map(([key]) => key)

  test('F18: with the quota used up room is made; where that does not help one write rejects, and later ones are for memory', async () => {
    const { tab, lift } = await openWithQuota()
    const outcomes = await fill(tab, 0, 100)
    const refused = outcomes.filter((outcome) => outcome !== undefined)
    const { evictions } = (await tab.run(({ cache }) => cache.stats())).store
    expect(evictions, 'room was made').toBeGreaterThan(0)
    const told = await toldTo(tab)
    const { transactions } = await countsOf(tab)
    // Each write, or the removal of what it replaces, and the rounds of making room.
    expect(transactions).toBeLessThan(2 * 100)
    // SQLite gives the space of deleted entries to new ones at once, LevelDB does not.
    if (engine === 'chromium-sqlite') {
      expect(refused).toEqual([])
      expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
    } else {
      expect(refused).toEqual(['rejected: quota-exceeded'])
      const fault = { class: 'capacity', phase: 'commit', action: 'made-room' }
      expect(told).toEqual([{ code: 'quota-exceeded', count: 1, ...fault, cause: 'QuotaExceededError' }])
      expect(await statusOf(tab)).toMatchObject({ persistence: 'memory', fault: { class: 'capacity', phase: 'commit' } })
    }
    // The soonest to expire have gone.
    const keys = await storedKeys(tab)
    expect(keys).not.toContain('filler 0')
    expect(keys.length).toBeGreaterThan(20)
    expect(await tab.run(({ cache }) => cache.get('filler 99').then((value) => (value as Uint8Array).length))).toBe(60_000)

    await lift()
    await expectPersistence(tab)
    await fill(tab, 200, 1)
    await expect.poll(() => storedKeys(tab), LATER).toContain('filler 200')
    // On disk again is what memory holds.
    if (engine === 'chromium') await expect.poll(() => storedKeys(tab), LATER).toContain('filler 99')
  })

  test('F19: a write for which no room can be made is tried twice; then deletes go on, writes wait in memory, and come to disk with the space', async () => {
    const { tab, lift } = await openWithQuota()
    await fill(tab, 0, 10)
    const before = (await countsOf(tab)).transactions
    const outcome = await tab.run(({ cache, outcome }, bytes) => {
      const large = new Uint8Array(bytes)
      for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(large.subarray(at, at + 65_536))
      return outcome(cache.set('large', large))
    }, QUOTA + 65_536)
    expect(outcome).toBe('rejected: quota-exceeded')
    const fault = { class: 'capacity', phase: 'commit', action: 'made-room' }
    expect(await toldTo(tab)).toEqual([{ code: 'quota-exceeded', count: 1, ...fault, cause: 'QuotaExceededError' }])
    expect((await countsOf(tab)).transactions - before, 'twice the write, once to make room, once to remove').toBeLessThanOrEqual(5)
    expect(await statusOf(tab)).toMatchObject({ persistence: 'memory', fault: { class: 'capacity' } })

    expect(await fill(tab, 100, 20)).toEqual(Array.from({ length: 20 }))
    expect(await storedKeys(tab)).not.toContain('filler 100')
    expect(await tab.run(({ cache }) => cache.delete('filler 9'))).toBe(true)
    expect(await storedKeys(tab)).not.toContain('filler 9')
    expect(await tab.run(({ cache }) => cache.get('large').then((value) => (value as Uint8Array).length))).toBeGreaterThan(QUOTA)
    expect(await toldTo(tab)).toHaveLength(1)

    await lift()
    await expectPersistence(tab)
    await expect.poll(() => storedKeys(tab), LATER).toEqual(expect.arrayContaining(['filler 100', 'filler 119', 'large']))
    expect(await tab.run(({ cache }) => cache.peek('filler 119') !== undefined), 'memory has kept it').toBe(true)
  })

  test('F24: an entry that is too large is refused alone, once, and what was written with it is stored', { timeout: 3 * MINUTE_MS }, async () => {
    const tab = await open()
    await countCalls(tab)
    const outcomes = await tab.run(({ cache, outcome }, backend) => {
      // LevelDB keeps a large value in a file of its own, but no key of an index.
      const large = backend === 'chromium' ? cache.set('large', 1, { tags: ['t'.repeat(70_000_000)] }) : cache.set('large', new Uint8Array(134_000_000))
      return Promise.all([outcome(cache.set('before', 1)), outcome(large), outcome(cache.set('after', 2))])
    }, engine)
    expect(outcomes).toEqual([undefined, expect.stringContaining('rejected'), undefined])
    expect(await storedIn(tab)).toEqual([['after', 2], ['before', 1]])
    const fault = { class: 'bad-entry', action: 'refused' }
    expect(await toldTo(tab)).toEqual([expect.objectContaining({ count: 1, ...fault })])
    expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
    expect((await countsOf(tab)).transactions).toBeLessThan(8)
    tab.silent = true
  })

  if (engine === 'chromium') {
    test('F25: an entry whose file is gone is a miss and goes from disk, and hides no other', async () => {
      const profile = profiles.make()
      const first = await profile.open()
      await first.run(async ({ cache }) => {
        const text = () => Array.from({ length: 40 }, () => crypto.getRandomValues(new Uint8Array(2_000)).join()).join()
        await cache.setMany([['large 1', text()], ['large 2', text()], ['small 1', 1], ['small 2', 2]])
      })
      await profile.kill()
      const blobs = profile.files().filter((file) => file.includes('.blob/'))
      expect(blobs).toHaveLength(2)
      for (const file of blobs) rmSync(file)

      const tab = await profile.open()
      expect(await tab.run(({ cache }) => cache.getMany(['large 1', 'small 1']).then((found) => [...found]))).toEqual([['small 1', 1]])
      const fault = { class: 'corrupt-entry', phase: 'read', action: 'removed' }
      expect(await toldTo(tab)).toEqual([{ code: 'read-failed', count: 1, ...fault, cause: 'NotReadableError' }])
      await expect.poll(() => tab.run(({ keys }) => keys())).toEqual(['large 2', 'small 1', 'small 2'])
      const keys = await tab.run(async ({ cache }) => {
        const keys: string[] = []
        for await (const key of cache.keys()) keys.push(key)
        return keys
      })
      expect(keys).toEqual(['small 1', 'small 2'])
      await expect.poll(() => tab.run(({ keys }) => keys())).toEqual(['small 1', 'small 2'])
      expect(await tab.run(({ cache }) => cache.add('large 2', 'added'))).toBe(true)
      expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
      await tab.run(({ cache }) => cache.set('large 1', 'new'))
      expect(await storedIn(tab)).toContainEqual(['large 1', 'new'])
    })
  }

  test('F34: while another page holds a transaction memory serves, and when it lets go all is written', async () => {
    const holder = await openRaw()
    const tab = await open({ hasten: LIMITS_SOON })
    // It cannot be looked at until the holder lets go.
    tab.silent = true
    await tab.run(({ cache }) => cache.set('old', 'old'))
    await holder.run(({ databaseName, left }) => {
      const request = indexedDB.open(databaseName('shared', ''))
      return new Promise<void>((resolve) => {
        request.onsuccess = () => {
          const entries = request.result.transaction('entries', 'readwrite').objectStore('entries')
          const goOn = () => {
            if (!left['stop']) entries.get('nothing').onsuccess = goOn
          }
          goOn()
          request.result.onversionchange = () => request.result.close()
          resolve()
        }
      })
    })
    const { outcomes, ms } = await tab.run(async ({ cache, outcome }) => {
      const start = performance.now()
      const outcomes = await Promise.all([outcome(cache.set('old', 'new')), outcome(cache.get('unread')), outcome(cache.delete('deleted'))])
      return { outcomes, ms: performance.now() - start }
    })
    expect(outcomes).toEqual(['rejected: write-failed', undefined, 'rejected: write-failed'])
    expect(ms, 'the limit, and some more').toBeLessThan(3_000)
    const fault = { class: 'stalled', action: 'memory' }
    expect(await statusOf(tab)).toMatchObject({ persistence: 'memory', fault })
    const told = await toldTo(tab)
    expect(told).toContainEqual(expect.objectContaining({ code: 'write-failed', count: 2, ...fault }))
    const again = await tab.run(async ({ cache }) => {
      const start = performance.now()
      await cache.setMany([['during 1', 1], ['during 2', 2]])
      return { old: await cache.get('old'), ms: performance.now() - start }
    })
    expect(again.old).toBe('new')
    expect(again.ms, 'nobody waits again').toBeLessThan(1_000)

    await holder.run(({ left }) => void (left['stop'] = true))
    await expectPersistence(tab, 10_000)
    await expect.poll(() => storedIn(tab)).toEqual([['during 1', 1], ['during 2', 2], ['old', 'new']])
    tab.silent = false
    expect(await tab.run(({ cache }) => Promise.race([cache.get('unread'), new Promise((resolve) => setTimeout(resolve, 2_000, 'hangs'))]))).toBeUndefined()
  })

  test('F34: a transaction that is held by a page whose main thread stands still ends like any other', async () => {
    const holder = await openRaw()
    const tab = await open({ hasten: LIMITS_SOON })
    await tab.run(({ cache }) => cache.set('old', 'old'))
    const holding = holder.run(
      ({ databaseName }) =>
        new Promise<void>((resolve) => {
          const request = indexedDB.open(databaseName('shared', ''))
          request.onsuccess = () => {
            request.result.transaction('entries', 'readwrite').objectStore('entries').get('nothing').onsuccess = () => {
              const end = Date.now() + 3_000
              while (Date.now() < end);
              request.result.close()
              resolve()
            }
          }
        }),
    )
    // The lock is held once a read does not come back.
    const stuck = () => tab.run(({ cache, outcome }, key) => Promise.race([outcome(cache.add(key, 1)), new Promise((resolve) => setTimeout(resolve, 200, 'stuck'))]), `probe ${Date.now()}`)
    await expect.poll(stuck).toBe('stuck')
    await expect.poll(() => statusOf(tab)).toMatchObject({ persistence: 'memory', fault: { class: 'stalled' } })
    await tab.run(({ cache }) => cache.set('during', 1))
    await holding
    await expectPersistence(tab, 10_000)
    await expect.poll(() => storedIn(tab)).toContainEqual(['during', 1])
  })

  test('F39: records that another program wrote are misses and go from disk, and hide no other', async () => {
    const writer = await openRaw()
    const first = await open()
    await first.run(({ cache }) => cache.setMany([['good 1', 1], ['good 2', 2]], { tags: ['tag'] }))
    const bad = await writer.run(({ databaseName }) => {
      const now = Date.now()
      const records: Record<string, object> = {
        'no value': {},
        'no times': { value: 1 },
        'text for a time': { value: 1, createdAt: `${now}` },
        'not a number': { value: 1, createdAt: NaN },
        'text for an expiry': { value: 1, createdAt: now, expiresAt: 'never' },
        'from the future': { value: 1, createdAt: now + 86_400_000, expiresAt: now + 172_800_000 },
        'fresh after it expires': { value: 1, createdAt: now, staleAt: now + 10_000, expiresAt: now + 5_000 },
        'tags that are none': { value: 1, createdAt: now, tags: { length: 1 } },
        __proto__key: { value: 1, createdAt: {}, ['__proto__']: { polluted: true } },
      }
      const request = indexedDB.open(databaseName('shared', ''))
      return new Promise<string[]>((resolve) => {
        request.onsuccess = () => {
          const transaction = request.result.transaction('entries', 'readwrite')
          for (const [key, record] of Object.entries(records)) transaction.objectStore('entries').put({ ...record, key })
          transaction.oncomplete = () => {
            request.result.close()
            resolve(Object.keys(records))
          }
        }
      })
    })
    const tab = await open()
    const found = await tab.run(async ({ cache }) => {
      const entries: unknown[] = []
      for await (const entry of cache.entries()) entries.push(entry)
      return entries
    })
    expect(found).toEqual([['good 1', 1], ['good 2', 2]])
    for (const key of bad) {
      expect(await tab.run(({ cache }, wanted) => cache.get(wanted), key), key).toBeUndefined()
      expect(await tab.run(({ cache }, wanted) => cache.info(wanted), key), key).toBeUndefined()
    }
    await expect.poll(() => storedIn(tab)).toEqual([['good 1', 1], ['good 2', 2]])
    expect(await tab.run(() => 'polluted' in {})).toBe(false)
    expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
    await tab.run(({ cache }, key) => cache.set(key, 'mine'), bad[0]!)
    expect(await tab.run(({ cache }, key) => cache.get(key), bad[0]!)).toBe('mine')
  })
})
