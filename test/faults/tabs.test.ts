// Tabs whose storage, locks and messages fail: what counts is on disk, and it stays right.

import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { databaseName } from '../../src/store/schema.ts'
import { GARBAGE, GARBAGE_CHANGES, Network } from '../coherence/support/channel.ts'
import { Locks } from '../coherence/support/locks.ts'
import { turns } from '../helpers/deferred.ts'
import { databaseNames } from '../helpers/indexed-db.ts'
import { heldLoader, until } from '../helpers/loads.ts'
import { random, runs } from '../helpers/property.ts'
import type { ActiveRule } from './support/rule.ts'
import { createSite, FULL_DISK, NAME, NO_TRANSACTIONS, NO_WRITES, rejection, type Site } from './support/site.ts'

const DATABASE = databaseName(NAME, '')
const MINUTE = 60_000

/** Tabs that hear each other. */
function createTabs(count: number, seed?: number): { site: Site; network: Network; tabs: Cache<unknown>[] } {
  const site = createSite()
  const network = new Network(seed)
  network.install()
  return { site, network, tabs: Array.from({ length: count }, () => site.open<unknown>()) }
}

it('F27: a tab that dies in the middle of a load keeps the others waiting no longer than the lock does', async () => {
  const { site, tabs: [one, other] } = createTabs(2)
  const locks = new Locks()
  locks.install()
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new DOMException('time is up', 'TimeoutError')), ms)
    return controller.signal
  })
  const { runs: started, loader } = heldLoader<number>()
  void one!.getOrLoad('a', loader as never).catch(() => {})
  await until(() => started.length > 0)
  // It never ends; the default time limit of a lock is 10 s.
  expect(await site.within(11_000, other!.getOrLoad('a', () => 2))).toBe(2)
  started[0]!.resolve(1)
  await site.pass(1_000)
})

it('F29: a lock that is stolen from a load: both tabs have their value, one lies on disk, and nothing is unhandled', async () => {
  const { site, tabs: [one, other] } = createTabs(2)
  const locks = new Locks()
  locks.install()
  const { runs: started, loader } = heldLoader<number>()
  const loading = one!.getOrLoad('a', loader as never)
  await until(() => started.length > 0)
  await locks.steal(`${DATABASE} a`)
  expect(await site.within(1_000, other!.getOrLoad('a', () => 2))).toBe(2)
  started[0]!.resolve(1)
  expect(await site.within(1_000, loading)).toBe(1)
  await site.within(1_000, Promise.all([one!.flush(), other!.flush()]))
  await site.pass(100)
  expect(await site.values(), 'the load that was overtaken is not stored').toEqual({ a: 2 })
  expect(await site.within(1_000, one!.get('a'))).toBe(2)
  expect(site.errors).toEqual([])
})

it('F29: a lock that is stolen from a sweep: it goes on, each key goes once', async () => {
  const { site, tabs: [one] } = createTabs(1)
  const locks = new Locks()
  locks.install()
  await site.within(1_000, one!.setMany([['a', 1], ['b', 1]], { ttl: 1_000 }))
  const held = site.factory.fail({ operation: 'getAllKeys', phase: 'late', after: 500 })
  await site.pass(61_000 - 300)
  if (locks.held.length) await locks.steal(locks.held[0]!)
  held.end()
  await site.pass(2_000)
  expect(await site.values()).toEqual({})
  expect(one!.stats().store.expirations).toBe(2)
  expect(site.errors).toEqual([])
})

it.each<[what: string, navigator: () => unknown]>([
  ['missing', () => undefined],
  ['undefined', () => ({})],
  ['rejecting', () => ({ locks: { request: () => Promise.reject(new DOMException('denied', 'SecurityError')) } })],
  ['throwing', () => ({ locks: { request: () => { throw new DOMException('denied', 'SecurityError') } } })],
  ['silent', () => ({ locks: { request: () => new Promise(() => {}) } })],
])('F30: where locks are %s, tabs load and sweep all the same, and a failing disk is told as ever', async (_what, navigator) => {
  const { site, tabs } = createTabs(2)
  vi.stubGlobal('navigator', navigator())
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new DOMException('time is up', 'TimeoutError')), ms)
    return controller.signal
  })
  expect(await site.within(11_000, Promise.all(tabs.map((cache) => cache.getOrLoad('a', () => 1, { ttl: 1_000 }))))).toEqual([1, 1])
  await site.pass(2_000)
  expect(await site.within(1_000, tabs[0]!.sweep())).toBeLessThanOrEqual(1)
  expect(await site.values()).toEqual({})
  site.factory.fail(NO_WRITES)
  expect(await site.within(22_000, tabs[0]!.getOrLoad('b', () => 2))).toBe(2)
  await site.pass(100)
  expect(site.reports).toMatchObject([{ code: 'write-failed', count: 1 }])
})

const SEEDS = Number(process.env['SEEDS'] ?? 4)

it.each(Array.from({ length: SEEDS }, (_, place) => place + 1))('F31: messages that drop, double, cross and carry garbage, on a disk that fails now and then: seed %i', async (seed) => {
  const { site, network, tabs } = createTabs(3, seed)
  network.chaos = { drop: 0.3, duplicate: 0.3, reorder: 0.3, garbage: 0.3 }
  const roll = random(seed)
  /** The last value that a tab has set, or undefined for a removal; a key is one tab's, so that it has an order. */
  const latest = new Map<string, unknown>()
  for (const phase of ['commit', 'abort'] as const) site.factory.fail({ operation: phase === 'commit' ? 'commit' : ['get', 'put'], phase, when: () => roll() < 0.03 })
  let outage: ActiveRule | undefined
  for (let step = 0; step < 200; step++) {
    if (outage && roll() < 0.2) {
      outage.end()
      outage = undefined
    } else if (roll() < 0.08) outage ??= site.factory.fail(roll() < 0.5 ? NO_WRITES : NO_TRANSACTIONS)
    const tab = Math.floor(roll() * 3)
    const key = `${tab}:${Math.floor(roll() * 4)}`
    const removes = roll() < 0.25
    latest.set(key, removes ? undefined : step)
    const doing = removes ? tabs[tab]!.delete(key) : tabs[tab]!.set(key, step)
    await site.within(2_000, Promise.allSettled([doing, tabs[(tab + 1) % 3]!.get(key)]))
    if (roll() < 0.1) network.inject({ database: DATABASE, ids: [1e9], changes: GARBAGE_CHANGES[step % GARBAGE_CHANGES.length] })
    if (roll() < 0.1) network.inject(GARBAGE[step % GARBAGE.length])
    if (roll() < 0.1) await site.pass(1_000)
  }
  site.factory.heal()
  await site.pass(2 * MINUTE)
  for (const tab of tabs) expect(tab.status).toEqual({ persistence: 'indexeddb' })
  expect(network.errors).toEqual([])
  // A tab that hears nothing after a change does not know of it. One message of each tells of what was missed.
  network.chaos = {}
  for (const [place, tab] of tabs.entries()) await site.within(1_000, tab.set(`last of ${place}`, 1))
  await site.pass(5_000)
  const values = await site.values()
  for (const [key, value] of latest) {
    // What one tab has not got to the disk may give way to what others removed meanwhile, never to anything older.
    for (const tab of tabs) expect([value, undefined], key).toContain(await site.within(1_000, tab.get(key)))
    expect([value, undefined], `${key} on disk`).toContain(values[key])
  }
})

it('F32: what another tab changes while a read is under way does not end up in memory as it was', async () => {
  const { site, network, tabs: [one, other] } = createTabs(2)
  await site.within(1_000, other!.set('a', 'old'))
  await site.pass(100)
  network.posted.length = 0
  // The value has been read, and its event is on its way.
  const slow = site.factory.fail({ operation: 'commit', phase: 'late', after: 50, when: ({ mode }) => mode === 'readonly' })
  const reading = one!.get('a')
  await turns(5)
  network.inject({ database: DATABASE, ids: [], changes: [{ type: 'set', key: 'a' }] })
  await site.within(1_000, reading)
  slow.end()
  await site.within(1_000, other!.set('a', 'new'))
  await site.pass(100)
  expect(one!.peek('a')).not.toBe('old')
  expect(await site.within(1_000, one!.get('a'))).toBe('new')
})

it('F37: an entry that is written anew while tabs sweep is never swept', async () => {
  const site = createSite()
  // At each look the page's clock has moved on, so that a sweep is cut wherever it may be.
  let time = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (time += 1_000))
  const tabs = [site.open<unknown>(), site.open<unknown>()]
  const keys = Array.from({ length: 12 }, (_, place) => `k${place}`)
  const step = fc.record({ tab: fc.nat(1), action: fc.constantFrom('sweep', 'sweep', 'set', 'touch', 'setMany'), key: fc.nat(11), wait: fc.nat(6) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), async (steps) => {
      await site.within(1_000, tabs[0]!.clear())
      // Half of them have expired.
      await site.within(1_000, tabs[0]!.setMany(keys.map((key) => [key, 'old']), { ttl: 10 }))
      await site.within(1_000, tabs[0]!.setMany(keys.filter((_key, place) => place % 2).map((key) => [key, 'long']), { ttl: 60 * MINUTE }))
      await site.pass(20)
      const kept = new Set(keys.filter((_key, place) => place % 2))
      const doing: Promise<unknown>[] = []
      for (const { tab, action, key, wait } of steps) {
        const cache = tabs[tab]!
        if (action === 'sweep') doing.push(cache.sweep())
        else if (action === 'touch') doing.push(cache.touch(keys[key]!, 60 * MINUTE))
        else {
          const chosen = action === 'set' ? [keys[key]!] : keys.slice(key)
          for (const each of chosen) kept.add(each)
          doing.push(cache.setMany(chosen.map((each) => [each, 'fresh']), { ttl: 60 * MINUTE }))
        }
        await turns(wait)
      }
      doing.push(tabs[1]!.sweep())
      await site.within(5_000, Promise.all(doing))
      expect(Object.keys(await site.values())).toEqual([...kept].sort())
    }),
    runs(60),
  )
  expect(site.errors).toEqual([])
})

it('a load under way in a tab that hears nothing is not stored, where another removed its key on a full disk', async () => {
  const site = createSite()
  const [one, other] = [await site.ready<unknown>(), await site.ready<unknown>()]
  await site.within(1_000, one.set('a', 'old'))
  const { runs: started, loader } = heldLoader<unknown>()
  const loading = other.getOrLoad('a', loader as never, { refresh: true })
  await until(() => started.length > 0)
  site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, one.set('tripped', 1)))
  await site.within(1_000, one.delete('a'))
  await site.pass(100)
  expect(await site.values(), 'removals go through').toEqual({})
  site.factory.heal()
  started[0]!.resolve('loaded before the removal')
  expect(await site.within(1_000, loading)).toBe('loaded before the removal')
  await site.within(1_000, other.flush())
  expect(await site.values()).not.toHaveProperty('a')
  expect(await site.within(1_000, (await site.reload<unknown>()).get('a'))).toBeUndefined()
})

it('what a tab alone holds is stored when there is room again, though it has removed entries on the full disk', async () => {
  const site = createSite()
  const one = await site.ready<unknown>()
  await site.within(1_000, one.setMany([['a', 1], ['b', 1]]))
  const full = site.factory.fail(FULL_DISK)
  await rejection(site.within(1_000, one.set('c', 2)))
  for (const key of ['a', 'b']) await site.within(1_000, one.delete(key))
  expect(one.peek('c')).toBe(2)
  full.end()
  await site.pass(65_000)
  expect(await site.values()).toEqual({ c: 2 })
})

it('a removal on a full disk, whose message is lost, is told with what is written next', async () => {
  const { site, network } = createTabs(0)
  // A sweep would look at the log.
  const [one, other] = [1, 2].map(() => site.open<unknown>({ sweepInterval: 60 * MINUTE }))
  await site.within(1_000, one!.setMany([['a', 'old'], ['b', 'kept']]))
  await site.pass(100)
  expect(await site.within(1_000, other!.getMany(['a', 'b']))).toEqual(new Map([['a', 'old'], ['b', 'kept']]))
  site.factory.fail(FULL_DISK)
  network.deaf = true
  await rejection(site.within(1_000, one!.set('tripped', 1)))
  await site.within(1_000, one!.delete('a'))
  await site.pass(100)
  network.deaf = false
  expect(other!.peek('a'), 'it has heard nothing').toBe('old')
  site.factory.heal()
  await site.pass(6 * MINUTE)
  await site.within(1_000, one!.set('c', 1))
  await site.pass(100)
  expect([other!.peek('a'), other!.peek('b')]).toEqual([undefined, 'kept'])
})

it('a page that finds the marker of one that failed clears the disk, and the tabs that are open forget what it held', async () => {
  const { site, tabs: [one] } = createTabs(1)
  await site.within(1_000, one!.setMany([['a', 'old'], ['b', 'old']]))
  site.storage.set(DATABASE, '1')
  const next = site.open<unknown>()
  expect(await site.within(1_000, next.get('a'))).toBeUndefined()
  await site.within(1_000, next.set('c', 'new'))
  await site.pass(500)
  expect(await site.values()).toEqual({ c: 'new' })
  expect(await site.within(1_000, one!.get('a'))).toBeUndefined()
  expect(await site.within(1_000, one!.get('c'))).toBe('new')
})

it('F40: a tab that is being closed, and whose database does not open at first, makes none anew after a logout', async () => {
  const { site, tabs: [other] } = createTabs(1)
  await site.within(1_000, other!.set('a', 1))
  site.factory.fail({ operation: 'open', phase: 'request', times: 2 })
  const one = site.open<unknown>()
  const setting = one.set('late', 'secret')
  const closing = one.close()
  await site.within(1_000, other!.destroy())
  expect(await rejection(site.within(5_000, setting))).toMatchObject({ code: 'closed' })
  await site.within(5_000, closing)
  await site.pass(60_000)
  expect(await databaseNames()).toEqual([])
  expect(site.errors).toEqual([])
})

it('a write that fails is not told to other tabs; what is written when storage is back is', async () => {
  const { site, network, tabs: [one, other] } = createTabs(2)
  await site.within(1_000, one!.set('a', 'old'))
  expect(await site.within(1_000, other!.get('a'))).toBe('old')
  await site.pass(100)
  network.posted.length = 0
  const rule = site.factory.fail(NO_WRITES)
  await rejection(site.within(1_000, one!.set('a', 'new')))
  await site.pass(100)
  expect(network.posted).toEqual([])
  expect(await site.within(1_000, other!.get('a')), 'it knows no better').toBe('old')
  rule.end()
  await site.pass(8_000)
  expect(await site.within(1_000, other!.get('a'))).toBe('new')
  expect(await site.values()).toEqual({ a: 'new' })
})

it('a tab that has missed a change, and cannot ask the disk for it, does not go on serving what it holds', async () => {
  const { site, network, tabs: [one, other] } = createTabs(2)
  await site.within(1_000, one!.setMany([['a', 'old'], ['b', 'kept']]))
  await site.pass(100)
  expect(await site.within(1_000, other!.getMany(['a', 'b']))).toEqual(new Map([['a', 'old'], ['b', 'kept']]))
  await site.pass(100)
  network.deaf = true
  await site.within(1_000, one!.delete('a'))
  await site.pass(100)
  network.deaf = false
  await site.within(1_000, one!.set('c', 'told'))
  site.factory.fail(NO_TRANSACTIONS)
  await rejection(site.within(1_000, other!.set('mine', 'unsaved')))
  await site.pass(500)
  expect(other!.peek('a')).toBeUndefined()
  expect(await site.within(1_000, other!.get('a'))).toBeUndefined()
  expect(other!.peek('mine'), 'what it alone has stays').toBe('unsaved')
  site.factory.heal()
  await site.pass(6_000)
  expect(await site.within(1_000, other!.get('b'))).toBe('kept')
  expect(await site.values()).toEqual({ b: 'kept', c: 'told', mine: 'unsaved' })
})

it('messages that cross close the gap themselves: a tab whose storage rests forgets nothing', async () => {
  const { site, network, tabs: [one, other] } = createTabs(2)
  await site.within(1_000, one!.setMany([['a', 'old'], ['b', 'kept']]))
  await site.pass(100)
  expect(await site.within(1_000, other!.get('b'))).toBe('kept')
  await site.pass(100)
  network.deaf = true
  for (const key of ['c', 'd']) {
    await site.within(1_000, one!.set(key, 'new'))
    await site.pass(10)
  }
  network.deaf = false
  const told = network.posted.slice(-2)
  site.factory.fail({ ...NO_TRANSACTIONS, when: ({ mode }) => mode === 'readonly' })
  for (const message of told.reverse()) network.inject(message)
  await site.pass(500)
  expect(other!.peek('b')).toBe('kept')
})

/** Two tabs change one key while storage is down for both, and one has it back a second before the other. */
it.each<[what: string, earlier: 'set' | 'delete', later: 'set' | 'delete', first: number, left: unknown[]]>([
  // Told of the other's, the tab takes it for later: nothing is left rather than what is older.
  ['a set, then a set', 'set', 'set', 0, [undefined]],
  ['a set, then a set, which is stored first', 'set', 'set', 1, ['later']],
  ['a set, then a removal', 'set', 'delete', 0, [undefined]],
  ['a set, then a removal, which is done first', 'set', 'delete', 1, [undefined]],
  ['a removal, then a set', 'delete', 'set', 0, [undefined]],
  ['a removal, then a set, which is stored first', 'delete', 'set', 1, ['later']],
])('what two tabs change while storage is down for both, %s: the earlier does not outlive the later', async (_what, earlier, later, first, left) => {
  const { site, tabs } = createTabs(2)
  await site.within(1_000, tabs[0]!.set('a', 'before'))
  await site.within(1_000, tabs[1]!.get('a'))
  await site.pass(100)
  site.factory.fail(NO_WRITES)
  // Storage is back first where it failed first.
  for (const tab of first ? [tabs[1]!, tabs[0]!] : tabs) {
    await rejection(site.within(1_000, tab.set('trips', 1)))
    await site.pass(1_000)
  }
  for (const [place, what] of [earlier, later].entries()) {
    const tab = tabs[place]!
    await site.within<unknown>(1_000, what === 'delete' ? tab.delete('a') : tab.set('a', place ? 'later' : 'earlier'))
    await site.pass(100)
  }
  site.factory.heal()
  await site.pass(10_000)
  expect(left).toContainEqual((await site.values())['a'])
  for (const tab of tabs) expect(left).toContainEqual(await site.within(1_000, tab.get('a')))
})
