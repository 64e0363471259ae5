// The log of changes as a tab reads it: where it stands, what it missed, and what garbage in it does. The messages of other
// tabs only say which records it need not read.

import { describe, expect, it } from 'vitest'
import type { Change } from '../../src/index.ts'
import { createLog, recordsSince } from '../../src/store/log.ts'
import { turns } from '../helpers/deferred.ts'
import { databaseNames, settled } from '../helpers/indexed-db.ts'
import { openIndexedDbStore } from '../helpers/indexeddb-store.ts'
import { EVERYTHING, inLog, logOf, set } from '../helpers/log.ts'
import { entryOf } from './conformance.ts'

describe('position and catching up', () => {
  it('the first look finds the end, and nothing that was missed', async () => {
    const inside = await logOf(3, 4, 5)
    await inside(async (store) => {
      const log = createLog()
      expect(log.position).toBeUndefined()
      expect(await log.catchUp(store.transaction)).toEqual([])
      expect(log.position).toBe(5)
      expect(await log.catchUp(store.transaction)).toEqual([])
    })
  })

  it('an empty log is a beginning', async () => {
    const inside = await logOf()
    await inside(async (store) => {
      const log = createLog()
      expect(await log.catchUp(store.transaction)).toEqual([])
      expect(log.position).toBe(0)
    })
  })

  it('later looks find what came since, in order', async () => {
    const inside = await logOf(1, 2)
    await inside(async (store) => {
      const log = createLog()
      await log.catchUp(store.transaction)
      for (const id of [3, 4]) store.put({ id, changes: [set(`k${id}`)] })
      expect(await log.catchUp(store.transaction)).toEqual([set('k3'), set('k4')])
      expect(log.position).toBe(4)
    })
  })

  it('records told of in any order, and twice, count once all before them are known', async () => {
    const inside = await logOf(1)
    await inside(async (store) => {
      const log = createLog()
      await log.catchUp(store.transaction)
      const positions = [4, 3, 3, 6, 2, 1, 5, 5].map((id) => {
        log.see(id)
        return log.position
      })
      expect(positions).toEqual([1, 1, 1, 1, 4, 4, 6, 6])
    })
  })

  it('what was told of behind a gap is not told again when the gap is read', async () => {
    const inside = await logOf(0, 1, 2, 3, 4, 5)
    await inside(async (store) => {
      const log = createLog()
      store.delete(IDBKeyRange.lowerBound(2))
      await log.catchUp(store.transaction)
      for (const id of [2, 3, 4, 5]) store.put({ id, changes: [set(`k${id}`)] })
      log.see(3)
      log.see(5)
      expect(await log.catchUp(store.transaction)).toEqual([set('k2'), set('k4')])
      expect(log.position).toBe(5)
    })
  })

  it('an emptied log has everything changed, and leaves the position, so that what comes next is no gap', async () => {
    const inside = await logOf(1, 2)
    await inside(async (store) => {
      const log = createLog()
      await log.catchUp(store.transaction)
      store.clear()
      expect(await log.catchUp(store.transaction)).toEqual([EVERYTHING])
      expect(log.position).toBe(2)
      log.see(3)
      expect(log.isMissing).toBe(false)
      expect(log.position).toBe(3)
    })
  })

  it('what it has heard of last comes before what it does next, known or not', async () => {
    const inside = await logOf(1)
    await inside(async (store) => {
      const log = createLog()
      expect(log.heard).toBeUndefined()
      await log.catchUp(store.transaction)
      expect(log.heard).toBe(1)
      for (const id of [4, 3]) log.see(id)
      expect([log.position, log.heard]).toEqual([1, 4])
      log.see(2)
      expect([log.position, log.heard]).toEqual([4, 4])
    })
  })

  it('records behind a gap that is never filled are not remembered without end', async () => {
    const inside = await logOf(0, 1)
    await inside(async (store) => {
      const log = createLog()
      await log.catchUp(store.transaction)
      for (let id = 3; id < 500_000; id++) log.see(id)
      expect(log.heard).toBe(499_999)
      store.put({ id: 2, changes: [] })
      store.put({ id: 3, changes: [set('k3')] })
      expect(await log.catchUp(store.transaction)).toEqual([set('k3')])
    })
  })

  it('where records are gone that it does not know, everything may have changed, whatever it was told of since', async () => {
    for (const told of [[], [9], [8, 9]]) {
      const inside = await logOf(1)
      await inside(async (store) => {
        const log = createLog()
        await log.catchUp(store.transaction)
        store.clear()
        for (const id of [8, 9]) store.put({ id, changes: [set(`k${id}`)] })
        told.forEach(log.see)
        expect(await log.catchUp(store.transaction), `told of ${String(told)}`).toEqual([EVERYTHING])
        expect(log.position).toBe(9)
      })
    }
  })

  it('a record told of that never comes is waited for until the next look, and not longer', async () => {
    const inside = await logOf(1, 2)
    await inside(async (store) => {
      const log = createLog()
      await log.catchUp(store.transaction)
      log.see(50)
      expect(log.isMissing).toBe(true)
      expect(await log.catchUp(store.transaction)).toEqual([])
      store.put({ id: 3, changes: [set('k3')] })
      log.see(3)
      expect(log.isMissing).toBe(false)
      expect(log.position).toBe(3)
    })
  })

  it('a log that starts anew, as after a deletion, is not mistaken for the old one', async () => {
    const inside = await logOf(1, 2, 3)
    const log = createLog()
    await inside(async (store) => void (await log.catchUp(store.transaction)))
    const again = openIndexedDbStore('shop')
    for (let commit = 0; commit < 6; commit++) await again.store.set([entryOf('k', commit)])
    const [database] = (await databaseNames()).filter((name) => name.includes('shop'))
    await inLog(async (store) => expect(await log.catchUp(store.transaction)).toContainEqual(EVERYTHING), database)
    await again.store.close()
  })
})

describe('garbage in it', () => {
  it.each([
    [{}],
    [{ changes: null }],
    [{ changes: 'set' }],
    [{ changes: [null, 5, 'k', [], {}, { type: 'set' }, { type: 'set', key: 5 }, { type: 'set', key: null, prefix: '' }] }],
    [{ changes: { length: 1, 0: { type: 'set', key: 'k' } } }],
  ])('a record like %j says nothing and stops nobody', async (record) => {
    const { store } = openIndexedDbStore('shop')
    const missed: Change[] = []
    const other = openIndexedDbStore('shop', { onMissed: (changes) => void missed.push(...changes) })
    await store.set([entryOf('a', 1)])
    await other.store.get('a')
    await turns()
    await inLog((log) => settled(log.add(record)))
    await store.set([entryOf('b', 1)])
    await inLog(async (log) => {
      const { id } = ((await settled(log.getAll())) as { id: number }[])[0]!
      expect((await recordsSince(log.transaction, id)).flatMap(({ changes }) => changes)).toEqual([set('a'), set('b')])
    })
    await store.close()
    await other.store.close()
  })

  it.each([['a word', 'zzz'], ['a list', [1]], ['a date', new Date(0)], ['a fraction', 1.5], ['a negative number', -7]])('a record numbered by %s hides no other', async (_what, id) => {
    const inside = await logOf(1, 2)
    await inside(async (store) => {
      store.put({ id, changes: [set('foreign')] })
      const log = createLog()
      await log.catchUp(store.transaction)
      for (const next of [3, 4]) store.put({ id: next, changes: [set(`k${next}`)] })
      const changes = await log.catchUp(store.transaction)
      expect(changes.some((change) => 'prefix' in change || ('key' in change && change.key === 'k4'))).toBe(true)
    })
  })
})
