// Writes that storage refuses: room is made once, nothing is tried without end, and no older value comes back, ever.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Cache, LoaderContext } from '../../src/index.ts'
import { runs } from '../helpers/property.ts'
import { createSite, expectMemoryServes, FULL_DISK, NO_WRITES, rejection, type Site } from './support/site.ts'

const MINUTE = 60_000
const FULL = { class: 'capacity', phase: 'commit', action: 'made-room' }

/** Transactions that change something, those that only looked left out. */
const writing = (site: Site): number => site.factory.count('transaction', ({ mode }) => mode === 'readwrite')

/** Twenty entries `e0` to `e19` that expire one after the other, of which the first three have expired, and `never`. */
async function almostFull(options: object = {}): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite()
  const cache = await site.ready<unknown>({ sweepInterval: 2 ** 31 - 1, ...options })
  for (let place = 0; place < 20; place++) await site.within(1_000, cache.set(`e${place}`, 'old', { ttl: place < 3 ? 10 : MINUTE * (10 + place) }))
  await site.within(1_000, cache.set('never', 'old'))
  await site.pass(20)
  site.factory.forget()
  return { site, cache }
}

it('F18: a quota error at commit makes room, expired first, and the write goes through', async () => {
  const { site, cache } = await almostFull()
  const rule = site.factory.fail({ ...FULL_DISK, times: 1 })
  await site.within(1_000, cache.set('new', 1))
  expect(rule.fired).toBe(1)
  const left = Object.keys(await site.values())
  expect(left).toEqual(expect.arrayContaining(['new', 'never', 'e19', 'e10']))
  expect(left).not.toContain('e0')
  expect(left).not.toContain('e2')
  expect(left.length, 'a tenth of the entries at least').toBeLessThanOrEqual(21 - 2 + 1)
  expect(writing(site)).toBe(3)
  const made = site.factory.calls.filter(({ operation, mode }) => operation === 'transaction' && mode === 'readwrite')[1]!
  expect(site.factory.count('put', ({ transaction }) => transaction === made.transaction), 'deletes need no quota, nothing else does').toBe(0)
  expect(site.factory.count('add', ({ transaction }) => transaction === made.transaction), 'nor a record in the log').toBe(0)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(site.errors.length).toBeLessThanOrEqual(1)
  expect(await site.within(1_000, (await site.reload<unknown>()).get('new'))).toBe(1)
})

it('F18: where nothing has expired, a tenth of the entries goes, the soonest to expire', async () => {
  const { site, cache } = await almostFull()
  await site.within(1_000, cache.sweep())
  site.factory.fail({ ...FULL_DISK, times: 1 })
  await site.within(1_000, cache.set('new', 1))
  const left = Object.keys(await site.values())
  expect(left).toContain('new')
  expect(left).toContain('never')
  expect(left).not.toContain('e3')
  expect(left.length).toBeGreaterThan(12)
  expect(await site.within(1_000, cache.get('e3')), 'memory still has it').toBe('old')
})

it('F18: a quota error at commit rejects, after room was made once', async () => {
  const { site, cache } = await almostFull()
  site.factory.fail(FULL_DISK)
  const writes = [cache.set('e19', 'new'), cache.set('other', 1)]
  expect(await rejection(site.within(1_000, writes[0]!))).toMatchObject({ code: 'quota-exceeded', fault: FULL, cause: { name: 'QuotaExceededError' } })
  await rejection(writes[1]!)
  expect(writing(site), 'the write, the room, the write again, what is owed').toBeLessThanOrEqual(4)
  expect(site.reports, 'told once, with how many it concerned').toMatchObject([{ code: 'quota-exceeded', ...FULL, count: 2 }])
  expect(cache.status).toMatchObject({ persistence: 'memory', fault: FULL, reason: expect.any(String) })
  expect(await site.within(0, cache.getMany(['e19', 'other']))).toEqual(new Map<string, unknown>([['e19', 'new'], ['other', 1]]))
  expect(await site.values(), 'deletes need no quota: the older value goes').not.toHaveProperty('e19')
})

it.each([true, false])('F18: after a quota error no older value comes back with a reload (with localStorage: %s)', async (localStorage) => {
  const site = createSite({ localStorage })
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany([['a', 'old'], ['b', 'old']]))
  site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, cache.set('a', 'new')))
  const next = await site.reload<unknown>()
  expect(await site.within(5_000, next.get('a'))).toBeUndefined()
  expect(await site.within(5_000, next.getOrLoad('a', () => 'loaded'))).toBe('loaded')
})

it('F19: on a disk that stays full there is no storm: memory serves, one probe a minute, all is written when there is room', async () => {
  const { site, cache } = await almostFull({ maxEntries: 300 })
  const rule = site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, cache.set('k0', 0)))
  const puts = (): number => site.factory.count('put', ({ store }) => store === 'entries')
  const [first, tried] = [writing(site), puts()]
  expect(first).toBeLessThanOrEqual(4)
  for (let step = 1; step < 200; step++) await site.within(0, cache.set(`k${step}`, step))
  await site.within(0, cache.setMany([['m1', 1], ['m2', 2]]))
  expect(puts(), 'nothing is put while it is full').toBe(tried)
  expect(writing(site), 'one removal of an older value each, at most').toBeLessThanOrEqual(first + 200)
  expect(await site.within(0, cache.get('k199'))).toBe(199)
  await site.pass(55_000)
  expect(puts(), 'no probe before its time').toBe(tried)
  site.factory.forget()
  await site.pass(10 * MINUTE)
  expect(puts()).toBeGreaterThan(0)
  expect(writing(site)).toBeLessThanOrEqual(11 * 3)
  expect(site.reports).toHaveLength(1)
  expect(site.statuses).toHaveLength(1)
  rule.end()
  await site.pass(65_000)
  expect(site.statuses.map(({ persistence }) => persistence)).toEqual(['memory', 'indexeddb'])
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toMatchObject({ k0: 0, k199: 199, m1: 1, m2: 2 })
  expect(site.storage.size, 'nothing is owed').toBe(0)
})

it('F19: on a disk that stays full reads and removals go on', async () => {
  const { site, cache } = await almostFull({ maxEntries: 1 })
  site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, cache.set('k', 0)))
  expect(await site.within(100, cache.get('e18'))).toBe('old')
  expect(await site.within(100, cache.get('never'))).toBe('old')
  expect(await site.within(1_000, cache.delete('e18'))).toBe(true)
  expect(await site.within(1_000, cache.take('e17'))).toBe('old')
  expect(await site.within(100, cache.getMany(['e17', 'e18']))).toEqual(new Map())
  const left = await site.values()
  expect(left).not.toHaveProperty('e18')
  expect(left).not.toHaveProperty('e17')
  await site.within(1_000, cache.clear())
  expect(await site.values()).toEqual({})
})

it.each<[call: string, run: (cache: Cache<unknown>) => Promise<unknown>, told: unknown]>([
  ['touch', (cache) => cache.touch('e18', 1), false],
  ['update', (cache) => cache.update('e18', 'new'), undefined],
])('F19: on a disk that stays full %s leaves what memory does not hold as it is', async (_call, run, told) => {
  for (const options of [{}, { codec: { encode: (value: unknown) => value, decode: (stored: unknown) => stored } }]) {
    const { site, cache } = await almostFull({ maxEntries: 1, ...options })
    site.factory.fail(FULL_DISK)
    await rejection(site.within(1_000, cache.set('k', 0)))
    const before = (await site.values())['e18']
    expect(await site.within(1_000, run(cache))).toBe(told)
    await site.pass(100)
    expect(before).toBeDefined()
    expect((await site.values())['e18']).toEqual(before)
    // What it does hold memory changes, and the disk must not bring back.
    await site.within(1_000, cache.get('e17'))
    expect(await site.within(1_000, cache.update('e17', 'new'))).toBe('old')
    await site.pass(100)
    expect(await site.values()).not.toHaveProperty('e17')
  }
})

it('F19: a value that is replaced while the disk is full does not come back with a reload', async () => {
  for (const localStorage of [true, false]) {
    const site = createSite({ localStorage })
    const cache = await site.ready<unknown>()
    await site.within(1_000, cache.setMany([['a', 'old'], ['b', 'old'], ['c', 'old']]))
    site.factory.fail(FULL_DISK)
    await rejection(site.within(1_000, cache.set('a', 'new')))
    await site.within(1_000, cache.set('b', 'new'))
    expect(await site.within(1_000, cache.update('c', 'new'))).toBe('old')
    await site.pass(1_000)
    const next = await site.reload<unknown>()
    expect(await site.within(5_000, next.getMany(['a', 'b', 'c'])), String(localStorage)).toEqual(new Map())
  }
})

it('F20: a full disk at open: memory serves, nothing is evicted, one probe every five minutes', async () => {
  const site = createSite()
  await site.within(1_000, site.open().set('old', 1, { ttl: 60 * MINUTE }))
  await site.crash()
  const message = 'Encountered full disk while opening backing store for indexedDB.open.'
  const rule = site.factory.fail({ operation: 'open', phase: 'request', error: 'QuotaExceededError', message })
  const cache = site.open<unknown>()
  await site.within(100, cache.set('a', 1))
  expect(cache.status).toMatchObject({ persistence: 'memory', fault: { class: 'capacity-at-open', phase: 'open', action: 'memory' } })
  expect(site.reports).toMatchObject([{ code: 'open-failed', class: 'capacity-at-open', phase: 'open', action: 'memory' }])
  await expectMemoryServes(site, cache)
  await site.pass(290_000)
  expect(site.factory.count('open'), 'no probe before its time').toBe(1)
  await site.pass(30 * MINUTE)
  expect(site.factory.count('open')).toBeGreaterThan(3)
  expect(site.factory.count('open')).toBeLessThanOrEqual(8)
  expect(site.factory.count('transaction') + site.factory.count('deleteDatabase')).toBe(0)
  rule.end()
  await site.pass(310_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.values()).toEqual({ old: 1, a: 1 })
})

it.each(['abort', 'commit'] as const)('F21: a transaction that aborts without an error (%s) is done once more', async (phase) => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  const rule = site.factory.fail({ operation: 'put', phase, error: null, times: 1 })
  await site.within(1_000, Promise.all([cache.set('a', 1), cache.add('b', 2)]))
  expect(rule.fired).toBe(1)
  expect(writing(site)).toBe(2)
  expect(await site.values()).toEqual({ a: 1, b: 2 })
  expect(site.errors).toEqual([])
})

it.each(['abort', 'commit'] as const)('F21: one that aborts without an error time after time (%s) rejects with an AbortError', async (phase) => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  site.factory.fail({ operation: 'put', phase, error: null })
  expect(await rejection(site.within(1_000, cache.set('a', 1)))).toMatchObject({
    code: 'write-failed',
    cause: { name: 'AbortError' },
    fault: { class: 'stale-handle', action: 'retried' },
  })
  expect(writing(site)).toBeLessThanOrEqual(3)
  expect(site.reports).toHaveLength(1)
  expect(await site.within(0, cache.get('a'))).toBe(1)
})

it('F21: a read whose transaction aborts without an error is done once more', async () => {
  const site = createSite()
  await site.within(1_000, site.open().set('a', 1))
  await site.crash()
  const cache = await site.ready<unknown>()
  site.factory.fail({ operation: 'get', phase: 'abort', error: null, times: 1 })
  expect(await site.within(1_000, cache.get('a'))).toBe(1)
  expect(site.errors).toEqual([])
})

const UNCLONEABLE: [what: string, value: () => unknown][] = [
  ['a function', () => () => {}],
  ['a symbol', () => Symbol('x')],
  ['a promise', () => Promise.resolve()],
  ['a WeakMap', () => new WeakMap()],
  ['a proxy', () => new Proxy({}, {})],
  ['a getter that throws', () => ({ get trap() { throw new RangeError('mine') } })],
  ['a getter that runs out of time', () => ({ get trap() { throw new DOMException('mine', 'TimeoutError') } })],
]

it.each(UNCLONEABLE)('F22: %s in a batch fails its own caller; the rest is stored', async (_what, value) => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('bad', 'old'))
  site.factory.forget()
  const [good, bad, other] = [cache.set('a', 1), cache.set('bad', value()), cache.add('b', 2)]
  await site.within(1_000, Promise.all([good, other]))
  expect(await rejection(site.within(0, bad))).toMatchObject({ code: 'not-cloneable', key: 'bad', fault: { class: 'bad-entry', phase: 'put', action: 'refused' }, count: 1 })
  expect(writing(site), 'not tried again').toBe(1)
  expect(await site.values(), 'and no older value stays').toEqual({ a: 1, b: 2 })
  expect(site.reports).toEqual([{ code: 'not-cloneable', class: 'bad-entry', phase: 'put', action: 'refused', count: 1 }])
  expect(cache.status, 'storage is in order').toEqual({ persistence: 'indexeddb' })
})

it.each(UNCLONEABLE)('F22: setMany with %s changes nothing at all', async (_what, value) => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany([['a', 'old'], ['bad', 'old']]))
  expect(await rejection(site.within(1_000, cache.setMany([['a', 'new'], ['bad', value()], ['b', 'new']])))).toMatchObject({ code: 'not-cloneable', key: 'bad' })
  expect(await site.within(1_000, cache.getMany(['a', 'bad', 'b']))).toEqual(new Map([['a', 'old'], ['bad', 'old']]))
  expect(await site.values()).toEqual({ a: 'old', bad: 'old' })
})

it('F23: keys and times that IndexedDB cannot file are refused before it is asked', async () => {
  const notString = fc.oneof(fc.constantFrom(NaN, null, undefined), fc.integer(), fc.date({ noInvalidDate: false }), fc.array(fc.string()), fc.boolean(), fc.bigInt(), fc.object())
  const noTime = fc.oneof(fc.constantFrom<unknown>(NaN, -1, -Infinity, null, '5', true, {}, -Number.MIN_VALUE, 1n), fc.double({ max: -1e-9, noNaN: true }))
  const site = createSite()
  const cache = await site.ready<unknown>()
  await fc.assert(
    fc.asyncProperty(notString, noTime, async (key, ms) => {
      const calls = [
        cache.set(key as never, 1),
        cache.setMany([['fine', 1], [key as never, 1]]),
        cache.add(key as never, 1),
        cache.update(key as never, 1),
        cache.set('a', 1, { ttl: ms as number }),
        cache.set('a', 1, { staleIfError: ms as number }),
        cache.touch('a', ms as number),
        cache.set('a', undefined),
      ]
      for (const end of await Promise.allSettled(calls)) {
        expect(end).toMatchObject({ status: 'rejected' })
        expect((end as PromiseRejectedResult).reason).toSatisfy((error) => error instanceof TypeError || error instanceof RangeError)
      }
    }),
    runs(200),
  )
  expect(site.factory.calls).toEqual([])
  expect(site.errors).toEqual([])
})

it('F23: whatever ttl is legal, an entry that can expire has its row in the index, and one that cannot has none', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>({ maxStoredEntries: Infinity })
  const ms = fc.oneof(fc.double({ min: 0, noNaN: true }), fc.constantFrom(0.5, 1, 2 ** 31, 2 ** 53, 8.64e15, Number.MAX_VALUE, Infinity), fc.integer({ min: 1 }))
  const lives = fc.sample(fc.record({ ttl: ms, staleIfError: ms, staleWhileRevalidate: ms }), runs(300))
  await site.within(10_000, cache.setMany(lives.map((_life, place) => [`k${place}`, 1])))
  for (const [place, life] of lives.entries()) void cache.set(`k${place}`, 1, life)
  await site.within(10_000, cache.flush())
  const { records, expiry } = await site.disk()
  expect(records.filter(({ expiresAt }) => expiresAt !== undefined)).toHaveLength(expiry.length)
  for (const { expiresAt } of records) expect(expiresAt === undefined || Number.isSafeInteger(expiresAt)).toBe(true)
})

it.each(['request', 'sync'] as const)('F24: a value that is too large (%s) fails its own caller, and is not tried again', async (phase) => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.set('large', 'old'))
  site.factory.forget()
  const rule = site.factory.fail({ operation: 'put', phase, message: 'The serialized keys and/or value are too large', when: ({ key }) => key === 'large' })
  const [good, large, other] = [cache.set('a', 1), cache.set('large', 'x'.repeat(1_000)), cache.set('b', 2)]
  expect(await rejection(site.within(1_000, large))).toMatchObject({
    code: expect.stringMatching(/^(write-failed|not-cloneable)$/),
    key: 'large',
    fault: { class: 'bad-entry', phase: 'put', action: 'refused' },
  })
  await site.within(0, Promise.all([good, other]))
  expect(rule.fired).toBe(1)
  expect(writing(site), 'once more without it').toBeLessThanOrEqual(2)
  expect(await site.values(), 'the rest is stored, and no older value stays').toEqual({ a: 1, b: 2 })
  expect(site.reports).toHaveLength(1)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.within(0, cache.get('large')), 'memory serves it').toHaveLength(1_000)
  expect(await site.within(1_000, (await site.reload<unknown>()).get('large'))).toBeUndefined()
})

it('F24: a set and a setMany of one tick stand or fall each for itself', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  site.factory.fail({ operation: 'put', phase: 'request', message: 'The serialized keys and/or value are too large', when: ({ key }) => key === 'large' })
  const fails = [cache.setMany([['a', 1], ['large', 1]]), cache.set('b', () => {})]
  const good = [cache.set('a', 2), cache.setMany([['c', 3], ['d', 3]])]
  fails.push(cache.set('c', () => {}))
  await site.within(1_000, Promise.all(good))
  expect((await Promise.allSettled(fails)).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(await site.values(), 'what cannot be stored leaves nothing older').toEqual({ a: 2, d: 3 })
})

it('F24: setMany with a value that is too large stores nothing of it', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany([['a', 'old'], ['large', 'old']]))
  site.factory.fail({ operation: 'put', phase: 'request', message: 'The serialized keys and/or value are too large', when: ({ key }) => key === 'large' })
  await rejection(site.within(1_000, cache.setMany([['a', 'new'], ['large', 'new'], ['b', 'new']])))
  const left = await site.values()
  expect(Object.values(left), 'nothing new').not.toContain('new')
  site.factory.heal()
  const next = await site.reload<unknown>()
  const found = Object.fromEntries(await site.within(5_000, next.getMany(['a', 'large', 'b'])))
  expect([{}, { a: 'old', large: 'old' }], 'all old, or nothing').toContainEqual(found)
})

it('a transaction of a thousand sets that fails is one report, one error, and rejects each caller', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>({ maxEntries: 2_000 })
  site.factory.fail(NO_WRITES)
  const ends = await site.within(5_000, Promise.allSettled(Array.from({ length: 1_000 }, (_, place) => cache.set(`k${place}`, place))))
  expect(ends.every(({ status }) => status === 'rejected')).toBe(true)
  expect(site.reports).toMatchObject([{ code: 'write-failed', phase: 'commit', action: 'retried', count: 1_000 }])
  expect(new Set(site.errors).size).toBe(site.errors.length)
  expect(writing(site)).toBeLessThanOrEqual(3)
})

it('a setMany that fails leaves memory all new or all old, and nothing new on disk', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany([['a', 'old'], ['b', 'old']]))
  site.factory.fail(NO_WRITES)
  expect(await rejection(site.within(1_000, cache.setMany([['a', 'new'], ['b', 'new'], ['c', 'new']])))).toMatchObject({ code: 'write-failed' })
  const held = Object.fromEntries(await site.within(0, cache.getMany(['a', 'b', 'c'])))
  expect([{ a: 'old', b: 'old' }, { a: 'new', b: 'new', c: 'new' }]).toContainEqual(held)
  expect(Object.values(await site.values())).not.toContain('new')
  site.factory.heal()
  const next = await site.reload<unknown>()
  const found = Object.fromEntries(await site.within(5_000, next.getMany(['a', 'b', 'c'])))
  expect([{}, { a: 'new', b: 'new', c: 'new' }], 'no older value comes back').toContainEqual(found)
})

/** As values that structured clone takes, and `put` does not: a `WebAssembly.Module`, a `SharedArrayBuffer`, a `VideoFrame`. */
const refuseModule = (site: Site): unknown => site.factory.fail({ operation: 'put', phase: 'sync', error: 'DataCloneError', when: ({ key }) => key === 'module' })

it('a setMany with a value that `put` alone refuses leaves nothing new on disk, and no other write suffers', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await site.within(1_000, cache.setMany([['a', 'old'], ['c', 'old']]))
  refuseModule(site)
  const [many, other] = [cache.setMany([['a', 'new'], ['module', 1], ['c', 'new']]), cache.set('other', 1)]
  expect(await rejection(site.within(1_000, many))).toMatchObject({ code: 'not-cloneable', key: 'module', fault: { class: 'bad-entry', phase: 'put', action: 'refused' } })
  await site.within(1_000, other)
  expect(await site.values()).toEqual({ other: 1 })
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(site.reports).toHaveLength(1)
})

it('nor does a load that brings such a value beside its own', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  refuseModule(site)
  const loader = ({ also }: LoaderContext<unknown>): string => {
    also('module', 1)
    return 'list'
  }
  await site.within(1_000, cache.getOrLoad('list', loader))
  await site.within(1_000, cache.flush())
  expect(await site.values()).toEqual({})
})

/** `a`, which memory alone holds, as the disk has room for one entry; and `b`. */
async function evicted(): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite()
  const cache = await site.ready<unknown>({ maxStoredEntries: 1 })
  await site.within(1_000, cache.set('a', 1, { ttl: MINUTE }))
  await site.within(1_000, cache.set('b', 2))
  await site.within(1_000, cache.flush())
  expect(await site.values()).toEqual({ b: 2 })
  return { site, cache }
}

/** `a`, which memory alone holds, as it cannot be stored. */
async function refused(): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite()
  const cache = await site.ready<unknown>()
  await rejection(site.within(1_000, cache.set('a', () => 1)))
  return { site, cache }
}

it.each([evicted, refused])('touch with a ttl of 0 ends what memory alone holds: %o', async (holding) => {
  const { site, cache } = await holding()
  expect(await site.within(1_000, cache.touch('a', 0))).toBe(true)
  expect([cache.peek('a'), await site.within(1_000, cache.get('a'))]).toEqual([undefined, undefined])
})

it('two additions at once, of which none wins, leave what memory alone holds', async () => {
  const { site, cache } = await evicted()
  expect(await site.within(1_000, Promise.all([cache.add('a', 8), cache.add('a', 9)]))).toEqual([false, false])
  expect(await site.within(1_000, cache.get('a'))).toBe(1)
})
