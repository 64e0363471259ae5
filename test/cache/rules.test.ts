// The rules that hold everywhere (section 3 of the design), one by one, with a store whose answers the test holds back.

import { describe, expect, it, vi } from 'vitest'
import { createCache, type Cache } from '../../src/index.ts'
import { keysOf, NAME, PERSISTENT, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { HOUR, ManualClock, SECOND } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { countDisk, watchIndexedDb } from '../helpers/indexed-db.ts'
import { controlled, type Control } from '../helpers/stores.ts'
import { createPlainStore, type Rows } from '../store/plain-store.ts'

interface Setup {
  readonly cache: Cache<unknown>
  readonly control: Control<unknown>
  readonly clock: ManualClock
  readonly rows: Rows
}

/** @param stored what is in the store and not in memory */
async function setUp(stored: Record<string, unknown> = {}, tags: string[] = []): Promise<Setup> {
  const rows: Rows = new Map(Object.entries(stored).map(([key, value]) => [key, { key, value, createdAt: 0, ...(tags.length > 0 && { tags }) }]))
  const control = controlled(createPlainStore<unknown>(rows))
  const clock = new ManualClock()
  return { cache: createCache<unknown>({ store: control.store, clock }), control, clock, rows }
}

async function untilHeld(control: Control<unknown>, count = 1): Promise<void> {
  while (control.held < count) await turns(1)
}

describe('1: expired means expiresAt <= now, in memory and on disk alike', () => {
  it.each(PERSISTENT)('$title: one ms before it is served, at it it is not', async (arrangement) => {
    const { open, clock, reload } = placeOf(arrangement)
    let cache = open<number>()
    await cache.setMany([['a', 1], ['b', 2]], { ttl: SECOND })
    clock.advance(SECOND - 1)
    cache = await reload(cache)
    expect(await cache.sweep()).toBe(0)
    expect(await cache.get('a')).toBe(1)
    expect(await cache.get('a')).toBe(1)
    clock.advance(1)
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.get('b')).toBeUndefined()
    expect(await cache.sweep()).toBe(2)
  })

  // Not in iterations, and size is one: their steps are operations of their own (iteration.test.ts).
  it('the clock is read once in every call', async () => {
    const clock = new ManualClock()
    const cache = createCache<number>({ clock, name: NAME })
    await cache.set('a', 1, { ttl: HOUR })
    const calls: Record<string, () => unknown> = {
      get: () => cache.get('a'),
      'get of what is missing': () => cache.get('b'),
      getMany: () => cache.getMany(['a', 'b', 'c']),
      peek: () => cache.peek('a'),
      has: () => cache.has('a'),
      expiresAt: () => cache.expiresAt('a'),
      info: () => cache.info('b'),
      set: () => cache.set('a', 2, { ttl: HOUR }),
      setMany: () => cache.setMany([['a', 1], ['b', 2]], { ttl: HOUR }),
      add: () => cache.add('c', 1, { ttl: HOUR }),
      update: () => cache.update('a', 3),
      touch: () => cache.touch('a', HOUR),
      take: () => cache.take('a'),
      delete: () => cache.delete('b'),
      deleteMany: () => cache.deleteMany(['b', 'c']),
      deletePrefix: () => cache.deletePrefix('x'),
      deleteTag: () => cache.deleteTag('x'),
      'a served getOrLoad': () => cache.getOrLoad('d', () => 1),
      sweep: () => cache.sweep(),
      stats: () => cache.stats(),
      clear: () => cache.clear(),
    }
    await cache.set('d', 4)
    const reads: Record<string, number> = {}
    for (const [name, call] of Object.entries(calls)) {
      clock.reads = 0
      await call()
      reads[name] = clock.reads
    }
    expect(reads).toEqual(Object.fromEntries(Object.keys(calls).map((name) => [name, 1])))
    await cache.close()
  })

  it('a load reads it once more, when the value arrives', async () => {
    const clock = new ManualClock()
    const cache = createCache<number>({ clock })
    await cache.getOrLoad('a', () => 1)
    expect(clock.reads).toBe(2)
    await cache.close()
  })
})

describe('3: read your writes', () => {
  it('a read that began before a set cannot put the older value back into memory', async () => {
    const { cache, control } = await setUp({ a: 'old' })
    control.hold('after', 'get')
    const reading = cache.get('a')
    await untilHeld(control)
    const setting = cache.set('a', 'new')
    control.release()
    expect(['old', 'new']).toContain(await reading)
    await setting
    await turns()
    expect(cache.peek('a')).toBe('new')
    expect(await cache.get('a')).toBe('new')
  })

  it.each<[what: string, remove: (cache: Cache<unknown>) => Promise<unknown>]>([
    ['delete', (cache) => cache.delete('a')],
    ['take', (cache) => cache.take('a')],
    ['deleteMany', (cache) => cache.deleteMany(['a'])],
    ['deletePrefix', (cache) => cache.deletePrefix('a')],
    ['deleteTag', (cache) => cache.deleteTag('x')],
    ['clear', (cache) => cache.clear()],
    ['set with ttl 0', (cache) => cache.set('a', 'new', { ttl: 0 })],
  ])('nor one that began before a %s', async (_what, remove) => {
    const { cache, control } = await setUp({ a: 'old' }, ['x'])
    control.hold('after', 'get')
    const reading = cache.get('a')
    await untilHeld(control)
    const removing = remove(cache)
    control.release()
    await Promise.all([reading, removing])
    await turns()
    expect(cache.peek('a')).toBeUndefined()
    expect(await cache.get('a')).toBeUndefined()
  })

  it.each<[what: string, change: (cache: Cache<unknown>) => Promise<unknown>, after: unknown]>([
    ['update', (cache) => cache.update('a', 'new'), 'new'],
    ['add of what is there', (cache) => cache.add('a', 'new'), 'old'],
  ])('nor one that began before an %s', async (_what, change, after) => {
    const { cache, control } = await setUp({ a: 'old' })
    control.hold('after', 'get')
    const reading = cache.get('a')
    await untilHeld(control)
    const changing = change(cache)
    await turns()
    control.release()
    await Promise.all([reading, changing])
    await turns()
    expect(await cache.get('a')).toBe(after)
  })

  it('a change that the store decides late does not overwrite what was set meanwhile', async () => {
    const { cache, control } = await setUp({ a: 'old' })
    control.hold('after', 'change', 'take')
    const changes = [cache.update('a', 'updated'), cache.touch('a', 5), cache.take('a'), cache.add('a', 'added')]
    await untilHeld(control, 4)
    await cache.set('a', 'set')
    control.release()
    await Promise.all(changes)
    expect(cache.peek('a')).toBe('set')
    expect(await cache.expiresAt('a')).toBe(Infinity)
  })

  it('nor does it bring back what was removed meanwhile', async () => {
    for (const remove of [() => cache.delete('a'), () => cache.deletePrefix('a'), () => cache.deleteTag('x'), () => cache.clear()]) {
      var { cache, control } = await setUp({ a: 'old' }, ['x'])
      control.hold('after', 'change')
      const changing = cache.update('a', 'updated')
      await untilHeld(control)
      const removing = remove()
      control.release()
      await Promise.all([changing, removing])
      expect(cache.peek('a')).toBeUndefined()
      expect(await cache.get('a')).toBeUndefined()
    }
  })

  it('an expired entry that a slow read brings is not served, nor kept', async () => {
    const { cache, control, clock, rows } = await setUp()
    rows.set('a', { key: 'a', value: 1, createdAt: 0, expiresAt: clock.time + 10 })
    control.hold('after', 'get')
    const reading = cache.get('a')
    await untilHeld(control)
    clock.advance(10)
    expect(cache.stats().memory.size).toBe(0)
    control.release()
    await reading
    expect(cache.peek('a')).toBeUndefined()
    expect(await cache.get('a')).toBeUndefined()
    expect(cache.stats().memory.size).toBe(0)
  })
})

describe('4: an in-flight load never outlives an invalidation', () => {
  it('also when the invalidation comes while the load still asks the store', async () => {
    const { cache, control } = await setUp()
    control.hold('after', 'get')
    const loading = cache.getOrLoad('a', () => 'loaded')
    await untilHeld(control)
    await cache.delete('a')
    control.release()
    expect(await loading).toBe('loaded')
    await turns()
    expect(await cache.get('a')).toBeUndefined()
  })

  it('in a second cache on the same data nothing appears either', async () => {
    const { open } = placeOf(TWO_TIERS)
    const [one, other] = [open<string>(), open<string>()]
    let arrive!: (value: string) => void
    const loading = one.getOrLoad('a', () => new Promise<string>((resolve) => (arrive = resolve)))
    while (!arrive) await turns(1)
    await one.deletePrefix('')
    arrive('old')
    expect(await loading).toBe('old')
    await one.flush()
    expect(await other.get('a')).toBeUndefined()
  })
})

describe('5: a read never writes to disk', () => {
  it('not get, has, info, size or iteration, not even of what expired', async () => {
    const { open, clock, reload } = placeOf(TWO_TIERS)
    let cache = open<number>()
    await cache.setMany([['a', 1], ['b', 2]], { ttl: SECOND })
    await cache.set('c', 3)
    cache = await reload(cache)
    clock.advance(SECOND)
    const seen = watchIndexedDb()
    await cache.get('a')
    await cache.get('c')
    await cache.getMany(['a', 'b', 'c'])
    await cache.has('a')
    await cache.info('b')
    await cache.expiresAt('c')
    await cache.size()
    await keysOf(cache as never)
    await turns()
    expect(seen).toMatchObject({ readwrite: 0, puts: 0 })
    expect(await countDisk(NAME)).toMatchObject({ records: 3 })
  })

  it('a hit in memory asks the disk nothing', async () => {
    const { open } = placeOf(TWO_TIERS)
    const cache = open<number>()
    await cache.set('a', 1)
    const seen = watchIndexedDb()
    await cache.get('a')
    await cache.getOrLoad('a', () => 2)
    await cache.info('a')
    expect(seen).toEqual({ readonly: 0, readwrite: 0, puts: 0, opens: 0 })
  })
})

describe('6: storage faults never fail a read', () => {
  it('an iteration that is left early ends well, though the store cannot end its own', async () => {
    const unhandled = vi.fn<(reason: unknown) => void>()
    process.on('unhandledRejection', unhandled)
    const plain = createPlainStore<number>()
    async function* entries(): ReturnType<typeof plain.entries> {
      try {
        yield* plain.entries()
      } finally {
        throw new Error('the cursor is gone')
      }
    }
    const cache = createCache<number>({ store: { ...plain, entries }, maxEntries: 1 })
    await cache.setMany([['a', 1], ['b', 2], ['c', 3]])
    let seen = 0
    // Memory holds one of them.
    for await (const _ of cache.keys()) if (++seen === 2) break
    await turns()
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
    await cache.close()
  })
})

describe('7: nothing grows without a bound', () => {
  it('loads and reads that have ended are forgotten, failed ones too', async () => {
    const { cache, control } = await setUp()
    control.fail(new Error('unreadable'), 'get')
    for (let round = 0; round < 5; round++) {
      await cache.getOrLoad('a', () => undefined)
      await cache.getOrLoad('a', () => Promise.reject(new Error('offline'))).catch(() => {})
      await cache.get('a')
    }
    control.fail(undefined, 'get')
    expect(await cache.getOrLoad('a', () => 1)).toBe(1)
  })
})

describe('8: values are handed over, not copied, in memory', () => {
  it('get gives the very value until the entry is read from the store', async () => {
    const { open, reload } = placeOf(TWO_TIERS)
    let cache = open<object>()
    const value = { a: 1 }
    await cache.set('a', value)
    expect(await cache.get('a')).toBe(value)
    cache = await reload(cache)
    const copy = await cache.get('a')
    expect(copy).toEqual(value)
    expect(copy).not.toBe(value)
    expect(await cache.get('a')).toBe(copy)
  })
})

describe('9: nothing happens before it is needed', () => {
  it('creating a cache opens no database, starts no timer and reads no clock', async () => {
    const seen = watchIndexedDb()
    const timer = vi.spyOn(globalThis, 'setTimeout')
    const clock = new ManualClock()
    const cache = createCache({ name: NAME, clock, ttl: SECOND })
    await turns()
    expect(seen.opens).toBe(0)
    expect(timer).not.toHaveBeenCalled()
    expect(clock.reads).toBe(0)
    await cache.close()
    expect(seen.opens).toBe(0)
    vi.restoreAllMocks()
  })
})

it('a store that says null of what is missing, as one of JSON may, has nothing there', async () => {
  const { get, ...plain } = createPlainStore<number>()
  const cache = createCache<number>({ store: { ...plain, get: async (key) => (await get(key)) ?? (null as never) }, maxEntries: 1 })
  expect([await cache.get('a'), await cache.has('a'), await cache.getMany(['a', 'b'])]).toEqual([undefined, false, new Map()])
  expect(await cache.getOrLoad('a', () => 1)).toBe(1)
  expect(await cache.get('a')).toBe(1)
  await cache.close()
})
