// Storage that does not answer. Each wait has a limit: no promise of the library may hang, and none may end unhandled.

import { expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { damageOnPurpose } from '../helpers/caches.ts'
import { turns } from '../helpers/deferred.ts'
import type { Call, Rule } from './support/rule.ts'
import { collected, createSite, expectMemoryServes, rejection, type Site } from './support/site.ts'

/** ms that a transaction may take: 10 s, 1 ms for each call, and the ticks in which that is counted. */
const LIMIT = 13_000

const CALLS: [call: string, run: (cache: Cache<unknown>) => Promise<unknown>][] = [
  ['get', (cache) => cache.get('a')],
  ['getMany', (cache) => cache.getMany(['a', 'b'])],
  ['has', (cache) => cache.has('a')],
  ['expiresAt', (cache) => cache.expiresAt('a')],
  ['info', (cache) => cache.info('a')],
  ['keys', (cache) => collected(cache.keys())],
  ['entries', (cache) => collected(cache.entries())],
  ['size', (cache) => cache.size()],
  ['set', (cache) => cache.set('a', 'new')],
  ['setMany', (cache) => cache.setMany([['a', 'new'], ['b', 'new']])],
  ['add', (cache) => cache.add('n', 'new')],
  ['update', (cache) => cache.update('a', 'new')],
  ['touch', (cache) => cache.touch('a', 60_000)],
  ['take', (cache) => cache.take('a')],
  ['getOrLoad', (cache) => cache.getOrLoad('n', () => 'new')],
  ['delete', (cache) => cache.delete('a')],
  ['deleteMany', (cache) => cache.deleteMany(['a', 'b'])],
  ['deletePrefix', (cache) => cache.deletePrefix('a')],
  ['deleteTag', (cache) => cache.deleteTag('x')],
  ['clear', (cache) => cache.clear()],
  ['sweep', (cache) => cache.sweep()],
  ['flush', async (cache) => {
    void cache.set('a', 'new')
    await cache.flush()
  }],
  ['close', async (cache) => {
    void cache.set('a', 'new')
    await cache.close()
  }],
  ['destroy', (cache) => cache.destroy()],
]

const HANGS: [where: string, rule: Rule][] = [
  ['at the start of a transaction', { operation: 'transaction', phase: 'hang' }],
  ['at a request', { operation: ['get', 'getKey', 'getAll', 'getAllKeys', 'count', 'put', 'add', 'delete', 'clear'], phase: 'hang' }],
  ['at the commit', { operation: 'commit', phase: 'hang' }],
]

/** A page with nothing in memory, over `a` and `b` (tag x) on disk. */
async function filled(): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite()
  await site.within(1_000, site.open<unknown>().setMany([['a', 'old'], ['b', 'old']], { tags: ['x'] }))
  await site.crash()
  return { site, cache: await site.ready<unknown>() }
}

it.each(HANGS.flatMap(([where, rule]) => CALLS.map(([call, run]) => [call, where, run, rule] as const)))(
  'F34: %s ends within its limit where storage hangs %s, and all works again afterwards',
  async (call, _where, run, rule) => {
    const { site, cache } = await filled()
    site.factory.fail(rule)
    // A close lets go only of what has ended: it has the transaction and what is owed to wait for.
    await site.within(call === 'destroy' || call === 'close' ? 2 * LIMIT + 7_000 : LIMIT, Promise.allSettled([run(cache)]))
    if (call !== 'destroy') expect(site.reports.filter((report) => report.class !== 'stalled')).toEqual([])
    if (call === 'close' || call === 'destroy') return
    if (site.reports.length > 0) {
      expect(cache.status).toMatchObject({ persistence: 'memory', fault: { class: 'stalled' } })
      await expectMemoryServes(site, cache)
    }
    site.factory.heal()
    await site.pass(65_000)
    expect(cache.status).toEqual({ persistence: 'indexeddb' })
    await site.within(1_000, cache.set('after', 1))
    expect(await site.within(1_000, (await site.reload<unknown>()).get('after'))).toBe(1)
  },
)

it.each(CALLS)('F8: %s ends within its limit where the database does not open', async (call, run) => {
  const { site } = await filled()
  site.factory.fail({ operation: ['open', 'databases', 'deleteDatabase'], phase: 'hang' })
  const cache = await site.reload<unknown>()
  await site.within(call === 'destroy' ? 10_000 : 7_000, Promise.allSettled([run(cache)]))
})

it('F34: a transaction that another holds up for 70 s is given up: reads are misses, writes reject, memory serves; then all is back', async () => {
  const { site, cache } = await filled()
  const held = site.factory.fail({ operation: 'transaction', phase: 'hang', nth: 1 })
  const start = Date.now()
  const [reading, writing] = [cache.get('a'), cache.set('b', 'new')]
  expect(await site.within(LIMIT, reading)).toBeUndefined()
  expect(await rejection(site.within(LIMIT, writing))).toMatchObject({ code: 'write-failed', fault: { class: 'stalled', action: 'memory' } })
  expect(Date.now() - start, 'not too early').toBeGreaterThan(9_000)
  expect(cache.status).toMatchObject({ persistence: 'memory', fault: { class: 'stalled' } })
  await expectMemoryServes(site, cache)
  await site.pass(70_000 - (Date.now() - start))
  held.end()
  await site.pass(65_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.within(1_000, cache.get('a'))).toBe('old')
  // Its commit had been asked for already, and came all the same.
  for (const value of [await site.within(1_000, cache.get('b')), (await site.values())['b']]) expect(['new', undefined]).toContain(value)
})

it('F34: a transaction that the engine ends with a TimeoutError is taken for a stall, and not tried again', async () => {
  const { site, cache } = await filled()
  const rule = site.factory.fail({ operation: 'put', phase: 'abort', error: 'TimeoutError', message: 'Transaction timed out due to inactivity.' })
  expect(await rejection(site.within(1_000, cache.set('a', 'new')))).toMatchObject({ code: 'write-failed', fault: { class: 'stalled', action: 'memory' } })
  expect(rule.fired).toBe(1)
  expect(cache.status).toMatchObject({ persistence: 'memory', fault: { class: 'stalled' } })
})

it('F34: a write that commits after it was given up is not seen where the key was changed since', async () => {
  for (const change of ['set', 'delete'] as const) {
    const { site, cache } = await filled()
    const held = site.factory.fail({ operation: 'commit', phase: 'hang', when: ({ mode }) => mode === 'readwrite', nth: 1 })
    await rejection(site.within(LIMIT, cache.set('a', 'late')))
    if (change === 'set') await site.within(0, cache.set('a', 'newest'))
    else await site.within(0, cache.delete('a'))
    held.end()
    await turns(100)
    expect(await site.within(1_000, cache.get('a'))).toBe(change === 'set' ? 'newest' : undefined)
    await site.pass(65_000)
    for (const value of [await site.within(1_000, cache.get('a')), (await site.values())['a']]) expect(change === 'set' ? ['newest', undefined] : [undefined]).toContain(value)
    expect(await site.within(1_000, cache.get('b'))).toBe('old')
  }
})

it('F34: a removal of so many entries that it takes longer is done when persistence returns, and nothing else goes', async () => {
  const { site, cache } = await filled()
  await site.within(1_000, cache.setMany([['t1', 1], ['t2', 2]], { tags: ['slow'] }))
  site.factory.fail({ operation: 'getAllKeys', phase: 'late', after: 20_000, when: ({ key }) => key === 'slow' })
  expect(await rejection(site.within(LIMIT, cache.deleteTag('slow')))).toMatchObject({ fault: { class: 'stalled', action: 'memory' } })
  expect(await site.within(0, cache.get('t1'))).toBeUndefined()
  await site.pass(90_000)
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(await site.within(1_000, cache.getMany(['a', 't1', 't2']))).toEqual(new Map([['a', 'old']]))
  expect(await site.values()).not.toHaveProperty('t1')
})

it('F34: slow is not stalled: a transaction of 9 s brings what it should', async () => {
  const { site, cache } = await filled()
  site.factory.fail({ operation: 'transaction', phase: 'late', after: 9_000 })
  expect(await site.within(10_000, cache.get('a'))).toBe('old')
  await site.within(12_000, cache.set('a', 'new'))
  expect(site.errors).toEqual([])
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
})

it('F34: a page that was frozen does not take its sleep for a stall', async () => {
  const { site, cache } = await filled()
  const held = site.factory.fail({ operation: 'transaction', phase: 'hang', nth: 1 })
  const reading = cache.get('a')
  await site.pass(1_000)
  // Timers that were due meanwhile fire at once when it wakes, before any event of storage has come.
  await jump(300_000)
  held.end()
  expect(await site.within(2_000, reading)).toBe('old')
  expect(site.errors).toEqual([])
})

/** The page sleeps: when it wakes, time has passed, and each timer that was due fires once. */
async function jump(ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms)
  vi.advanceTimersToNextTimer()
  await turns(20)
}

/** Data of two versions, of which the second is open. */
async function versions(): Promise<{ site: Site; cache: Cache<unknown> }> {
  const site = createSite()
  const old = await site.ready<unknown>({ version: '1' })
  await site.within(1_000, old.set('a', 'secret'))
  await site.within(1_000, old.close())
  const cache = await site.ready<unknown>({ version: '2' })
  await site.within(1_000, cache.set('a', 'secret'))
  return { site, cache }
}

const isOld = ({ args }: Call): boolean => String(args[0]).endsWith(':1')

it.each<[what: string, rules: readonly Rule[]]>([
  ['cannot be listed', [{ operation: 'databases', phase: 'hang' }]],
  ['can be neither cleared nor deleted', [{ operation: 'open', phase: 'hang', when: isOld }, { operation: 'deleteDatabase', phase: 'hang', when: isOld }]],
])('destroy rejects where the data of another version %s in time', async (_what, rules) => {
  damageOnPurpose()
  const { site, cache } = await versions()
  const hanging = rules.map((rule) => site.factory.fail(rule))
  await rejection(site.within(30_000, cache.destroy()))
  await site.crash()
  for (const rule of hanging) rule.end()
  await site.pass(10)
})

it('destroy resolves where all is empty, and only the deletion is not done in time', async () => {
  damageOnPurpose()
  const { site, cache } = await versions()
  const hanging = site.factory.fail({ operation: 'deleteDatabase', phase: 'hang' })
  await site.within(30_000, cache.destroy())
  await site.crash()
  hanging.end()
})
