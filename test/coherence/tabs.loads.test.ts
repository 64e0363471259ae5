// One load for all tabs: while one loads, the others wait for its lock and then read what it stored; for a limited time.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCache } from '../../src/index.ts'
import { SECOND } from '../helpers/clock.ts'
import { isPending, turns } from '../helpers/deferred.ts'
import { databaseNames, onTransaction } from '../helpers/indexed-db.ts'
import { heldLoader, rejectionOf, until } from '../helpers/loads.ts'
import { createWorld, lockOf, type Tab } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('with locks', () => {
  it('three tabs ask at once: one loader runs, all get its value, and no lock is left', async () => {
    const world = createWorld()
    const tabs = world.tabs<object>(3)
    const loader = vi.fn(async ({ key }: { key: string }) => ({ key }))
    const keys = Array.from({ length: 20 }, (_, id) => `k${id}`)
    const values = await Promise.all(tabs.flatMap(({ cache }) => keys.map((key) => cache.getOrLoad(key, loader))))
    expect(values.map((value) => (value as { key: string }).key)).toEqual([...keys, ...keys, ...keys])
    expect(loader).toHaveBeenCalledTimes(keys.length)
    await world.settle()
    expect(world.locks.held).toEqual([])
    for (const { cache } of tabs) expect(await cache.size()).toBe(keys.length)
  })

  it('three tabs ask twice for the same keys, after a clear of which two have not heard: one loader runs for each', async () => {
    const world = createWorld()
    const tabs = world.tabs<string>(3)
    await Promise.all(tabs.map(({ cache }) => cache.get('x')))
    await tabs[0]!.cache.clear()
    const loader = vi.fn(async ({ key }: { key: string }) => {
      await turns(30)
      return key
    })
    const keys = Array.from({ length: 20 }, (_, id) => `k${id}`)
    const ask = (): Promise<string>[] => tabs.flatMap(({ cache }) => keys.map((key) => cache.getOrLoad(key, loader)))
    const first = ask()
    await turns(15)
    await world.settle()
    await Promise.all([...first, ...ask()])
    expect(loader.mock.calls.map(([{ key }]) => key).sort()).toEqual([...keys].sort())
  })

  it('callers in a tab share one load after a removal in another, which the log tells as the load begins', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    await one!.cache.set('k', 'old')
    await other!.cache.get('x')
    await world.settle()
    world.network.deaf = true
    await one!.cache.delete('k')
    const { runs, loader } = heldLoader<string>()
    const first = other!.cache.getOrLoad('k', loader)
    await until(() => runs.length > 0)
    const second = other!.cache.getOrLoad('k', loader)
    await turns()
    runs.forEach((run, place) => run.resolve(`value ${place}`))
    expect([await first, await second]).toEqual(['value 0', 'value 0'])
  })

  it('a tab that asks during the load of another waits for it', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    const { runs, loader } = heldLoader<string>()
    const loading = one!.cache.getOrLoad('a', loader)
    await until(() => runs.length > 0)
    const waiting = other!.cache.getOrLoad('a', () => expect.fail('called'))
    expect(await isPending(waiting)).toBe(true)
    runs[0]!.resolve('value')
    expect(await Promise.all([loading, waiting])).toEqual(['value', 'value'])
  })

  it('the lock is held until the value is on disk, where the others look', async () => {
    const world = createWorld()
    const { cache } = world.tab<string>()
    await cache.get('a')
    const held: unknown[] = []
    onTransaction((transaction, mode) => {
      if (mode === 'readwrite') transaction.addEventListener('complete', () => held.push(...world.locks.held))
    })
    await cache.getOrLoad('a', async () => 'value')
    await world.settle()
    expect(held).toEqual([await lockOf('a')])
    expect(world.locks.held).toEqual([])
  })

  it.each(['close', 'destroy'] as const)('a load that waits does so no longer once its cache is closed: %s', async (how) => {
    const world = createWorld()
    const [loading, waiting] = world.tabs<string>(2)
    const { runs, loader } = heldLoader<string>()
    const load = loading!.cache.getOrLoad('a', loader)
    await until(() => runs.length > 0)
    const waited = waiting!.cache.getOrLoad('a', async () => 'own')
    const name = await lockOf('a')
    await until(() => world.locks.waitingFor(name) === 1)
    const ending = waiting!.cache[how]()
    await turns()
    expect(await isPending(waited)).toBe(false)
    expect(await waited).toBe('own')
    expect(world.locks.waitingFor(name)).toBe(0)
    runs[0]!.resolve('value')
    expect(await load).toBe('value')
    await world.await(ending)
  })

  it.each<[what: string, value: string | undefined, ttl: number]>([['that expires at once', 'value', 0], ['that is undefined', undefined, 60]])('who calls after a load has brought a value %s loads anew, however long the lock takes to be given back', async (_what, value, ttl) => {
    const world = createWorld()
    const { request } = world.locks
    vi.stubGlobal('navigator', { locks: { request: (...args: Parameters<typeof request>) => request(...args).finally(() => turns(20)) } })
    const [tab] = world.tabs<string | undefined>(1)
    const loader = vi.fn(async () => value)
    for (let call = 0; call < 3; call++) expect(await tab!.cache.getOrLoad('a', loader, { ttl })).toBe(value)
    expect(loader).toHaveBeenCalledTimes(3)
  })

  it('background loads of a stale value are one as well', async () => {
    const world = createWorld()
    const tabs = world.tabs<string>(3)
    await tabs[0]!.cache.set('a', 'old', { ttl: 10, staleWhileRevalidate: SECOND })
    await world.settle()
    world.clock.advance(10)
    const loader = vi.fn(async () => 'new')
    expect(await Promise.all(tabs.map(({ cache }) => cache.getOrLoad('a', loader)))).toEqual(['old', 'old', 'old'])
    await world.settle()
    expect(loader).toHaveBeenCalledTimes(1)
    expect(await Promise.all(tabs.map(({ cache }) => cache.get('a')))).toEqual(['new', 'new', 'new'])
  })

  it('when the load fails, or finds nothing, the next tab tries for itself', async () => {
    const world = createWorld()
    const tabs = world.tabs<string>(3)
    let round = 0
    const loader = vi.fn(async () => {
      if (++round === 1) throw new Error('offline')
      return round === 2 ? undefined : 'value'
    })
    const ends = await Promise.allSettled(tabs.map(({ cache }) => cache.getOrLoad('a', loader)))
    expect(ends).toMatchObject([{ status: 'rejected', reason: { message: 'offline' } }, { value: undefined }, { value: 'value' }])
    await world.settle()
    expect(world.locks.held).toEqual([])
  })

  it('loads of other keys wait for nothing', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    const { runs, loader } = heldLoader<string>()
    const slow = one!.cache.getOrLoad('slow', loader)
    await until(() => runs.length > 0)
    expect(await other!.cache.getOrLoad('quick', () => 'quick')).toBe('quick')
    runs[0]!.resolve('slow')
    await slow
  })

  it('caches without a name, of another name or of another version share no load', async () => {
    const world = createWorld()
    const caches = [createCache<number>(), createCache<number>(), ...[{}, { version: '2' }, { name: 'another' }].map((options) => world.tab<number>(options).cache)]
    const loader = vi.fn(async () => 1)
    await Promise.all(caches.map((cache) => cache.getOrLoad('a', loader)))
    expect(loader).toHaveBeenCalledTimes(5)
    expect(world.locks.asked).toHaveLength(3)
  })

  it('refresh: each tab loads for itself, one after the other', async () => {
    const world = createWorld()
    const tabs = world.tabs<number>(2)
    let running = 0
    let loads = 0
    const loader = async (): Promise<number> => {
      expect(++running).toBe(1)
      await turns()
      running--
      return ++loads
    }
    expect(await Promise.all(tabs.map(({ cache }) => cache.getOrLoad('a', loader, { refresh: true })))).toEqual([1, 2])
  })

  it('a fresh value asks for no lock', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    await one!.cache.set('a', 'value')
    expect(await other!.cache.getOrLoad('a', () => 'loaded')).toBe('value')
    expect(world.locks.asked).toEqual([])
  })

  it('a caller that leaves while it waits for another tab starts no load', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    const { runs, loader } = heldLoader<string>()
    const loading = one!.cache.getOrLoad('a', loader)
    await until(() => runs.length > 0)
    const controller = new AbortController()
    const leaving = other!.cache.getOrLoad('a', loader, { signal: controller.signal, ttl: 0 })
    await turns()
    controller.abort()
    await expect(leaving).rejects.toMatchObject({ name: 'AbortError' })
    runs[0]!.reject(new Error('offline'))
    await rejectionOf(loading)
    await world.settle()
    expect(runs).toHaveLength(1)
    expect(world.locks.held).toEqual([])
  })

  it.each(['its time is up', 'its signal aborts'])('a caller that leaves as %s lets go of the lock, though the loader goes on', async (how) => {
    const world = createWorld()
    const tabs = world.tabs<string>(2)
    const { runs, loader } = heldLoader<string>()
    const controller = new AbortController()
    const left = rejectionOf(tabs[0]!.cache.getOrLoad('a', loader, { signal: controller.signal, timeout: 500 }))
    await until(() => runs.length > 0)
    if (how === 'its signal aborts') controller.abort()
    else await world.pass(500)
    await left
    expect(await isPending(tabs[0]!.cache.getOrLoad('a', () => 'value', { ttl: 0 }))).toBe(false)
    expect(await tabs[1]!.cache.getOrLoad('a', () => 'value')).toBe('value')
    runs[0]!.resolve('late')
    await world.settle()
    expect(world.locks.held).toEqual([])
    for (const { cache } of tabs) expect(await cache.get('a')).toBe('value')
  })

  it('a loader that fails after all have left is heard by nobody', async () => {
    const world = createWorld()
    const { cache } = world.tab<string>()
    const { runs, loader } = heldLoader<string>()
    const controller = new AbortController()
    const leaving = cache.getOrLoad('a', loader, { signal: controller.signal, errorTtl: SECOND })
    await until(() => runs.length > 0)
    controller.abort()
    await rejectionOf(leaving)
    runs[0]!.reject(new Error('offline'))
    await turns()
    expect(await cache.getOrLoad('a', () => 'value')).toBe('value')
    expect(world.faults).toEqual([])
  })

  it('nested loads that wait for each other across tabs end after lockTimeout', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2, { lockTimeout: SECOND })
    const outer = (tab: Tab<string>, inner: string) => async (): Promise<string> => {
      await turns()
      return `(${await tab.cache.getOrLoad(inner, () => inner)})`
    }
    const loading = Promise.all([one!.cache.getOrLoad('a', outer(one!, 'b')), other!.cache.getOrLoad('b', outer(other!, 'a'))])
    await until(() => world.locks.asked.length === 4)
    expect(await isPending(loading)).toBe(true)
    await world.pass(SECOND)
    expect(await loading).toEqual(['(b)', '(a)'])
    await world.settle()
    expect(world.locks.held).toEqual([])
  })
})

it('a load that fails after another tab has changed its key says nothing of the next one', async () => {
  const world = createWorld()
  const [one, other] = world.tabs<string>(2, { errorTtl: SECOND })
  const { runs, loader } = heldLoader<string>()
  const loading = one!.cache.getOrLoad('a', loader)
  await until(() => runs.length > 0)
  await other!.cache.delete('a')
  await world.settle()
  runs[0]!.reject(new Error('offline'))
  await rejectionOf(loading)
  expect(await one!.cache.getOrLoad('a', () => 'value')).toBe('value')
})

it.each([
  ['during the load: it is not stored', true, []],
  ['before the load, though told during it: it is stored', false, [{ type: 'set', key: 'a', local: true }]],
])('a load whose key another tab has changed, %s, and listeners hear of it then and only then', async (_when, during, events) => {
  const world = createWorld()
  const [one, other] = world.tabs<string>(2)
  await one!.cache.get('a')
  world.network.deaf = true
  if (!during) await other!.cache.delete('a')
  const { runs, loader } = heldLoader<string>()
  const loading = one!.cache.getOrLoad('a', loader)
  await until(() => runs.length > 0)
  if (during) await other!.cache.delete('a')
  world.network.inject({ database: (await databaseNames())[0], changes: [{ type: 'delete', key: 'a' }], ids: [] })
  const heard: unknown[] = []
  one!.cache.subscribe((event) => event.local && heard.push(event))
  runs[0]!.resolve('loaded')
  await loading
  await one!.cache.flush()
  expect(heard).toEqual(events)
  expect(await one!.cache.get('a')).toBe(during ? undefined : 'loaded')
})

it.each([
  ['told', false],
  ['not told of it', true],
])('a load that keeps nothing, as its ttl is 0, leaves what another tab has set meanwhile; %s', async (_what, deaf) => {
  const world = createWorld()
  const [one, other] = world.tabs<string>(2)
  await one!.cache.set('a', 'old', { ttl: 10, staleIfError: SECOND })
  world.clock.advance(10)
  const { runs, loader } = heldLoader<string>()
  const loading = one!.cache.getOrLoad('a', loader, { ttl: 0 })
  await until(() => runs.length > 0)
  world.network.deaf = deaf
  await other!.cache.set('a', 'new')
  await world.settle()
  runs[0]!.resolve('loaded')
  expect(await loading).toBe('loaded')
  await one!.cache.flush()
  await world.settle()
  expect(await Promise.all([one!, other!].map(({ cache }) => cache.get('a')))).toEqual(['new', 'new'])
})

describe('what was removed meanwhile', () => {
  /** Passes microtasks, to come at any moment of a look at the disk. */
  const moments = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await Promise.resolve()
  }

  it('by a tag, in another tab during a background load: it is served no more', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    await one!.cache.set('a', 'old', { ttl: 10, staleWhileRevalidate: SECOND, tags: ['x'] })
    await world.settle()
    world.clock.advance(10)
    const { runs, loader } = heldLoader<string>()
    expect(await one!.cache.getOrLoad('a', loader)).toBe('old')
    await until(() => runs.length > 0)
    await other!.cache.deleteTag('x')
    await world.settle()
    const waiting = one!.cache.getOrLoad('a', () => expect.fail('called'))
    expect(await isPending(waiting)).toBe(true)
    runs[0]!.resolve('new')
    expect(await waiting).toBe('new')
  })

  it.each([0, 2, 4, 5, 6, 8, 12, 20])('while a load finds a stale value on disk, moment %i: callers after that wait for a load', async (moment) => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    await one!.cache.set('a', 'old', { ttl: 10, staleWhileRevalidate: SECOND })
    world.clock.advance(10)
    await other!.cache.get('none')
    const { runs, loader } = heldLoader<string>()
    const first = other!.cache.getOrLoad('a', loader)
    await moments(moment)
    const removing = other!.cache.delete('a')
    await turns(50)
    const waiting = other!.cache.getOrLoad('a', loader)
    // The first may have found nothing, and then it is its turn.
    for (const count of [1, 2]) {
      await turns()
      runs.slice(0, count).forEach(({ resolve }) => resolve('new'))
    }
    expect(await waiting).toBe('new')
    await Promise.all([first, removing])
  })

  it.each([0, 2, 4, 5, 6, 8, 12, 20])('by a tag, while a load looks at the disk, moment %i: callers after that are not served it', async (moment) => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    await one!.cache.set('a', 'old', { tags: ['x'] })
    await other!.cache.get('none')
    const first = other!.cache.getOrLoad('a', () => 'new')
    await moments(moment)
    const removing = other!.cache.deleteTag('x')
    expect(await other!.cache.getOrLoad('a', () => 'new')).toBe('new')
    await Promise.all([first, removing])
  })

  it.each([0, 2, 4, 5, 6, 8, 12, 20])('by a tag, while a load looks at the disk once more in its turn, moment %i: likewise', async (moment) => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    const { runs, loader } = heldLoader<string>()
    const loading = one!.cache.getOrLoad('a', loader, { tags: ['x'] })
    await until(() => runs.length > 0)
    const waiting = other!.cache.getOrLoad('a', () => 'new')
    await turns()
    runs[0]!.resolve('old')
    await loading
    await until(() => world.locks.waitingFor(world.locks.asked[0]!) === 0)
    await moments(moment)
    const removing = other!.cache.deleteTag('x')
    expect(await other!.cache.getOrLoad('a', () => 'new')).toBe('new')
    await Promise.all([waiting, removing])
  })
})

describe('a lock that does not come', () => {
  it.each([[undefined, 10 * SECOND], [500, 500]])('after lockTimeout (%s) the tab loads for itself, not a ms earlier', async (lockTimeout, ms) => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2, lockTimeout === undefined ? {} : { lockTimeout })
    const { runs, loader } = heldLoader<string>()
    const frozen = one!.cache.getOrLoad('a', loader)
    await until(() => runs.length === 1)
    const waiting = other!.cache.getOrLoad('a', loader)
    await turns()
    await world.pass(ms - 1)
    expect(runs).toHaveLength(1)
    await world.pass(1)
    expect(runs).toHaveLength(2)
    runs[1]!.resolve('second')
    expect(await waiting).toBe('second')
    await world.settle()
    // The first, when it wakes up, finds that the key has changed.
    runs[0]!.resolve('first')
    expect(await frozen).toBe('first')
    await world.settle()
    expect([await one!.cache.get('a'), await other!.cache.get('a')]).toEqual(['second', 'second'])
  })

  it('a manager that never grants any', async () => {
    const world = createWorld()
    world.locks.mood = 'never grants'
    const { cache } = world.tab<string>({ lockTimeout: SECOND })
    const loading = cache.getOrLoad('a', async () => 'value')
    expect(await isPending(loading)).toBe(true)
    await world.pass(SECOND)
    expect(await loading).toBe('value')
    expect(await cache.get('a')).toBe('value')
    expect(world.locks.waitingFor(await lockOf('a'))).toBe(0)
  })
})
