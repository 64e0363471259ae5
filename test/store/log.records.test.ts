// What transactions leave in the log of changes, and how long it gets.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Change } from '../../src/index.ts'
import { LOG_LENGTH } from '../../src/store/log.ts'
import { turns } from '../helpers/deferred.ts'
import { openIndexedDbStore, type OpenedStore } from '../helpers/indexeddb-store.ts'
import { del, EVERYTHING, recorded, set } from '../helpers/log.ts'
import { entryOf } from './conformance.ts'

describe('what a transaction leaves', () => {
  let opened: OpenedStore<unknown>
  beforeEach(async () => {
    opened = openIndexedDbStore('shop')
    await opened.store.set([entryOf('a', 1, { tags: ['x'] })])
  })
  afterEach(() => opened.store.close())

  /** What the records say that come after those there are. */
  const during = async (work: () => Promise<unknown>): Promise<(readonly Change[])[]> => {
    const before = (await recorded()).at(-1)!.id
    await work()
    return (await recorded()).filter(({ id }) => id > before).map(({ changes }) => changes)
  }

  it('one record of what it did, of all writes of a tick together, numbered one after the other', async () => {
    const { store } = opened
    const made = await during(() => Promise.all([store.set([entryOf('b', 1), entryOf('c', 1)]), store.take('a'), store.deletePrefix('p'), store.deleteTag('y')]))
    expect(made).toEqual([[set('b'), set('c'), del('a'), { type: 'deletePrefix', prefix: 'p' }, { type: 'deleteTag', tag: 'y' }]])
    await store.set([entryOf('d', 1)])
    await store.set([entryOf('e', 1)])
    const ids = (await recorded()).map(({ id }) => id)
    expect(ids).toEqual(ids.map((_, place) => ids[0]! + place))
  })

  it('a change that changes nothing leaves nothing, one that removes is a delete, one that inserts a set', async () => {
    const { store } = opened
    expect(await during(() => store.change('a', (found) => found))).toEqual([])
    expect(await during(() => store.change('missing', () => undefined))).toEqual([])
    expect(await during(() => store.change('b', () => entryOf('b', 1)))).toEqual([[set('b')]])
    expect(await during(() => store.change('a', () => undefined))).toEqual([[del('a')]])
  })

  it('reads, a sweep, a flush and the bound leave nothing', async () => {
    const { store } = opened
    expect(await during(() => Promise.all([store.get('a'), store.sweep(5), store.flush()]))).toEqual([])
  })

  it('a value that cannot be stored is a delete, for the older one is gone', async () => {
    const { store } = opened
    const made = await during(() => Promise.allSettled([store.set([entryOf('a', () => {})]), store.set([entryOf('b', 1)])]))
    expect(made).toEqual([[del('a'), set('b')]])
  })

  it('the last of several sets of a tick is one change', async () => {
    const { store } = opened
    expect(await during(() => Promise.all([1, 2, 3].map((value) => store.set([entryOf('a', value)]))))).toEqual([[set('a')]])
  })

  it('no values, ever', async () => {
    await opened.store.set([entryOf('a', 'secret value')])
    await opened.store.change('a', (found) => ({ ...found!, value: 'another secret value' }))
    expect(JSON.stringify(await recorded())).not.toContain('secret')
  })

  it('a clear empties it of all names from before, those of the same transaction too', async () => {
    const { store } = opened
    await store.set([entryOf('a secret key', 1)])
    await store.deletePrefix('')
    expect((await recorded()).map(({ changes }) => changes)).toEqual([[EVERYTHING]])
    await Promise.all([store.set([entryOf('a secret key', 1)]), store.deletePrefix(''), store.set([entryOf('after', 1)])])
    expect((await recorded()).map(({ changes }) => changes)).toEqual([[EVERYTHING, set('after')]])
  })

  it('is told to the store’s owner with its number', async () => {
    const told: unknown[] = []
    const other = openIndexedDbStore('shop', { onCommit: (changes, id) => void told.push([changes, id]) })
    await other.store.set([entryOf('b', 1)])
    const { id, changes } = (await recorded()).at(-1)!
    expect(told).toEqual([[changes, id]])
    await other.store.close()
  })
})

describe('its length', () => {
  it('is bounded, and the latest records are those that stay', async () => {
    const { store } = openIndexedDbStore('shop')
    for (let commit = 0; commit < LOG_LENGTH * 3; commit++) await store.set([entryOf(`k${commit}`, commit)])
    const records = await recorded()
    expect(records.length).toBeGreaterThanOrEqual(LOG_LENGTH)
    expect(records.length).toBeLessThanOrEqual(LOG_LENGTH * 1.25)
    expect(records.at(-1)!.changes).toEqual([set(`k${LOG_LENGTH * 3 - 1}`)])
    await store.close()
  })

  it('is bounded when several write and none hears of the others', async () => {
    // Who misses a record waits a little for its message.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const stores = Array.from({ length: 3 }, () => openIndexedDbStore('shop').store)
    for (let commit = 0; commit < LOG_LENGTH * 3; commit++) {
      await stores[commit % 3]!.set([entryOf('k', commit)])
      if (commit % 50 > 0) continue
      vi.advanceTimersByTime(1_000)
      await turns()
    }
    expect((await recorded()).length).toBeLessThanOrEqual(LOG_LENGTH * 1.5)
    vi.useRealTimers()
    await Promise.all(stores.map((store) => store.close()))
  })

  it('is bounded in changes too, however many a transaction makes', async () => {
    const { store } = openIndexedDbStore('shop', { maxStoredEntries: Infinity })
    for (let commit = 0; commit < 8; commit++) await store.set(Array.from({ length: 600 }, (_, id) => entryOf(`k${id}`, commit)))
    await store.set(Array.from({ length: 2_500 }, (_, id) => entryOf(`k${id}`, id)))
    const records = await recorded()
    expect(records.reduce((sum, { changes }) => sum + changes.length, 0)).toBeLessThanOrEqual(4_000)
    await store.close()
  })
})
