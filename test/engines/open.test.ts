// Databases that do not open, open late, open empty or are not what they were, in both of Chromium's storage backends.

import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isTorn } from '../crash/leveldb-log.ts'
import { useTabs, type OpenOptions, type Tab } from '../tabs/support/tabs.ts'
import { countCalls, countsOf, expectMemoryServes, expectPersistence, PROBES_SOON, statusOf, storedIn, toldTo } from './support/faults.ts'
import { BACKENDS, canMount, useProfiles, type Profile } from './support/profiles.ts'

/** ms that the first call may wait for a database: its time limit, and some more. */
const PATIENCE = 5_000
/** 1 open and 3 more. */
const MOST_OPENS = 4
const MOUNTS = canMount()

/** Opens the tab's cache and sets its first entry; resolves to the ms that this took. */
const setFirst = (tab: Tab): Promise<number> =>
  tab.run(async (side) => {
    side.open()
    const start = performance.now()
    await side.cache.set('first', 1)
    return performance.now() - start
  })

if (!MOUNTS) console.log('!!! NOT TESTED: F20 on a full disk, as this user may not mount one')

describe.each(BACKENDS)('%s', (engine) => {
  const profiles = useProfiles(engine)

  /** Has a profile keep 300 entries, and ends its browser. */
  async function fill(profile: Profile): Promise<void> {
    const tab = await profile.open()
    await tab.run(({ cache }) => cache.setMany(Array.from({ length: 300 }, (_, number) => [`key ${number}`, `${number} `.repeat(100)])))
    await profile.kill()
  }

  /** A tab whose database fails to open each time; `mend` must then let persistence return. */
  async function expectNoDatabase(tab: Tab, mend?: () => void): Promise<void> {
    await countCalls(tab)
    expect(await setFirst(tab)).toBeLessThan(PATIENCE)
    const fault = { class: 'heal', phase: 'open', action: 'memory' }
    expect(await statusOf(tab)).toEqual({ persistence: 'memory', reason: expect.stringContaining('UnknownError'), fault })
    await expectMemoryServes(tab)
    expect(await tab.run(({ cache }) => cache.get('first'))).toBe(1)
    expect((await countsOf(tab)).opens).toBeLessThanOrEqual(MOST_OPENS)
    expect(await toldTo(tab)).toEqual([{ code: 'open-failed', count: 1, ...fault, cause: 'UnknownError' }])
    if (!mend) return
    mend()
    await expectPersistence(tab)
    await expect.poll(() => storedIn(tab)).toEqual([['first', 1]])
    await tab.run(({ cache }) => cache.set('after', 2))
    expect(await storedIn(tab)).toEqual([['after', 2], ['first', 1]])
    expect(await toldTo(tab)).toHaveLength(1)
  }

  test('F5: while no database can be made memory serves; once one can, what memory holds is written', async () => {
    const profile = profiles.make()
    mkdirSync(dirname(profile.databases), { recursive: true })
    writeFileSync(profile.databases, 'not a directory')
    const tab = await profile.open({ cache: false, hasten: PROBES_SOON })
    await expectNoDatabase(tab, () => rmSync(profile.databases))
  })

  if (engine === 'chromium') {
    test('F6: with nothing left of its database but CURRENT, memory serves, and a logout ends', async () => {
      const profile = profiles.make()
      await fill(profile)
      for (const file of profile.files()) if (basename(file) !== 'CURRENT') rmSync(file)
      const tab = await profile.open({ cache: false })
      await expectNoDatabase(tab)
      await tab.run(({ cache, outcome }) => outcome(cache.destroy()))
      expect(await tab.run(({ cache, outcome }) => outcome(cache.get('first')))).toBe('rejected: closed')
    })

    test('F7: a database whose MANIFEST is garbage opens empty, which is told, and fills again', async () => {
      const profile = profiles.make()
      await fill(profile)
      for (const file of profile.files()) if (basename(file).startsWith('MANIFEST')) overwrite(file, 0)
      await expectEmptyAndUsable(profile, [{ code: 'data-lost', count: 1 }])
    })

    test('F26: a log that a kill has torn costs nothing at first; when the engine then gives the database up, it is told', async () => {
      const profile = profiles.make()
      await fill(profile)
      const log = profile.files().find((file) => file.endsWith('.log'))!
      const bytes = readFileSync(log)
      writeFileSync(log, bytes.subarray(0, -20))
      expect(isTorn(readFileSync(log))).toBe(true)
      const tab = await profile.open()
      // The last record is not of the entries.
      expect(await tab.run(({ cache }) => cache.size())).toBe(300)
      await tab.run(({ cache }) => cache.set('behind the tear', 1))
      expect(await toldTo(tab)).toEqual([])
      await profile.kill()
      await expectEmptyAndUsable(profile, [{ code: 'data-lost', count: 1 }])
    })
  } else {
    test('F6: with nothing left of its database but the journal, it opens empty and fills again', async () => {
      const profile = profiles.make()
      await fill(profile)
      for (const file of profile.files()) if (!file.endsWith('-wal')) rmSync(file)
      await expectEmptyAndUsable(profile, [])
    })

    test('F7: a database file that is garbage from its first byte never opens, and memory serves', async () => {
      const profile = profiles.make()
      await fill(profile)
      for (const file of profile.files()) overwrite(file, 0)
      await expectNoDatabase(await profile.open({ cache: false }))
    })

    test('F7: a database file that is garbage behind its header opens empty and fills again', async () => {
      const profile = profiles.make()
      await fill(profile)
      for (const file of profile.files()) overwrite(file, 4_096)
      await expectEmptyAndUsable(profile, [])
    })
  }

  if (MOUNTS) {
    test('F20: on a full disk memory serves and nothing is evicted; with space, what memory holds is written', async () => {
      const profile = profiles.makeOnDisk(100)
      // The engine knows the origin by then, and has nothing to note of it.
      await (await profile.open()).run(({ cache }) => cache.close())
      await profile.kill()
      rmSync(profile.databases, { recursive: true })
      const tab = await profile.open({ cache: false, hasten: PROBES_SOON })
      await countCalls(tab)
      const filler = join(profile.home, 'filler')
      fillDisk(filler)
      await setFirst(tab)
      // SQLite does not say that it is for space.
      const [type, cause] = engine === 'chromium' ? ['capacity-at-open', 'QuotaExceededError'] : ['heal', 'UnknownError']
      const fault = { class: type, phase: 'open', action: 'memory' }
      expect(await statusOf(tab)).toEqual({ persistence: 'memory', reason: expect.stringContaining(cause!), fault })
      await expectMemoryServes(tab)
      expect(await countsOf(tab)).toMatchObject({ deletes: 0, transactions: 0 })
      expect(await toldTo(tab)).toEqual([{ code: 'open-failed', count: 1, ...fault, cause }])
      rmSync(filler)
      await expectPersistence(tab, 10_000)
      await expect.poll(() => storedIn(tab), { timeout: 5_000 }).toEqual([['first', 1]])
    })
  }

  async function expectEmptyAndUsable(profile: Profile, told: readonly { code: string; count: number }[]): Promise<void> {
    const tab = await profile.open()
    expect(await tab.run(({ cache }) => cache.get('key 1'))).toBeUndefined()
    expect(await tab.run(({ cache }) => cache.size())).toBe(0)
    await tab.run(({ cache }) => cache.set('key 1', 'new'))
    expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
    expect(await toldTo(tab)).toEqual(told)
    await profile.kill()
    const next = await profile.open()
    expect(await next.run(({ cache }) => cache.get('key 1'))).toBe('new')
    expect(await toldTo(next)).toEqual([])
  }

  describe('in tabs', () => {
    const tabs = useTabs(engine)

    /** A tab without a cache at first. What it holds in the end may not be on disk. */
    async function openRaw(options: OpenOptions = {}): Promise<Tab> {
      const [tab] = (await tabs.open(1, { ...options, cache: false })) as [Tab]
      tab.silent = true
      return tab
    }

    test('F8: while another page upgrades the database for ever memory serves; when it opens late, it is used', async () => {
      const other = await openRaw()
      await other.run(({ left, databaseName }) => {
        const request = indexedDB.open(databaseName('shared', ''), 1)
        return new Promise<void>((resolve) => {
          request.onupgradeneeded = () => {
            const store = request.result.createObjectStore('endless')
            const goOn = () => {
              if (left['stop']) request.transaction!.abort()
              else store.get(0).onsuccess = goOn
            }
            goOn()
            resolve()
          }
        })
      })
      const tab = await openRaw()
      expect(await setFirst(tab)).toBeLessThan(PATIENCE)
      const fault = { class: 'stalled', phase: 'open', action: 'memory' }
      expect(await statusOf(tab)).toEqual({ persistence: 'memory', reason: expect.any(String), fault })
      expect(await toldTo(tab)).toEqual([expect.objectContaining({ code: 'open-failed', ...fault })])
      await expectMemoryServes(tab)

      await other.run(({ left }) => void (left['stop'] = true))
      // Long before the next probe.
      await expectPersistence(tab)
      await expect.poll(() => storedIn(tab)).toEqual([['first', 1]])
      expect(await deleteRaw(other), 'the late handle makes way, as does every other').toBe(true)
    })

    test('F11: a database of a higher version is left alone, and is not asked again', async () => {
      const newer = await openRaw()
      await newer.run(({ left, databaseName }) => {
        const request = indexedDB.open(databaseName('shared', ''), 2)
        request.onupgradeneeded = () => request.result.createObjectStore('newer').put('value', 'key')
        return new Promise<void>((resolve) => {
          request.onsuccess = () => {
            left['connection'] = request.result
            resolve()
          }
        })
      })
      const tab = await openRaw({ hasten: [{ from: 4_000, times: 1_000 }] })
      await countCalls(tab)
      await setFirst(tab)
      const fault = { class: 'newer-schema', phase: 'open', action: 'memory' }
      expect(await statusOf(tab)).toEqual({ persistence: 'memory', reason: expect.stringContaining('VersionError'), fault })
      await expectMemoryServes(tab)
      await tab.run(() => new Promise((resolve) => setTimeout(resolve, 1_000)))
      expect(await countsOf(tab)).toMatchObject({ opens: 1, deletes: 0 })
      expect(await toldTo(tab)).toEqual([{ code: 'open-failed', count: 1, ...fault, cause: 'VersionError' }])
      const kept = await newer.run(({ left }) => {
        const request = (left['connection'] as IDBDatabase).transaction('newer').objectStore('newer').get('key')
        return new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))
      })
      expect(kept).toBe('value')
    })

    test.each([
      ['without stores', 0],
      ['without the log', 1],
      ['without an index', 2],
    ])('F16: a database %s is made anew, once', async (_, stage) => {
      const other = await openRaw()
      await createBroken(other, stage)
      const tab = await openRaw()
      await countCalls(tab)
      await tab.run(async (side) => {
        side.open()
        await side.cache.set('first', 1, { tags: ['tag'], ttl: 60_000 })
      })
      expect(await statusOf(tab)).toEqual({ persistence: 'indexeddb' })
      expect(await storedIn(tab)).toEqual([['first', 1]])
      await tab.run(({ cache }) => cache.deleteTag('tag'))
      expect(await storedIn(tab)).toEqual([])
      expect(await countsOf(tab)).toMatchObject({ deletes: 1 })
    })

    test('F16: a broken database that another page does not let go is not waited for', async () => {
      const other = await openRaw()
      await createBroken(other, 0, true)
      const tab = await openRaw()
      expect(await setFirst(tab)).toBeLessThan(2 * PATIENCE)
      expect(await statusOf(tab)).toMatchObject({ persistence: 'memory' })
      await expectMemoryServes(tab)
    })
  })
})

/** Writes a file until its disk has no byte left. */
function fillDisk(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (let bytes = 1 << 20; bytes > 0; bytes >>= 1) {
      for (;;) {
        try {
          if (writeSync(file, Buffer.alloc(bytes, 'x')) < bytes) break
        } catch {
          break
        }
      }
    }
  } finally {
    closeSync(file)
  }
}

/** Overwrites a file from an offset on with garbage of the same length. */
function overwrite(file: string, from: number): void {
  const bytes = readFileSync(file)
  if (bytes.length > from) bytes.fill('garbage ', from)
  writeFileSync(file, bytes)
}

/** Whether the cache's database can be deleted, as nobody holds it for good. */
function deleteRaw(tab: Tab): Promise<boolean> {
  return tab.run(({ databaseName }) => {
    const request = indexedDB.deleteDatabase(databaseName('shared', ''))
    return new Promise<boolean>((resolve) => {
      request.onsuccess = () => resolve(true)
      setTimeout(resolve, 3_000, false)
    })
  })
}

/** Creates the cache's database as far as a stage: nothing, the entries without their log, everything but an index. */
function createBroken(tab: Tab, stage: number, holds = false): Promise<void> {
  return tab.run(
    ({ databaseName, left }, { stage, holds }) => {
      const request = indexedDB.open(databaseName('shared', ''), 1)
      request.onupgradeneeded = () => {
        if (stage === 0) return
        const entries = request.result.createObjectStore('entries', { keyPath: 'key' })
        entries.createIndex('expiresAt', 'expiresAt')
        if (stage === 1) entries.createIndex('tags', 'tags', { multiEntry: true })
        else request.result.createObjectStore('changes', { keyPath: 'id', autoIncrement: true })
      }
      return new Promise<void>((resolve) => {
        request.onsuccess = () => {
          if (holds) left['connection'] = request.result
          else request.result.close()
          resolve()
        }
      })
    },
    { stage, holds },
  )
}
