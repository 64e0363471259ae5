// A sweep in several transactions: what this tab and others write between them is kept, and every expired entry goes. The
// page's clock jumps at each look, so that each transaction has time for one page of the index, or one slice of deletes.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../../src/index.ts'
import { captureConnections, countDisk, failWrites, faultsOf, lookAtDisk, onTransaction } from '../helpers/indexed-db.ts'
import { inLog } from '../helpers/log.ts'
import { openIndexedDbStore } from '../helpers/indexeddb-store.ts'
import { databaseName } from '../../src/store/schema.ts'
import type { StoreCalls } from './calls.ts'
import { entryOf, keysIn } from './conformance.ts'

const NAME = 'swept'
const NOW = 5_000
const LATER = 9_000
/** Every second entry has expired: so many runs are five windows. */
const SIZE = 240
const WINDOW = 25

let here: StoreCalls<unknown>
let other: StoreCalls<unknown>
let connections: IDBDatabase[]

beforeEach(async () => {
  connections = captureConnections()
  ;[here, other] = [openIndexedDbStore(NAME).store, openIndexedDbStore(NAME).store]
  await here.set(Array.from({ length: SIZE }, (_, place) => entryOf(keyOf(place), 'old', { expiresAt: place % 2 ? LATER : NOW - (place % 7) })))
  await other.get('nothing')
  let time = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (time += 1_000))
})

afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all([here.close(), other.close()])
  expect(faultsOf(await lookAtDisk(NAME))).toEqual([])
})

describe('in several transactions', () => {
  it('all that has expired goes and is told of, and nothing else', async () => {
    const transactions = between({})
    const { keys, more } = await here.sweep(NOW)
    // One lists, five delete, one sees to the bound.
    expect(transactions()).toBe(7)
    expect([...keys].sort()).toEqual(keysOf((place) => place % 2 === 0))
    expect(more).toBe(true)
    expect((await keysIn(here)).sort()).toEqual(keysOf((place) => place % 2 === 1))
  })

  it('pages of the index that share one expiry are listed once', async () => {
    const many = Array.from({ length: 5_000 }, (_, place) => entryOf(`many ${place}`, 1, { expiresAt: place < 4_000 ? 10 : place }))
    await here.set(many)
    const { keys } = await here.sweep(NOW)
    expect(keys).toHaveLength(5_000 + SIZE / 2)
    expect(new Set(keys).size).toBe(keys.length)
    expect(await countDisk(NAME)).toMatchObject({ records: SIZE / 2, expiry: SIZE / 2 })
  })

  it('all goes where the log is empty, as a full disk leaves it', async () => {
    await inLog((log) => void log.clear(), databaseName(NAME, ''))
    expect((await here.sweep(NOW)).keys).toHaveLength(SIZE / 2)
    expect((await keysIn(here)).sort()).toEqual(keysOf((place) => place % 2 === 1))
  })

  it('two stores that sweep at once tell of each key once', async () => {
    const swept = await Promise.all([here.sweep(NOW), other.sweep(NOW)])
    expect(swept.flatMap(({ keys }) => keys).sort()).toEqual(keysOf((place) => place % 2 === 0))
  })

  it('a connection that dies between two of them is opened again', async () => {
    between({ 2: () => connections[0]!.close() })
    expect((await here.sweep(NOW)).keys).toHaveLength(SIZE / 2)
    expect(await countDisk(NAME)).toMatchObject({ records: SIZE / 2 })
  })

  it.each([1, 2, 3])('a fault in window %d rejects, loses nothing, and the next sweep does the rest', async (window) => {
    const faults = failWrites('QuotaExceededError', (nth) => nth === window)
    await expect(here.sweep(NOW)).rejects.toMatchObject({ code: 'quota-exceeded' })
    faults.end()
    const left = await keysIn(here)
    expect(left).toEqual(expect.arrayContaining(keysOf((place) => place % 2 === 1)))
    expect(left).toHaveLength(SIZE - WINDOW * (window - 1))
    expect((await here.sweep(NOW)).keys).toHaveLength(SIZE / 2 - WINDOW * (window - 1))
  })
})

describe.each(['this tab', 'another tab'])('what %s writes meanwhile', (who) => {
  const writer = () => (who === 'this tab' ? here : other)
  const places = [0, 2, 100, 158, 238]

  it.each([0, 1])('is kept: entries set after transaction %d', async (nth) => {
    // The first window has taken these.
    const refreshed = places.filter((place) => place >= nth * 80).map(keyOf)
    between({ [nth]: () => void writer().set(refreshed.map((key) => entryOf(key, 'new', { expiresAt: LATER }))) })
    const { keys } = await here.sweep(NOW)
    expect([...keys].sort()).toEqual(keysOf((place) => place % 2 === 0).filter((key) => !refreshed.includes(key)))
    expect(await valuesOf(refreshed)).toEqual(refreshed.map(() => 'new'))
  })

  it('is kept: an entry touched', async () => {
    between({ 0: () => void writer().change(keyOf(100), (found) => ({ ...found!, expiresAt: LATER })) })
    expect((await here.sweep(NOW)).keys).not.toContain(keyOf(100))
    expect(await valuesOf([keyOf(100)])).toEqual(['old'])
  })

  it('is kept: an entry swept and set again', async () => {
    between({ 1: () => void writer().set([entryOf(keyOf(0), 'new', { expiresAt: LATER })]) })
    expect((await here.sweep(NOW)).keys).toHaveLength(SIZE / 2)
    expect(await valuesOf([keyOf(0)])).toEqual(['new'])
  })

  it('is kept: between two pages of the index', async () => {
    const many = Array.from({ length: 4_000 }, (_, place) => entryOf(`many ${place}`, 'old', { expiresAt: place }))
    await here.set(many)
    const refreshed = ['many 5', 'many 1600', 'many 3999']
    between({ 0: () => void writer().set(refreshed.map((key) => entryOf(key, 'new', { expiresAt: LATER }))) })
    expect((await here.sweep(NOW)).keys).toHaveLength(4_000 - 3 + SIZE / 2)
    expect(await valuesOf(refreshed)).toEqual(['new', 'new', 'new'])
  })

  it.each([0, 1])('is kept where the log no longer says what it was: after transaction %d', async (nth) => {
    const refreshed = places.filter((place) => place >= nth * 80).map(keyOf)
    const many = Array.from({ length: 2_100 }, (_, place) => `more ${place}`)
    between({ [nth]: () => void writer().set([...refreshed, ...many].map((key) => entryOf(key, 'new', { expiresAt: LATER }))) })
    const { keys } = await here.sweep(NOW)
    expect([...keys].sort()).toEqual(keysOf((place) => place % 2 === 0).filter((key) => !refreshed.includes(key)))
    expect(await valuesOf(refreshed)).toEqual(refreshed.map(() => 'new'))
  })

  it('is kept, and all else is swept, where the log ends between two pages of the index', async () => {
    await here.set(Array.from({ length: 2_000 }, (_, place) => entryOf(`many ${place}`, 'old', { expiresAt: place })))
    const more = Array.from({ length: 2_100 }, (_, place) => entryOf(`more ${place}`, 'new', { expiresAt: LATER }))
    between({ 0: () => void writer().set([entryOf('many 5', 'new', { expiresAt: LATER }), ...more]) })
    expect((await here.sweep(NOW)).keys).toHaveLength(2_000 - 1 + SIZE / 2)
    expect(await valuesOf(['many 5'])).toEqual(['new'])
  })

  it('is kept after everything was cleared', async () => {
    const write = async (): Promise<void> => {
      await Promise.all([writer().deletePrefix(''), writer().set([entryOf(keyOf(100), 'new', { expiresAt: LATER })])])
    }
    between({ 1: () => void write() })
    expect((await here.sweep(NOW)).keys).toHaveLength(WINDOW)
    expect(await lookAtDisk(NAME)).toMatchObject({ records: [{ key: keyOf(100), value: 'new' }] })
  })

  it('is gone: what a prefix or a tag removed is not told of', async () => {
    const prefix = keyOf(100).slice(0, -1)
    between({ 0: () => void writer().deletePrefix(prefix) })
    expect([...(await here.sweep(NOW)).keys].sort()).toEqual(keysOf((place) => place % 2 === 0).filter((key) => !key.startsWith(prefix)))
  })
})

describe('what expires far apart', () => {
  const MANY = 6_000
  const manyOf = (place: number): string => `many ${String(place).padStart(4, '0')}`
  const expired = Array.from({ length: MANY / 10 }, (_, place) => manyOf(10 * place))

  beforeEach(() => here.set(Array.from({ length: MANY }, (_, place) => entryOf(manyOf(place), 1, { expiresAt: place % 10 ? LATER : 1 }))))

  it('goes without all that is between being looked at', async () => {
    vi.restoreAllMocks()
    const listed = vi.spyOn(IDBObjectStore.prototype, 'getAllKeys')
    const { keys } = await here.sweep(NOW)
    expect(listed).toHaveBeenCalledTimes(1)
    expect([...keys].sort()).toEqual([...keysOf((place) => place % 2 === 0), ...expired])
    expect(await countDisk(NAME)).toMatchObject({ records: SIZE / 2 + MANY - expired.length, expiry: SIZE / 2 + MANY - expired.length })
  })

  it('is gone, and not told of, where a prefix has removed it meanwhile', async () => {
    let time = 0
    let step = 1_000
    vi.spyOn(performance, 'now').mockImplementation(() => (time += step))
    // The first transaction of the sweep has time to list; the next, after the other's, for all the rest.
    between({ 0: () => void other.deletePrefix('many 5'), 2: () => void (step = 0) })
    expect([...(await here.sweep(NOW)).keys].sort()).toEqual([...keysOf((place) => place % 2 === 0), ...expired.filter((key) => !key.startsWith('many 5'))])
  })
})

/** Acts when readwrite transactions of these numbers, from 0, are under way. Returns how many there were so far. */
function between(acts: Readonly<Record<number, () => void>>): () => number {
  let nth = 0
  onTransaction((_transaction, mode) => {
    if (mode === 'readwrite') acts[nth++]?.()
  })
  return () => nth
}

/** Keys in the order of their places. */
function keyOf(place: number): string {
  return `key ${String(place).padStart(3, '0')}`
}

function keysOf(wanted: (place: number) => boolean): string[] {
  return Array.from({ length: SIZE }, (_, place) => place).filter(wanted).map(keyOf)
}

async function valuesOf(keys: readonly string[]): Promise<unknown[]> {
  const entries: (Entry<unknown> | undefined)[] = await Promise.all(keys.map((key) => other.get(key)))
  return entries.map((entry) => entry?.value)
}
