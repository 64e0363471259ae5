// The fault proxy behaves as engines do; else what is proven with it would be worth nothing.

import '../helpers/indexed-db.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isPending, turns } from '../helpers/deferred.ts'
import { settled } from '../helpers/indexed-db.ts'
import { rejectionOf, until } from '../helpers/loads.ts'
import { createFaultFactory, type FaultFactory } from './support/fault-factory.ts'

let factory: FaultFactory
let database: IDBDatabase

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  factory = createFaultFactory()
  database = await openPlain()
  factory.forget()
})

afterEach(() => {
  vi.useRealTimers()
})

async function openPlain(): Promise<IDBDatabase> {
  const request = factory.open('plain', 1)
  request.onupgradeneeded = () => request.result.createObjectStore('entries', { keyPath: 'key' }).createIndex('tag', 'tag')
  return settled(request)
}

interface Course {
  readonly transaction: IDBTransaction
  readonly store: IDBObjectStore
  /** Events in their order. */
  readonly events: string[]
  readonly end: Promise<void>
}

/** A transaction whose events are noted; `prevents` that an error of a request ends it. */
function begin(mode: IDBTransactionMode = 'readwrite', prevents = false): Course {
  const transaction = database.transaction('entries', mode)
  const events: string[] = []
  const end = new Promise<void>((resolve) => {
    for (const type of ['error', 'abort', 'complete'] as const) {
      transaction.addEventListener(type, (event) => {
        events.push(type)
        if (prevents) event.preventDefault()
        if (type !== 'error') resolve()
      })
    }
  })
  return { transaction, store: transaction.objectStore('entries'), events, end }
}

const keysLeft = async (): Promise<unknown[]> => settled(database.transaction('entries').objectStore('entries').getAllKeys())

describe('opening', () => {
  it('without rules all goes through, upgrade and index included, and is counted', async () => {
    expect([...database.objectStoreNames]).toEqual(['entries'])
    await settled(database.transaction('entries', 'readwrite').objectStore('entries').put({ key: 'a', tag: 'x' }))
    expect(await settled(database.transaction('entries').objectStore('entries').index('tag').getAllKeys('x'))).toEqual(['a'])
    const calls = factory.calls.map(({ operation, mode }) => `${operation} ${mode}`)
    expect(calls.sort()).toEqual(['commit readwrite', 'getAllKeys readonly', 'put readwrite', 'transaction readonly', 'transaction readwrite'])
    expect(factory.count('put', ({ key, store, mode, connection }) => key === 'a' && store === 'entries' && mode === 'readwrite' && connection === 1)).toBe(1)
    factory.forget()
    expect(factory.count('put')).toBe(0)
    expect((await factory.databases()).map(({ name }) => name)).toEqual(['plain'])
  })

  it('sync: open throws', () => {
    factory.fail({ operation: 'open', phase: 'sync', error: 'SecurityError', message: 'denied' })
    expect(() => factory.open('a')).toThrow(expect.objectContaining({ name: 'SecurityError', message: 'denied' }))
  })

  it('request: the request fails and no database comes to be; the next call goes through', async () => {
    const rule = factory.fail({ operation: 'open', phase: 'request', nth: 1 })
    expect(await rejectionOf(settled(factory.open('a')))).toMatchObject({ name: 'UnknownError' })
    expect((await factory.base.databases()).map(({ name }) => name)).toEqual(['plain'])
    await settled(factory.open('a'))
    expect(rule.fired).toBe(1)
  })

  it('hang: nothing happens until the rule ends', async () => {
    const rule = factory.fail({ operation: 'open', phase: 'hang' })
    const opening = openPlain()
    expect(await isPending(opening)).toBe(true)
    expect(factory.connected).toHaveLength(1)
    rule.end()
    expect((await opening).name).toBe('plain')
    expect(factory.connected).toHaveLength(2)
  })

  it('late: it opens after the time', async () => {
    factory.fail({ operation: 'open', phase: 'late', after: 100 })
    const opening = openPlain()
    vi.advanceTimersByTime(99)
    expect(await isPending(opening)).toBe(true)
    vi.advanceTimersByTime(1)
    expect(await isPending(opening)).toBe(false)
  })

  it('a version that is too low and a block are told as they are', async () => {
    const newer = factory.open('plain', 2)
    const told: string[] = []
    newer.onblocked = () => told.push('blocked')
    newer.onupgradeneeded = ({ oldVersion, newVersion }) => told.push(`${oldVersion} to ${newVersion}`)
    await until(() => told.length > 0)
    database.close()
    await settled(newer)
    expect(told).toEqual(['blocked', '1 to 2'])
    expect(await rejectionOf(settled(factory.open('plain', 1)))).toMatchObject({ name: 'VersionError' })
  })

  it('databases and deleteDatabase fail and hang as asked', async () => {
    const rules = [factory.fail({ operation: 'databases', phase: 'request' }), factory.fail({ operation: 'deleteDatabase', phase: 'hang' })]
    expect(await rejectionOf(factory.databases())).toMatchObject({ name: 'UnknownError' })
    database.close()
    const deleting = settled(factory.deleteDatabase('plain'))
    expect(await isPending(deleting)).toBe(true)
    for (const rule of rules) rule.end()
    await deleting
    expect(await factory.databases()).toEqual([])
  })
})

describe('a request', () => {
  it('sync: the call throws and the transaction lives on', async () => {
    factory.fail({ operation: 'put', phase: 'sync', when: ({ key }) => key === 'b', error: 'DataError' })
    const { store, end, events } = begin()
    store.put({ key: 'a' })
    expect(() => store.put({ key: 'b' })).toThrow(expect.objectContaining({ name: 'DataError' }))
    await end
    expect(events).toEqual(['complete'])
    expect(await keysLeft()).toEqual(['a'])
  })

  it('request: the error bubbles and aborts the transaction with it', async () => {
    factory.fail({ operation: 'put', phase: 'request', nth: 2, message: 'too large' })
    const { store, transaction, events, end } = begin()
    const first = settled(store.put({ key: 'a' }))
    const second = rejectionOf(settled(store.put({ key: 'b' })))
    const third = rejectionOf(settled(store.put({ key: 'c' })))
    expect(await first).toBe('a')
    expect(await second).toMatchObject({ name: 'UnknownError', message: 'too large' })
    expect(await third).toMatchObject({ name: 'AbortError' })
    await end
    expect(events.filter((event) => event !== 'error')).toEqual(['abort'])
    expect(transaction.error).toMatchObject({ name: 'UnknownError', message: 'too large' })
    expect(await keysLeft()).toEqual([])
  })

  it('request: prevented, the transaction goes on', async () => {
    factory.fail({ operation: 'get', phase: 'request', error: 'NotReadableError', when: ({ key }) => key === 'a' })
    const { store, events, end } = begin('readwrite', true)
    store.put({ key: 'b' })
    expect(await rejectionOf(settled(store.get('a')))).toMatchObject({ name: 'NotReadableError' })
    await end
    expect(events).toEqual(['error', 'complete'])
    expect(await keysLeft()).toEqual(['b'])
  })

  it('abort: the engine ends the transaction in its middle, with an error or without', async () => {
    for (const error of ['TimeoutError', null]) {
      factory.fail({ operation: 'put', phase: 'abort', nth: 2, error })
      const { store, transaction, events, end } = begin()
      const first = settled(store.put({ key: 'a' }))
      const second = rejectionOf(settled(store.put({ key: 'b' })))
      await first
      expect(await second).toMatchObject({ name: 'AbortError' })
      await end
      expect(events).toEqual(['error', 'abort'])
      expect(transaction.error?.name).toBe(error ?? undefined)
    }
    expect(await keysLeft()).toEqual([])
  })

  it('hang: it and all behind it wait, other transactions too, until the rule ends', async () => {
    const rule = factory.fail({ operation: 'get', phase: 'hang', nth: 1 })
    const { store } = begin()
    const requests = [store.get('a'), store.put({ key: 'b' })].map(settled)
    const behind = keysLeft()
    expect(await isPending(Promise.race([...requests, behind]))).toBe(true)
    rule.end()
    await Promise.all(requests)
    expect(await behind).toEqual(['b'])
  })

  it('hang: abort() ends it, and lets others in', async () => {
    const rule = factory.fail({ operation: 'put', phase: 'hang' })
    const { store, transaction, end } = begin()
    const putting = rejectionOf(settled(store.put({ key: 'a' })))
    await turns()
    transaction.abort()
    expect(await putting).toMatchObject({ name: 'AbortError' })
    await end
    expect(await keysLeft()).toEqual([])
    rule.end()
    await turns()
    expect(await keysLeft()).toEqual([])
  })

  it('a rule that ends before the turn of its request has come does nothing', async () => {
    const rules = (['request', 'hang', 'abort', 'commit'] as const).map((phase) => factory.fail({ operation: 'put', phase, when: ({ key }) => key === phase }))
    const { store, end, events } = begin()
    for (const { phase } of rules) store.put({ key: phase })
    for (const rule of rules) rule.end()
    await end
    expect(events).toEqual(['complete'])
  })
})

describe('a transaction', () => {
  it('sync: transaction() throws, on the connection it is about', async () => {
    const other = await openPlain()
    factory.fail({ operation: 'transaction', phase: 'sync', error: 'InvalidStateError', when: ({ connection }) => connection === 1 })
    expect(() => begin()).toThrow(expect.objectContaining({ name: 'InvalidStateError' }))
    expect(() => other.transaction('entries')).not.toThrow()
  })

  it('commit: it aborts with the error after all requests have succeeded, and without an error event', async () => {
    const rule = factory.fail({ operation: ['put', 'add'], phase: 'commit', error: 'QuotaExceededError', times: 1 })
    const { store, transaction, events, end } = begin()
    expect(await Promise.all([store.put({ key: 'a' }), store.put({ key: 'b' })].map(settled))).toEqual(['a', 'b'])
    transaction.commit()
    await end
    expect(events).toEqual(['abort'])
    expect(transaction.error?.name).toBe('QuotaExceededError')
    expect(await keysLeft()).toEqual([])
    const next = begin()
    next.store.put({ key: 'c' })
    await next.end
    expect(await keysLeft()).toEqual(['c'])
    expect(rule.fired).toBe(1)
  })

  it('commit: transactions without the operation go through', async () => {
    factory.fail({ operation: 'put', phase: 'commit', error: 'QuotaExceededError' })
    const { store, events, end } = begin()
    store.delete('a')
    await end
    expect(events).toEqual(['complete'])
  })

  it('commit: with null it tells no error', async () => {
    factory.fail({ operation: 'commit', phase: 'request', error: null })
    const { store, transaction, events, end } = begin()
    store.put({ key: 'a' })
    await end
    expect(events).toEqual(['abort'])
    expect(transaction.error).toBeNull()
  })

  it('hang at the end: requests succeed, nothing completes, and abort() throws once it was committed', async () => {
    const rule = factory.fail({ operation: 'commit', phase: 'hang', when: ({ mode }) => mode === 'readwrite' })
    const { store, transaction, events, end } = begin()
    await settled(store.put({ key: 'a' }))
    transaction.commit()
    await turns()
    expect(events).toEqual([])
    expect(() => transaction.abort()).toThrow(expect.objectContaining({ name: 'InvalidStateError' }))
    rule.end()
    await end
    expect(events).toEqual(['complete'])
    expect(await keysLeft()).toEqual(['a'])
  })

  it('late: it begins after the time', async () => {
    factory.fail({ operation: 'transaction', phase: 'late', after: 100, times: 1 })
    const reading = keysLeft()
    expect(await isPending(reading)).toBe(true)
    vi.advanceTimersByTime(100)
    expect(await reading).toEqual([])
  })

  it('a forced close aborts what is in flight with AbortError, then `close` fires', async () => {
    const hanging = factory.fail({ operation: 'put', phase: 'hang' })
    const { store, transaction, events, end } = begin()
    const closed: string[] = []
    database.onclose = () => closed.push(...events, 'close')
    const putting = rejectionOf(settled(store.put({ key: 'a' })))
    await turns()
    factory.forceClose()
    expect(await putting).toMatchObject({ name: 'AbortError' })
    await end
    expect(transaction.error?.name).toBe('AbortError')
    await until(() => closed.length > 0)
    expect(closed).toEqual(['error', 'abort', 'close'])
    expect(factory.connected).toEqual([])
    expect(() => begin()).toThrow(expect.objectContaining({ name: 'InvalidStateError' }))
    hanging.end()
    database = await openPlain()
    expect(await keysLeft()).toEqual([])
  })
})
