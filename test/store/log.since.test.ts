// Write.since: a write that counts only if nothing it concerns has changed since a position of the log.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Change, Entry, Write } from '../../src/index.ts'
import { createIndexedDbStore, type IndexedDbStore } from '../../src/store/indexeddb-store.ts'
import { LOG_LENGTH } from '../../src/store/log.ts'
import { turns } from '../helpers/deferred.ts'
import { UNWATCHED } from '../helpers/indexeddb-store.ts'
import { inLog, recorded, set } from '../helpers/log.ts'
import { callsOf, type StoreCalls } from './calls.ts'
import { entryOf } from './conformance.ts'

let one: IndexedDbStore<unknown>
let other: StoreCalls<unknown>

function openStore(): IndexedDbStore<unknown> {
  return createIndexedDbStore({ ...UNWATCHED, name: 'shop' })
}

beforeEach(async () => {
  one = openStore()
  other = callsOf(openStore())
  await other.set([entryOf('a', 'old', { tags: ['x'] }), entryOf('b', 'old')])
  await one.get('a')
  await turns()
})

afterEach(async () => {
  await one.close()
  await other.close()
})

/** A write as a load makes it. */
function since(position: number | undefined, entry: Entry<unknown>): Write<unknown> {
  return { change: set(entry.key), entry, since: position, decide: () => entry }
}

async function valueOf(key: string): Promise<unknown> {
  return (await one.get(key))?.value
}

describe('refused', () => {
  it.each<[what: string, change: () => Promise<unknown>, left: unknown]>([
    ['a set of its key', () => other.set([entryOf('a', 'theirs')]), 'theirs'],
    ['a delete of its key', () => other.take('a'), undefined],
    ['deletePrefix', () => other.deletePrefix('a'), undefined],
    ['deleteTag of a tag that it will have', () => other.deleteTag('new tag'), 'old'],
    ['a clear', () => other.deletePrefix(''), undefined],
  ])('after %s: what is there stays, the write tells so, and the log says nothing', async (_what, change, left) => {
    const { position } = one
    await change()
    const before = await recorded()
    const write = since(position, entryOf('a', 'loaded', { tags: ['new tag'] }))
    await one.write([write])
    expect(await valueOf('a')).toBe(left)
    expect(write.entry).toBe(write.found)
    expect(write.entry?.value).toBe(left)
    expect(await recorded()).toEqual(before)
  })

  it('after more than the log holds', async () => {
    const { position } = one
    for (let commit = 0; commit < LOG_LENGTH + 100; commit++) await other.set([entryOf('b', commit)])
    await one.write([since(position, entryOf('a', 'loaded'))])
    expect(await valueOf('a')).toBe('old')
  })

  it('alone: the others of its transaction go through', async () => {
    const { position } = one
    await other.take('a')
    await Promise.all([one.write([since(position, entryOf('a', 'loaded'))]), one.write([since(position, entryOf('c', 'loaded'))]), one.write([{ change: set('d'), entry: entryOf('d', 'set') }])])
    expect(await Promise.all(['a', 'c', 'd'].map(valueOf))).toEqual([undefined, 'loaded', 'set'])
    expect(new Set((await recorded()).at(-1)!.changes)).toEqual(new Set([set('c'), set('d')]))
  })

  it('a later position in the same transaction does not save the earlier one, nor the other way round', async () => {
    const early = one.position
    await other.take('a')
    await other.take('b')
    await one.catchUp()
    await Promise.all([one.write([since(early, entryOf('a', 'early'))]), one.write([since(one.position, entryOf('b', 'late'))])])
    expect(await Promise.all(['a', 'b'].map(valueOf))).toEqual([undefined, 'late'])
  })
})

describe('carried out', () => {
  it.each<[what: string, change: () => Promise<unknown>]>([
    ['nothing', async () => {}],
    ['changes of other keys', () => other.set([entryOf('b', 1), entryOf('aa', 1)])],
    ['another prefix', () => other.deletePrefix('a:')],
    ['a tag that it will not have', () => other.deleteTag('x')],
    ['a change that changed nothing', () => other.change('a', (found) => found)],
    ['a sweep', () => other.sweep(1)],
  ])('after %s', async (_what, change) => {
    const { position } = one
    await change()
    await one.write([since(position, entryOf('a', 'loaded'))])
    expect(await valueOf('a')).toBe('loaded')
    expect((await recorded()).at(-1)!.changes).toEqual([set('a')])
  })

  it('what happened up to the position does not count', async () => {
    await other.set([entryOf('a', 'theirs')])
    await one.catchUp()
    await one.write([since(one.position, entryOf('a', 'loaded'))])
    expect(await valueOf('a')).toBe('loaded')
  })

  it('without a position there is no fence', async () => {
    await other.set([entryOf('a', 'theirs')])
    await one.write([since(undefined, entryOf('a', 'loaded'))])
    expect(await valueOf('a')).toBe('loaded')
  })

  it('foreign records in the log concern nothing', async () => {
    const { position } = one
    const odd = [null, { type: 'delete' }, { type: 'delete', key: 1 }, 'a'] as unknown as Change[]
    await inLog((log) => void log.add({ changes: odd }))
    await inLog((log) => void log.add({ nothing: 1 }))
    await one.write([since(position, entryOf('a', 'loaded'))])
    expect(await valueOf('a')).toBe('loaded')
  })
})

describe('the position', () => {
  it('is unknown before the store is used, and then the end of the log', async () => {
    const fresh = openStore()
    expect(fresh.position).toBeUndefined()
    await fresh.get('a')
    await turns()
    expect(fresh.position).toBe((await recorded()).at(-1)!.id)
    await fresh.close()
  })

  it('goes on with its own commits, and with those that it is told of', async () => {
    const before = one.position!
    await one.write([{ change: set('c'), entry: entryOf('c', 1) }])
    expect(one.position).toBe(before + 1)
    await other.set([entryOf('d', 1)])
    await other.set([entryOf('e', 1)])
    one.see([before + 3])
    expect(one.position).toBe(before + 1)
    one.see([before + 2])
    expect(one.position).toBe(before + 3)
  })

  it('what nobody told of is told when it catches up, once', async () => {
    const missed: Change[] = []
    const third = createIndexedDbStore<unknown>({ ...UNWATCHED, name: 'shop', maxStoredEntries: 10, onMissed: (changes) => void missed.push(...changes) })
    await third.get('a')
    await turns()
    await other.set([entryOf('c', 1)])
    await third.write([{ change: set('own'), entry: entryOf('own', 1) }])
    await other.deleteTag('x')
    await third.catchUp()
    await third.catchUp()
    expect(missed).toEqual([set('c'), { type: 'deleteTag', tag: 'x' }])
    await third.close()
  })
})
