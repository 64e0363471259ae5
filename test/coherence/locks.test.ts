// Work runs once, under a lock where there is one to be had, and without where there is none.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLocks } from '../../src/coherence/locks.ts'
import { deferred, isPending, turns } from '../helpers/deferred.ts'
import { rejectionOf } from '../helpers/loads.ts'
import { Locks } from './support/locks.ts'

let locks: Locks
const unhandled: unknown[] = []
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason)

beforeEach(() => {
  locks = new Locks()
  locks.install()
  unhandled.length = 0
  process.on('unhandledRejection', noteUnhandled)
})

afterEach(async () => {
  await turns(2)
  process.off('unhandledRejection', noteUnhandled)
  vi.unstubAllGlobals()
  expect(unhandled).toEqual([])
  expect(locks.held, 'locks that are left').toEqual([])
})

const offline = new Error('offline')
const { run: withLock } = createLocks()
/** ms that nothing here comes near. */
const LIMIT = 10_000

describe('with a lock', () => {
  it('resolves to what the work resolves to, which is told the lock', async () => {
    const work = vi.fn(async (lock?: Lock | null) => lock?.name)
    expect(await withLock('n', LIMIT, work)).toBe('n')
    expect(work).toHaveBeenCalledTimes(1)
    expect(locks.asked).toEqual(['n'])
  })

  it.each<[how: string, work: () => Promise<never>]>([
    ['rejects', () => Promise.reject(offline)],
    ['throws', async () => {
      throw offline
    }],
  ])('work that %s runs once, and its error is the caller’s', async (_how, fail) => {
    const work = vi.fn(fail)
    expect(await rejectionOf(withLock('n', LIMIT, work))).toBe(offline)
    expect(work).toHaveBeenCalledTimes(1)
  })

  it.each([undefined, null, false, 0, ''])('%o is a result like any other', async (result) => {
    const work = vi.fn(async () => result)
    expect(await withLock<unknown>('n', LIMIT, work)).toBe(result)
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('work of one name runs one at a time, in the order asked for; of other names at the same time', async () => {
    const order: string[] = []
    const gates = [deferred(), deferred(), deferred()]
    const run = (name: string, id: number) =>
      withLock(name, LIMIT, async () => {
        order.push(`${name} ${id} begins`)
        await gates[id]!.promise
        order.push(`${name} ${id} ends`)
      })
    const all = [run('n', 0), run('n', 1), run('other', 2)]
    await turns()
    expect(order).toEqual(['n 0 begins', 'other 2 begins'])
    gates[1]!.resolve()
    gates[2]!.resolve()
    await turns()
    expect(order.slice(2)).toEqual(['other 2 ends'])
    gates[0]!.resolve()
    await Promise.all(all)
    expect(order.slice(3)).toEqual(['n 0 ends', 'n 1 begins', 'n 1 ends'])
  })

  it('the lock is free again when the work has failed', async () => {
    await rejectionOf(withLock('n', LIMIT, async () => Promise.reject(offline)))
    expect(await withLock('n', LIMIT, async (lock) => lock?.mode)).toBe('exclusive')
  })

  it('ifAvailable: the work is told null where it is taken, and does not wait', async () => {
    const gate = deferred()
    const first = withLock('n', LIMIT, async (lock) => {
      await gate.promise
      return lock?.name
    }, true)
    await turns()
    expect(await withLock('n', LIMIT, async (lock) => lock, true)).toBeNull()
    gate.resolve()
    expect(await first).toBe('n')
  })

  it('release ends the wait: the work runs once, without the lock, while the other still holds it', async () => {
    const gate = deferred()
    const holder = withLock('n', LIMIT, () => gate.promise)
    await turns()
    const own = createLocks()
    const work = vi.fn(async (lock?: Lock | null) => lock)
    const waiting = own.run('n', LIMIT, work)
    expect(await isPending(waiting)).toBe(true)
    expect(work).not.toHaveBeenCalled()
    own.release(true)
    expect(await waiting).toBeUndefined()
    expect(work).toHaveBeenCalledTimes(1)
    expect(locks.waitingFor('n')).toBe(0)
    gate.resolve()
    await holder
    await turns()
    expect(work).toHaveBeenCalledTimes(1)
  })

  it.each([undefined, true])('release lets go of a lock, and the work goes on; ifAvailable: %o', async (ifAvailable) => {
    const gate = deferred<string>()
    const own = createLocks()
    const work = vi.fn(() => gate.promise)
    const working = own.run('n', LIMIT, work, ifAvailable)
    await turns()
    expect(locks.held).toEqual(['n'])
    own.release(true)
    await turns()
    expect(locks.held).toEqual([])
    expect(await isPending(working)).toBe(true)
    gate.resolve('done')
    expect(await working).toBe('done')
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('after release no lock is asked for until the page is back', async () => {
    const own = createLocks()
    own.release(true)
    for (const ifAvailable of [undefined, true]) expect(await own.run('n', LIMIT, async (lock) => lock, ifAvailable)).toBeUndefined()
    expect(locks.asked).toEqual([])
    own.release(false)
    expect(await own.run('n', LIMIT, async (lock) => lock?.name)).toBe('n')
  })

  it('what is no longer waited for is taken back', async () => {
    const gate = deferred()
    const holder = withLock('n', LIMIT, () => gate.promise)
    await turns()
    expect(await withLock('n', 1, async (lock) => lock)).toBeUndefined()
    expect(locks.waitingFor('n')).toBe(0)
    gate.resolve()
    await holder
  })

  it.each([['its value', true], ['its error', false]])('a lock that is stolen meanwhile: the work goes on, and %s counts', async (_what, succeeds) => {
    const gate = deferred<string>()
    const work = vi.fn(() => gate.promise)
    const working = withLock('n', LIMIT, work)
    await turns()
    await locks.steal('n')
    expect(await isPending(working)).toBe(true)
    if (succeeds) gate.resolve('done')
    else gate.reject(offline)
    expect(await working.catch((error: unknown) => error)).toBe(succeeds ? 'done' : offline)
    expect(work).toHaveBeenCalledTimes(1)
  })
})

describe('without one', () => {
  it.each<[what: string, navigator: unknown]>([
    ['no navigator', undefined],
    ['a navigator without locks', {}],
    ['null for locks', { locks: null }],
    ['locks without a request method', { locks: {} }],
    ['a request that throws', { locks: { request: () => { throw offline } } }],
    ['a request that rejects', { locks: { request: () => Promise.reject(offline) } }],
    ['a request that does nothing', { locks: { request: () => {} } }],
    ['a request that gives a promise and never calls back', { locks: { request: async () => {} } }],
  ])('%s: the work runs once, told no lock, and its result or error counts', async (_what, navigator) => {
    vi.stubGlobal('navigator', navigator)
    const work = vi.fn(async (lock?: Lock | null) => lock)
    expect(await withLock('n', LIMIT, work)).toBeUndefined()
    expect(work).toHaveBeenCalledTimes(1)
    expect(await rejectionOf(withLock('n', LIMIT, () => Promise.reject(offline)))).toBe(offline)
  })

  it('a getter that throws', async () => {
    vi.stubGlobal('navigator', {
      get locks() {
        throw new DOMException('denied', 'SecurityError')
      },
    })
    expect(await withLock('n', LIMIT, async () => 'done')).toBe('done')
  })

  it('a request that rejects after it has called back: the work that has begun is not begun again', async () => {
    vi.stubGlobal('navigator', {
      locks: {
        request: async (_name: string, _options: LockOptions, callback: (lock: null) => Promise<unknown>) => {
          void callback(null)
          throw offline
        },
      },
    })
    const work = vi.fn(async () => 'done')
    expect(await withLock('n', LIMIT, work)).toBe('done')
    expect(work).toHaveBeenCalledTimes(1)
  })
})
