// Storage and messages full of what no cache has written, ten thousand of each: nothing throws, no value is served but what a
// valid record of its key says, what is invalid goes, and all works afterwards. SEED=<number> tries others.

import { isDeepStrictEqual } from 'node:util'
import { afterEach, expect, it } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { databaseName } from '../../src/store/schema.ts'
import { Network } from '../coherence/support/channel.ts'
import { settled } from '../helpers/indexed-db.ts'
import { random } from '../helpers/property.ts'
import { createJunk, type Junk } from './support/junk.ts'
import { collected, createSite, NAME, START, type Site } from './support/site.ts'

const SEED = Number(process.env['SEED'] ?? 20_210_126)
const DATABASE = databaseName(NAME, '')
const RECORDS = 10_000
const MESSAGES = 10_000
const BATCH = 500

/** What the platform's prototypes have of their own. */
const PROTOTYPES = [Object, Array, Function, Map, Promise, String, Error].map(({ prototype }) => prototype as object)
const propertiesOf = (object: object): string => Reflect.ownKeys(object).map(String).join()
const untouched = PROTOTYPES.map(propertiesOf)

afterEach(() => {
  expect(PROTOTYPES.map(propertiesOf), 'prototypes').toEqual(untouched)
})

/** Works in stores of the database as foreign code would, without faults. */
async function inStore(site: Site, store: 'entries' | 'changes', work: (store: IDBObjectStore) => Promise<unknown>): Promise<void> {
  const database = await settled(site.factory.base.open(DATABASE))
  try {
    const transaction = database.transaction(store, 'readwrite')
    const completed = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve
      transaction.onabort = () => reject(transaction.error ?? new Error('aborted'))
    })
    await work(transaction.objectStore(store))
    await completed
  } finally {
    database.close()
  }
}

interface Judged {
  /** The value, where the record is one that a cache may have written. */
  readonly value: unknown
  readonly isFresh: boolean
  /** Served by a load, which may revalidate it. */
  readonly isStandIn: boolean
  readonly isUsable: boolean
}

const INVALID: Judged = { value: undefined, isFresh: false, isStandIn: false, isUsable: false }

/** The rules of records once more, in other words. */
function judge(record: Record<string, unknown>): Judged {
  const time = (name: string): unknown => (record[name] === undefined ? undefined : record[name])
  const isTime = (at: unknown): boolean => typeof at === 'number' && !Number.isNaN(at)
  const optional = ['expiresAt', 'staleAt', 'staleWhileRevalidate', 'staleIfError'].map(time)
  if (Object.hasOwn(record, '__proto__') || record['value'] === undefined) return INVALID
  if (!isTime(record['createdAt']) || optional.some((at) => at !== undefined && !isTime(at))) return INVALID
  const { tags, createdAt } = record as { tags?: unknown; createdAt: number }
  if (tags !== undefined && !(Array.isArray(tags) && Array.from(tags).every((tag) => typeof tag === 'string'))) return INVALID
  const [expiresAt = Infinity, staleAt = expiresAt, window = 0] = optional as (number | undefined)[]
  if (staleAt > expiresAt || createdAt > START + 60_000) return INVALID
  const isUsable = START < expiresAt
  const isFresh = START < staleAt
  return { value: record['value'], isFresh, isStandIn: isFresh || (isUsable && START < staleAt + window), isUsable }
}

/** What each call must bring for a record, and whether it changes the key. */
const CALLS: readonly ((cache: Cache<unknown>, key: string, judged: Judged) => Promise<readonly [brought: unknown, due: unknown]>)[] = [
  async (cache, key, { value, isFresh }) => [await cache.get(key), isFresh ? value : undefined],
  async (cache, key, { value, isUsable }) => [await cache.get(key, { stale: true }), isUsable ? value : undefined],
  async (cache, key, { isFresh }) => [await cache.has(key), isFresh],
  async (cache, key, { isUsable }) => [(await cache.info(key)) !== undefined, isUsable],
  async (cache, key, { value, isFresh }) => [(await cache.getMany([key])).get(key), isFresh ? value : undefined],
  async (cache, key, { value, isStandIn }) => [await cache.getOrLoad(key, () => 'loaded'), isStandIn ? value : 'loaded'],
  async (cache, key, { isFresh }) => [await cache.add(key, 'added'), !isFresh],
  async (cache, key, { value, isFresh }) => [await cache.update(key, 'updated'), isFresh ? value : undefined],
  async (cache, key, { isFresh }) => [await cache.touch(key, 1_000), isFresh],
  async (cache, key, { value, isFresh }) => [await cache.take(key), isFresh ? value : undefined],
  async (cache, key, { isFresh }) => [await cache.delete(key), isFresh],
]

async function expectWorks(site: Site, cache: Cache<unknown>): Promise<void> {
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  await site.within(1_000, cache.set('after', 'all'))
  expect((await site.values())['after']).toBe('all')
  expect(await site.within(1_000, cache.get('after'))).toBe('all')
}

it(`${RECORDS} records by chance, seed ${SEED}: each is served if it is valid, and goes if it is not`, async () => {
  const site = createSite()
  const junk = createJunk(random(SEED))
  const cache = await site.ready<unknown>()
  const other = await site.ready<unknown>()
  const wrong: string[] = []
  let served = 0
  let refused = 0
  for (let batch = 0; batch < RECORDS / BATCH; batch++) {
    const records = Array.from({ length: BATCH }, (_, place) => structuredClone(junk.record(`k ${batch} ${place}`)))
    await inStore(site, 'entries', (entries) => Promise.all(records.map((record) => settled(entries.put(record)))))
    const looks = records.map(async (record) => {
      const key = record['key'] as string
      const judged = judge(record)
      judged.isUsable ? served++ : refused++
      const call = junk.below(CALLS.length)
      const [brought, due] = await CALLS[call]!(cache, key, judged)
      if (!isDeepStrictEqual(brought, due)) wrong.push(`call ${call} of ${key} brings ${String(brought)}`)
    })
    await site.within(5_000, Promise.all(looks))
    await site.within(5_000, cache.flush())

    // The other cache finds what is left by iteration; what is invalid goes.
    const left = new Map((await site.disk()).records.map((record) => [record['key'] as string, judge(record)]))
    const fresh = [...left].filter(([, { isFresh }]) => isFresh).map(([key, { value }]) => [key, value] as const)
    const found = new Map(await site.within(5_000, collected(other.entries())))
    expect([...found.keys()].sort(), 'keys found').toEqual(fresh.map(([key]) => key).sort())
    for (const [key, value] of fresh) if (!isDeepStrictEqual(found.get(key), value)) wrong.push(`an iteration finds another value of ${key}`)
    await site.within(5_000, other.flush())
    const invalid = (await site.disk()).records.filter((record) => judge(record) === INVALID)
    expect(invalid, 'invalid records left on disk').toEqual([])
    await site.within(5_000, cache.clear())
  }
  expect(wrong.slice(0, 10), `seed ${SEED}`).toEqual([])
  expect(Math.min(served, refused), 'both kinds came').toBeGreaterThan(RECORDS / 5)
  for (const report of site.reports) expect(report).toMatchObject({ code: 'read-failed', class: 'corrupt-entry' })
  await expectWorks(site, cache)
})

const NOTES = ['', ' ', '0', 'null', 'undefined', 'NaN', '[object Object]', '__proto__', 'constructor toString', '\ud800', '\u0000', '\n', '{"a":1}']

/** Two tabs that hear each other, and hold an entry. */
async function holding(): Promise<{ site: Site; network: Network; one: Cache<unknown>; other: Cache<unknown> }> {
  const site = createSite()
  const network = new Network(SEED)
  network.install()
  const one = site.open<unknown>()
  const other = site.open<unknown>()
  await site.within(1_000, one.setMany([['held', 1], ['hello', 2]], { tags: ['x'] }))
  await site.within(1_000, other.getMany(['held', 'hello']))
  await site.pass(100)
  return { site, network, one, other }
}

const KEYS = ['held', 'hello', 'he', '', 'x', 'y']

function messageOf(junk: Junk): unknown {
  const { below, pick, value } = junk
  if (below(4) === 0) return value()
  const ids = (): unknown => (below(4) === 0 ? value(2) : Array.from({ length: below(4) }, () => (below(2) ? below(2 ** 52) : value(1))))
  const message: Record<string, unknown> = {
    ...(below(5) && { database: below(6) ? DATABASE : value(1) }),
    ...(below(5) && { ids: ids() }),
    ...(below(5) && { changes: junk.changes(KEYS) }),
    ...(!below(5) && { [pick(['asked', 'used', 'destroy', '__proto__', 'constructor'])]: pick([DATABASE, value(2)]) }),
  }
  // It is one that this library posts.
  if (message['destroy'] === true) delete message['destroy']
  return message
}

async function expectHeld({ site, network, one, other }: Awaited<ReturnType<typeof holding>>): Promise<void> {
  expect(network.errors).toEqual([])
  for (const cache of [one, other]) {
    expect([1, undefined]).toContain(cache.peek('held'))
    expect(await site.within(5_000, cache.getMany(['held', 'hello']))).toEqual(new Map([['held', 1], ['hello', 2]]))
  }
  expect(site.errors).toEqual([])
}

it(`${MESSAGES} messages by chance, seed ${SEED}: no handler throws, and what is served is right`, async () => {
  const tabs = await holding()
  const { site, network, one, other } = tabs
  const junk = createJunk(random(SEED))
  for (let sent = 0; sent < MESSAGES; ) {
    for (let batch = 0; batch < BATCH; batch++, sent++) network.inject(messageOf(junk))
    await site.pass(300)
    await expectHeld(tabs)
    network.posted.length = 0
  }
  // They hear each other as before.
  await site.within(1_000, other.delete('held'))
  await site.pass(300)
  expect(one.peek('held')).toBeUndefined()
  expect(await site.within(1_000, one.get('held'))).toBeUndefined()
  expect(await site.within(1_000, one.getOrLoad('held', () => 'loaded'))).toBe('loaded')
  await expectWorks(site, one)
})

it(`a log full of what is no record of it, seed ${SEED}: whoever reads it gets what is on disk`, async () => {
  const tabs = await holding()
  const { site, network, one, other } = tabs
  const junk = createJunk(random(SEED))
  for (let round = 0; round < 60; round++) {
    await inStore(site, 'changes', async (log) => {
      const last = Math.max(0, ...(await settled(log.getAllKeys())).filter((id) => typeof id === 'number'))
      for (let count = 0; count < 20; count++) {
        const id: IDBValidKey = junk.pick<() => IDBValidKey>([() => last + 1 + count, () => last - junk.below(20), () => -junk.below(100), () => junk.pick(KEYS), () => [last], () => new Date(last)])()
        const record = junk.below(3) ? { id, changes: junk.changes(KEYS), by: junk.value(1) } : Object.assign(Object(structuredClone(junk.value(2))) as object, { id })
        // Some cannot be put: what is frozen, or has no room for an id.
        await settled(log.put(structuredClone(record))).catch(() => {})
      }
    })
    // A tab that was away, one that writes, one that loads, and one that is new.
    network.deaf = true
    await site.within(5_000, one.set(`round ${round}`, round))
    network.deaf = false
    await site.within(5_000, other.set('heard', round))
    await site.pass(300)
    expect(await site.within(5_000, other.get(`round ${round}`))).toBe(round)
    expect(await site.within(5_000, one.get('heard'))).toBe(round)
    expect(await site.within(15_000, one.getOrLoad(`load ${round}`, () => round))).toBe(round)
    const fresh = site.open<unknown>()
    expect(await site.within(5_000, fresh.get('heard'))).toBe(round)
    await site.within(5_000, fresh.sweep())
    await site.within(5_000, fresh.close())
    await expectHeld(tabs)
  }
  await expectWorks(site, one)
})

it(`notes in localStorage by chance, seed ${SEED}: a page trusts nothing of what it cannot know, and goes on`, async () => {
  const site = createSite()
  const junk = createJunk(random(SEED))
  let cache = await site.ready<unknown>()
  for (let round = 0; round < 100; round++) {
    await site.within(5_000, cache.set('old', round))
    expect((await site.values())['old']).toBe(round)
    const note = junk.pick([() => junk.pick(NOTES), () => String(junk.below(2 ** 40) / 7), () => ' '.repeat(junk.below(9)), () => 'x '.repeat(junk.below(10_000)), () => JSON.stringify(junk.pick(KEYS)), () => '0.5 0.25'])()
    await site.crash()
    site.storage.set(DATABASE, note)
    cache = site.open<unknown>()
    expect(await site.within(5_000, cache.get('old')), JSON.stringify(note.slice(0, 50))).toBeUndefined()
    await site.within(5_000, cache.set('new', round))
    await site.within(5_000, cache.flush())
    expect(site.storage.get(DATABASE) ?? '', 'the note').toBe('')
    cache = await site.reload<unknown>()
    expect(await site.within(5_000, cache.get('new')), 'a page without a note').toBe(round)
  }
  expect(site.errors).toEqual([])
  await expectWorks(site, cache)
})
