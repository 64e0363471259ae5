// Encoding takes its time, and nothing gets out of order by it: each write is on disk after those asked for before it, and
// whatever asks the disk waits for what is still being encoded.

import { describe, expect, it, onTestFinished } from 'vitest'
import { withCodec } from '../../src/codec.ts'
import { createCache, type Cache, type CacheOptions, type Entry, type Write } from '../../src/index.ts'
import { ALL_DECODED, collected, keysOf, NAME, placeOf, storedValue } from '../helpers/caches.ts'
import { controlledCodec, type ControlledCodec } from '../helpers/codecs.ts'
import { isPending, turns } from '../helpers/deferred.ts'
import { lookAtDisk, onTransaction, watchIndexedDb } from '../helpers/indexed-db.ts'
import { createPlainStore, type Rows } from '../store/plain-store.ts'

interface Opened extends ControlledCodec {
  readonly cache: Cache<number>
  reload(): Promise<Cache<number>>
}

/** A cache that has nothing in memory, so that every answer comes from disk. */
async function openReady(options: CacheOptions<number> = {}): Promise<Opened> {
  const control = controlledCodec()
  const place = placeOf(ALL_DECODED)
  const cache = place.open<number>({ codec: control.codec, ...options })
  await cache.get('nothing')
  return { cache, ...control, reload: () => place.reload(cache) }
}

/** What lies on disk: 'key value' each. */
async function onDisk(): Promise<string[]> {
  return (await lookAtDisk(NAME)).records.map(({ key, value }) => `${String(key)} ${String(storedValue(value))}`)
}

describe('a read', () => {
  it('does not wait for what is being encoded for other keys', async () => {
    const { cache, hold, release } = await openReady()
    await cache.setMany([['a', 1], ['b', 2]])
    hold('x', 'y')
    const writes: Promise<unknown>[] = [cache.set('x', 1)]
    await turns()
    writes.push(cache.add('y', 1))
    await turns()
    expect(await cache.get('a')).toBe(1)
    expect(await cache.getOrLoad('b', () => 3)).toBe(2)
    writes.push(cache.delete('a'))
    const reading = [cache.get('x'), cache.get('y'), cache.get('a')]
    await turns()
    for (const each of reading) expect(await isPending(each)).toBe(true)
    release()
    expect(await Promise.all(reading)).toEqual([1, 1, undefined])
    await Promise.all(writes)
  })

  it.each<[string, (cache: Cache<number>) => Promise<unknown>]>([
    ['deletePrefix', (cache) => cache.deletePrefix('a')],
    ['deleteTag', (cache) => cache.deleteTag('x')],
    ['clear', (cache) => cache.clear()],
  ])('sees a %s that waits for what is being encoded', async (_what, call) => {
    const { cache, hold, release } = await openReady()
    await cache.set('a', 1, { tags: ['x'] })
    hold('slow')
    const writes: Promise<unknown>[] = [cache.set('slow', 1)]
    await turns()
    writes.push(call(cache))
    const reading = cache.get('a')
    await turns()
    release()
    expect(await reading).toBeUndefined()
    await Promise.all(writes)
  })
})

describe('sets', () => {
  it('of one tick are encoded all at once, and share a transaction', async () => {
    const { cache, asked, hold, release } = await openReady()
    hold()
    const counts = watchIndexedDb()
    const keys = Array.from({ length: 50 }, (_, number) => `k${number}`)
    const sets = Promise.all(keys.map((key, number) => cache.set(key, number)))
    await turns()
    expect(asked).toEqual(keys.map((key) => `encode ${key}`))
    expect(counts.readwrite).toBe(0)
    release()
    await sets
    expect(counts).toMatchObject({ readwrite: 1, readonly: 0 })
    expect(await onDisk()).toHaveLength(50)
  })

  it('are encoded before a transaction is begun', async () => {
    const { cache, asked } = await openReady()
    const events: string[] = []
    onTransaction((_transaction, mode) => events.push(`${mode} after ${asked.length}`))
    await Promise.all([cache.set('a', 1), cache.set('b', 2)])
    expect(events).toEqual(['readwrite after 2'])
  })

  it('are on disk in the order of the calls, however long each takes', async () => {
    const { cache, hold, release } = await openReady()
    hold('slow')
    const slow = cache.set('slow', 1)
    const sameTick = cache.set('a', 1)
    await turns()
    const later = cache.set('b', 2)
    const last = cache.set('a', 3)
    await turns()
    expect(await onDisk()).toEqual([])
    release()
    await Promise.all([slow, sameTick, later, last])
    expect(await onDisk()).toEqual(['a 3', 'b 2', 'slow 1'])
  })

  it('of one key: the later one stays, though it is encoded first', async () => {
    const { cache, hold, release } = await openReady()
    hold('a')
    const first = cache.set('a', 1)
    await turns()
    hold('no other')
    const second = cache.set('a', 2)
    await turns()
    release()
    await Promise.all([first, second])
    expect(await onDisk()).toEqual(['a 2'])
  })

  it('are encoded while those before them are still at it', async () => {
    const { cache, asked, hold, release } = await openReady()
    hold()
    const sets = [cache.set('a', 1)]
    await turns()
    sets.push(cache.set('b', 2))
    await turns()
    expect(asked).toEqual(['encode a', 'encode b'])
    release()
    await Promise.all(sets)
  })
})

describe('what comes after a write that is being encoded', () => {
  it.each<[string, (cache: Cache<number>) => Promise<unknown>, unknown]>([
    ['get', (cache) => cache.get('a'), 1],
    ['getMany', (cache) => cache.getMany(['a']), new Map([['a', 1]])],
    ['has', (cache) => cache.has('a'), true],
    ['take', (cache) => cache.take('a'), 1],
    ['add', (cache) => cache.add('a', 2), false],
    ['update', (cache) => cache.update('a', 2), 1],
    ['touch', (cache) => cache.touch('a', 5), true],
    ['delete', (cache) => cache.delete('a'), true],
    ['getOrLoad', (cache) => cache.getOrLoad('a', () => 2), 1],
    ['entries', (cache) => collected(cache.entries()), [['a', 1]]],
    ['size', (cache) => cache.size(), 1],
    ['flush', (cache) => cache.flush().then(onDisk), ['a 1']],
    ['close', (cache) => cache.close().then(onDisk), ['a 1']],
  ])('%s waits for it, and sees it', async (_name, call, expected) => {
    const { cache, hold, release } = await openReady()
    hold('a')
    void cache.set('a', 1)
    const answer = call(cache)
    expect(await isPending(answer)).toBe(true)
    release()
    expect(await answer).toEqual(expected)
  })

  it.each<[string, (cache: Cache<number>) => Promise<unknown>]>([
    ['delete', (cache) => cache.delete('a1')],
    ['deleteMany', (cache) => cache.deleteMany(['a1'])],
    ['deletePrefix', (cache) => cache.deletePrefix('a')],
    ['deleteTag', (cache) => cache.deleteTag('x')],
    ['clear', (cache) => cache.clear()],
    ['set with ttl 0', (cache) => cache.set('a1', 2, { ttl: 0 })],
    ['setMany of another value', (cache) => cache.setMany([['a1', 5], ['b', 5]])],
  ])('%s is done after it', async (_name, call) => {
    const { cache, hold, release } = await openReady()
    hold('a1')
    void cache.set('a1', 1, { tags: ['x'] })
    const removal = call(cache)
    await turns()
    release()
    await removal
    expect(await onDisk()).not.toContain('a1 1')
  })

  it('sweep() waits for it, and frees it when it has expired meanwhile', async () => {
    const place = placeOf(ALL_DECODED)
    const { codec, hold, release } = controlledCodec()
    const cache = place.open<number>({ codec })
    hold('a')
    void cache.set('a', 1, { ttl: 5 })
    place.clock.advance(5)
    const swept = cache.sweep()
    await turns()
    release()
    expect(await swept).toBe(1)
    expect(await onDisk()).toEqual([])
  })

  it('a load after a delete of its key is stored, though the delete is not on disk yet', async () => {
    const { cache, hold, release } = await openReady()
    await cache.set('a', 1)
    hold('b')
    void cache.set('b', 1)
    void cache.delete('a')
    const loaded = cache.getOrLoad('a', () => 2)
    await turns()
    release()
    expect(await loaded).toBe(2)
    await cache.flush()
    expect(await onDisk()).toEqual(['a 2', 'b 1'])
  })

  it('destroy() does not wait for it, and it is not written any more', async () => {
    const { cache, hold, release } = await openReady()
    hold('a')
    const set = cache.set('a', 1)
    const later = cache.update('a', 2)
    await turns()
    await cache.destroy()
    release()
    await Promise.allSettled([set, later])
    expect((await lookAtDisk(NAME)).records).toEqual([])
  })

  it('destroy() of a store handed in is not followed by it', async () => {
    const rows: Rows = new Map()
    const { codec, hold, release } = controlledCodec()
    const lasting = createPlainStore<number>(rows)
    // Redis goes on after one of its users has destroyed what was his.
    const cache = createCache<number>({ codec, store: { ...lasting, destroy: async () => rows.clear() } })
    onTestFinished(() => cache.close())
    hold('a')
    const set = cache.set('a', 1)
    await turns()
    await cache.destroy()
    release()
    await set
    await turns()
    expect([...rows]).toEqual([])
  })
})

describe('changes that look at what is there', () => {
  it('keep their order among sets of their tick', async () => {
    const { cache } = await openReady()
    const told = await Promise.all([cache.set('a', 1), cache.update('a', 2), cache.set('a', 3), cache.update('a', 4), cache.add('a', 5), cache.take('a'), cache.add('a', 6)])
    expect(told).toEqual([undefined, 1, undefined, 3, false, 4, true])
    expect(await onDisk()).toEqual(['a 6'])
  })

  it('of one key follow each other: of updates the last stays, and each is told what was before it', async () => {
    const { cache, hold, release } = await openReady()
    await cache.set('a', 0)
    hold('a')
    const updates = [1, 2, 3].map((value) => cache.update('a', value))
    // Each in its turn: the next is not asked to encode before the one before is on disk.
    for (const _ of updates) {
      await turns()
      release()
      hold('a')
    }
    release()
    expect(await Promise.all(updates)).toEqual([0, 1, 2])
    expect(await onDisk()).toEqual(['a 3'])
  })

  it('of several keys run at once', async () => {
    const { cache, asked, hold, release } = await openReady()
    hold()
    const adds = [cache.add('a', 1), cache.add('b', 2), cache.add('', 3)]
    await turns()
    expect(asked).toEqual(['encode a', 'encode b', 'encode '])
    release()
    expect(await Promise.all(adds)).toEqual([true, true, true])
    expect(await onDisk()).toEqual([' 3', 'a 1', 'b 2'])
  })

  it('are over before a removal that was asked for after them', async () => {
    const { cache, hold, release } = await openReady()
    hold('a')
    void cache.add('a', 1)
    const removal = cache.clear()
    await turns()
    release()
    await removal
    expect(await onDisk()).toEqual([])
  })

  it('of an empty key keep their order too', async () => {
    const { cache } = await openReady()
    expect(await Promise.all([cache.add('', 1), cache.add('', 2), cache.update('', 3), cache.set('', 4), cache.take('')])).toEqual([true, false, 1, undefined, 4])
    expect(await onDisk()).toEqual([])
  })

  it('touch() encodes again, as the expiry is bound', async () => {
    const { cache, asked, reload } = await openReady()
    await cache.set('a', 1, { ttl: 5 })
    expect(await cache.touch('a', 500)).toBe(true)
    expect(asked).toEqual(['encode a', 'decode a', 'encode a'])
    const next = await reload()
    expect(await next.get('a')).toBe(1)
    expect(await keysOf(next as never)).toEqual(['a'])
  })

  it('that leave all as it is encode and write nothing', async () => {
    const { cache, asked } = await openReady()
    await cache.set('a', 1)
    asked.length = 0
    const counts = watchIndexedDb()
    expect(await cache.update('b', 1)).toBeUndefined()
    expect(await cache.touch('b', 1)).toBe(false)
    expect(asked).toEqual([])
    expect(await cache.add('a', 2)).toBe(false)
    // As if nothing were there, then for what is there.
    expect(asked).toEqual(['encode a', 'decode a'])
    expect(counts.puts).toBe(0)
  })

  it('that know their entry decide by the times of what is there, undecoded', async () => {
    const rows: Rows = new Map()
    const { codec, asked } = controlledCodec()
    const store = withCodec(createPlainStore<number>(rows), codec, (error) => { throw error })
    const entryOf = (value: number, createdAt: number): Entry<number> => ({ key: 'a', value, createdAt })
    const writeUnlessLater = async (entry: Entry<number>): Promise<boolean> => {
      const write: Write<number> = { change: { type: 'set', key: 'a' }, entry, decide: (found) => (found && found.createdAt > entry.createdAt ? found : entry) }
      await store.write([write])
      return write.entry === entry
    }
    expect(await writeUnlessLater(entryOf(1, 5))).toBe(true)
    expect(await writeUnlessLater(entryOf(2, 4))).toBe(false)
    expect(await writeUnlessLater(entryOf(3, 6))).toBe(true)
    expect(asked).toEqual(['encode a', 'encode a', 'encode a'])
    expect(await store.get('a')).toEqual(entryOf(3, 6))
  })
})
