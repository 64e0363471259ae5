// The store on IndexedDB beyond what every store does: the layout on disk, how few transactions it takes, the bound, and
// what is left when a write fails. A fake IndexedDB; the engines have their own suite.

import { forceCloseDatabase } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CacheError, Entry } from '../../src/index.ts'
import { NO_WINDOWS } from '../../src/options.ts'
import { isPending, turns } from '../helpers/deferred.ts'
import { captureConnections, countDisk, databaseNames, EMPTY_DISK, failWrites, faultsOf, inEntries, lookAtDisk, onTransaction, plant, settled, watchIndexedDb } from '../helpers/indexed-db.ts'
import { leapingTime, openIndexedDbStore } from '../helpers/indexeddb-store.ts'
import { entryOf, keysIn, ODD_STRINGS } from './conformance.ts'

const NAME = 'shop'
const MINUTE = 60_000
const uncloneable = () => {}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('databases', () => {
  it('none exists before the first call that needs one, nor after flush and close without one', async () => {
    const { store } = openIndexedDbStore(NAME)
    await turns()
    await store.flush()
    await store.close()
    expect(await databaseNames()).toEqual([])
  })

  it.each(['shop', 'a:b', '100%', '%3A', 'bestbefore:1::shop', 'é', '__proto__', 'new\nline', '\u{1f600}'])('the name %j stands in the database name as it is', async (name) => {
    const { store } = openIndexedDbStore(name)
    await store.set([entryOf('a', 1)])
    const names = await databaseNames()
    expect(names).toHaveLength(1)
    expect(names[0]).toContain(name)
    await store.close()
  })

  it('each pair of name and version has a database of its own', async () => {
    const odd = ['a', 'a:', ':a', 'a:b', 'b', '%', '%3A', '3A', '%3Aa', '1', '1:a']
    const pairs = odd.flatMap((name) => ['', ...odd].map((version) => ({ name, version })))
    for (const { name, version } of pairs) {
      const { store } = openIndexedDbStore(name, { version })
      await store.set([entryOf('self', `${version}|${name}`)])
      await store.close()
    }
    expect(await databaseNames()).toHaveLength(pairs.length)
    for (const { name, version } of pairs) {
      const { store } = openIndexedDbStore(name, { version })
      expect((await store.get('self'))?.value).toBe(`${version}|${name}`)
      await store.close()
    }
  })

  it('destroy removes those of every version of its name, and no other name', async () => {
    const names = ['a', 'a:b', 'b', ':b', '%', 'a%3Ab', 'xa']
    for (const name of names) {
      for (const version of ['', '1', 'a', 'a:b', '%']) {
        const { store } = openIndexedDbStore(name, { version })
        await store.set([entryOf('k', 1)])
        await store.close()
      }
    }
    const foreign = await settled(indexedDB.open('a', 1))
    foreign.close()
    for (const name of names) {
      const before = await databaseNames()
      const { store } = openIndexedDbStore(name, { version: '1' })
      await store.destroy()
      const gone = before.filter((database) => database !== 'a' && database.startsWith(`bestbefore:${name.length}:${name}:1:`))
      expect(gone).toHaveLength(5)
      expect(await databaseNames(), name).toEqual(before.filter((database) => !gone.includes(database)))
    }
    expect(await databaseNames()).toEqual(['a'])
  })

  it('destroy leaves nothing to read even while another connection blocks the deletion', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 1, { expiresAt: 5, tags: ['x'] })])
    const [database = ''] = await databaseNames()
    const blocker = await settled(indexedDB.open(database))
    await store.destroy()
    expect(await settled(blocker.transaction('entries').objectStore('entries').getAll())).toEqual([])
    blocker.close()
    await turns()
    expect(await databaseNames()).toEqual([])
  })

  it('the store is named entries with key path key, its indexes expiresAt and multi-entry tags', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 1)])
    const [database = ''] = await databaseNames()
    await inEntries(database, 'readonly', async (entries) => {
      expect([...entries.transaction.objectStoreNames]).toEqual(['entries'])
      expect(entries.keyPath).toBe('key')
      expect(entries.autoIncrement).toBe(false)
      expect([...entries.indexNames]).toEqual(['expiresAt', 'tags'])
      expect(entries.index('expiresAt')).toMatchObject({ keyPath: 'expiresAt', multiEntry: false, unique: false })
      expect(entries.index('tags')).toMatchObject({ keyPath: 'tags', multiEntry: true, unique: false })
      await settled(entries.count())
    })
    await store.close()
  })

  it.each(['relaxed', 'strict'] as const)('durability %s is asked for with every transaction', async (durability) => {
    const { store } = openIndexedDbStore(NAME, { durability })
    const asked = new Set<string>()
    onTransaction((transaction) => asked.add(transaction.durability))
    await store.set([entryOf('a', 1)])
    await store.change('a', (found) => found)
    expect([...asked]).toEqual([durability])
    await store.close()
  })
})

describe('records', () => {
  it('an entry that never expires has no expiresAt property and no index row', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('never', 1), entryOf('some day', 2, { expiresAt: 9_000, staleAt: 8_000, tags: ['x', 'y'] })])
    const disk = await lookAtDisk(NAME)
    expect(disk.records.map((record) => [record['key'], 'expiresAt' in record])).toEqual([['never', false], ['some day', true]])
    expect(disk.expiry).toEqual([[9_000, 'some day']])
    expect(disk.tags).toEqual([['x', 'some day'], ['y', 'some day']])
    await store.close()
  })

  it('a record holds the key as it is given and expiresAt as a number', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set(ODD_STRINGS.map((key, index) => entryOf(key, index, { expiresAt: index })))
    const { records } = await lookAtDisk(NAME)
    expect(new Map(records.map(({ key, expiresAt }) => [key, expiresAt]))).toEqual(new Map(ODD_STRINGS.map((key, index) => [key, index])))
    await store.close()
  })

  it('rows of both indexes are those of the records, after every kind of write', async () => {
    const { store } = openIndexedDbStore(NAME)
    const keys = Array.from({ length: 60 }, (_, index) => `k${index}`)
    await store.set(keys.map((key, index) => entryOf(key, index, { ...(index % 3 && { expiresAt: index * 10 }), tags: [`t${index % 5}`] })))
    expect(faultsOf(await lookAtDisk(NAME))).toEqual([])
    await store.set(keys.slice(0, 10).map((key) => entryOf(key, 'no expiry any more')))
    await store.change('k20', (found) => ({ ...found!, expiresAt: 5_000 }))
    await store.change('k21', () => undefined)
    await store.deleteTag('t1')
    await store.deletePrefix('k3')
    await store.sweep(450)
    const disk = await lookAtDisk(NAME)
    expect(faultsOf(disk)).toEqual([])
    expect(disk.records.length).toBeGreaterThan(10)
    await store.deletePrefix('')
    expect(await lookAtDisk(NAME)).toMatchObject(EMPTY_DISK)
    await store.close()
  })

  it.each<[what: string, record: object]>([
    ['without a value', { key: 'bad', createdAt: 1 }],
    ['without createdAt', { key: 'bad', value: 1 }],
    ['with times in words', { key: 'bad', value: 1, createdAt: 1, expiresAt: 'tomorrow' }],
    ['with a Date for expiresAt', { key: 'bad', value: 1, createdAt: 1, expiresAt: new Date(9e15) }],
    ['with null for expiresAt', { key: 'bad', value: 1, createdAt: 1, expiresAt: null }],
    ['with a bigint for staleAt', { key: 'bad', value: 1, createdAt: 1, staleAt: 5n }],
    ['with a stale window in words', { key: 'bad', value: 1, createdAt: 1, staleIfError: '5' }],
    ['with one tag that is no list', { key: 'bad', value: 1, createdAt: 1, tags: 'x' }],
    ['of a foreign shape', { key: 'bad', v: 1, e: 2 }],
    ['with a number for its key', { key: 5, value: 1, createdAt: 1 }],
  ])('a record %s is a miss, disturbs nothing, and a set replaces it', async (_what, record) => {
    const { store } = openIndexedDbStore<unknown>(NAME)
    await store.set([entryOf('good', 1)])
    await plant(NAME, record)
    expect(await store.get('bad')).toBeUndefined()
    expect(await keysIn(store)).toEqual(['good'])
    let found: unknown = 'not called'
    await store.change('bad', (entry) => {
      found = entry
      return entry
    })
    expect(found).toBeUndefined()
    await store.sweep(10)
    await store.set([entryOf('bad', 'new')])
    expect((await store.get('bad'))?.value).toBe('new')
    expect((await keysIn(store)).sort()).toEqual(['bad', 'good'])
    await store.deletePrefix('')
    expect(await store.get('bad')).toBeUndefined()
    await store.close()
  })
})

describe('few transactions', () => {
  it('all writes of a tick share one, whatever they are', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('tagged', 1, { tags: ['x'] })])
    const seen = watchIndexedDb()
    await Promise.all([
      ...Array.from({ length: 100 }, (_, index) => store.set([entryOf(`k${index}`, index)])),
      store.set([entryOf('m1', 1), entryOf('m2', 2)]),
      store.change('k5', (found) => ({ ...found!, value: 'changed' })),
      store.deletePrefix('k9'),
      store.deleteTag('x'),
    ])
    expect(seen).toMatchObject({ readwrite: 1, readonly: 0 })
    await store.close()
  })

  it('those that arrive while it commits share the next one', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('open', 1)])
    const seen = watchIndexedDb()
    const writes = [store.set([entryOf('first', 1)])]
    while (seen.readwrite === 0) await null
    for (let index = 0; index < 50; index++) {
      writes.push(store.set([entryOf(`k${index}`, index)]))
      await null
    }
    await Promise.all(writes)
    expect(seen).toMatchObject({ readwrite: 2, readonly: 0 })
    await store.close()
  })

  it('a write resolves when its transaction is complete, not before', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('open', 1)])
    const events: string[] = []
    onTransaction((transaction) => transaction.addEventListener('complete', () => events.push('complete')))
    await store.set([entryOf('a', 1)]).then(() => events.push('resolved'))
    expect(events).toEqual(['complete', 'resolved'])
    await store.close()
  })

  it('the batch is committed as soon as it is issued', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('open', 1)])
    await turns()
    const commit = vi.spyOn(IDBTransaction.prototype, 'commit')
    await store.set([entryOf('a', 1)])
    expect(commit).toHaveBeenCalledTimes(1)
    await store.close()
  })

  it('all reads of a tick share one readonly transaction', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set(Array.from({ length: 100 }, (_, index) => entryOf(`k${index}`, index)))
    const seen = watchIndexedDb()
    const found = await Promise.all(Array.from({ length: 120 }, (_, index) => store.get(`k${index}`)))
    expect(found.map((entry) => entry?.value)).toEqual(Array.from({ length: 120 }, (_, index) => (index < 100 ? index : undefined)))
    expect(seen).toMatchObject({ readonly: 1, readwrite: 0 })
    await store.close()
  })

  it('a read opens no readwrite transaction, ever', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 1, { expiresAt: 0 })])
    const seen = watchIndexedDb()
    await store.get('a')
    await store.get('missing')
    await keysIn(store)
    expect(seen).toMatchObject({ readwrite: 0, puts: 0 })
    await store.close()
  })

  it('100,000 sets of one key in a tick are one put, and the last one stays', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('open', 1)])
    const seen = watchIndexedDb()
    let last: Promise<unknown> | undefined
    for (let index = 0; index < 100_000; index++) last = store.set([entryOf('hot', index, { expiresAt: index })])
    await last
    expect(seen.puts).toBe(1)
    expect((await store.get('hot'))?.value).toBe(99_999)
    expect((await lookAtDisk(NAME)).expiry).toEqual([[99_999, 'hot']])
    await store.close()
  })

  it('sets of one key during a commit are one put in the next', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('open', 1)])
    const seen = watchIndexedDb()
    const first = store.set([entryOf('hot', 0)])
    while (seen.readwrite === 0) await null
    const later = Array.from({ length: 1_000 }, (_, index) => store.set([entryOf('hot', index + 1)]))
    await Promise.all([first, ...later])
    expect(seen).toMatchObject({ readwrite: 2, puts: 2 })
    expect((await store.get('hot'))?.value).toBe(1_000)
    await store.close()
  })

  it('the database is opened once, however many calls wait for it', async () => {
    const seen = watchIndexedDb()
    const { store } = openIndexedDbStore(NAME)
    await Promise.all([store.set([entryOf('a', 1)]), store.get('a'), store.get('b'), keysIn(store), store.sweep(5)])
    expect(seen.opens).toBe(1)
    await store.close()
  })
})

describe('many requests at once', () => {
  const MANY = 50
  const entries = Array.from({ length: MANY }, (_, index) => entryOf(`e${index}`, index))

  /** How many turns of the event loop have passed at each request. */
  function countTurns(method: 'get' | 'put'): number[] {
    let turn = 0
    const seen: number[] = []
    const request = IDBObjectStore.prototype[method] as (...args: unknown[]) => IDBRequest
    vi.spyOn(IDBObjectStore.prototype, method).mockImplementation(function (this: IDBObjectStore, ...args: unknown[]) {
      seen.push(turn)
      return request.apply(this, args)
    })
    const next = (): void => void setImmediate(() => (turn++, seen.length < MANY && next()))
    next()
    return seen
  }

  it('are one transaction, in which the page gets its turn', async () => {
    const { store } = openIndexedDbStore<number>(NAME)
    await store.get('nothing')
    const modes: string[] = []
    onTransaction((_transaction, mode) => modes.push(mode))
    leapingTime()
    const puts = countTurns('put')
    await store.set(entries)
    expect(new Set(puts).size).toBeGreaterThan(MANY / 2)
    const gets = countTurns('get')
    expect(await Promise.all(entries.map(({ key }) => store.get(key)))).toEqual(entries.map((entry) => expect.objectContaining(entry)))
    expect(new Set(gets).size).toBeGreaterThan(MANY / 2)
    expect(modes).toEqual(['readwrite', 'readonly'])
    await store.close()
  })

  it('are done in one go while that takes no time', async () => {
    const { store } = openIndexedDbStore<number>(NAME)
    await store.get('nothing')
    vi.spyOn(performance, 'now').mockReturnValue(0)
    const puts = countTurns('put')
    await store.set(entries)
    expect(new Set(puts).size).toBe(1)
    await store.close()
  })

  it('may have removals among them that take their own time', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set(entries.map((entry) => ({ ...entry, tags: ['old'] })))
    leapingTime()
    const rounds = Array.from({ length: 3 }, (_, round) => [store.set([entryOf(`a${round}`, round), entryOf(`b${round}`, round)]), store.deleteTag('old'), store.take('a0'), store.deletePrefix('b')])
    await Promise.all([...rounds.flat(), store.set([entryOf('last', 1)])])
    expect(await keysIn(store)).toEqual(['a1', 'a2', 'last'])
    await store.close()
  })

  it.each([1, 2, 3, 4])('may have a removal among them during which a slice ends, look at the time %d being late', async (late) => {
    const { store } = openIndexedDbStore(NAME)
    await store.set(entries.map((entry) => ({ ...entry, tags: ['old'] })))
    let looks = 0
    vi.spyOn(performance, 'now').mockImplementation(() => (++looks < late ? 0 : 1_000))
    await Promise.all([store.set([entryOf('a', 1)]), store.deleteTag('old'), store.set([entryOf('b', 1), entryOf('c', 1)])])
    expect(await keysIn(store)).toEqual(['a', 'b', 'c'])
    await store.close()
  })

  it('are all undone when one of a later slice ends the transaction', async () => {
    const { store } = openIndexedDbStore<number>(NAME)
    await store.get('nothing')
    leapingTime()
    let puts = 0
    const put = IDBObjectStore.prototype.put
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
      // While it is waited for.
      if (++puts % MANY === 30) setImmediate(() => this.transaction.abort())
      return put.apply(this, args)
    })
    await expect(store.set(entries)).rejects.toMatchObject({ code: 'write-failed' })
    expect(await countDisk(NAME)).toMatchObject({ records: 0 })
    await store.close()
  })
})

describe('the bound on disk', () => {
  const expiring = (count: number, from = 0): Entry<number>[] => Array.from({ length: count }, (_, index) => entryOf(`e${from + index}`, index, { expiresAt: 1_000 + ((index * 7) % count) }))

  it('holds exactly after flush: what expires soonest goes first, and who went is told', async () => {
    const { store, evicted } = openIndexedDbStore(NAME, { maxStoredEntries: 10 })
    const entries = expiring(25)
    await store.set(entries)
    await store.flush()
    const { records } = await lookAtDisk(NAME)
    expect(records.map(({ expiresAt }) => expiresAt).sort()).toEqual(Array.from({ length: 10 }, (_, index) => 1_015 + index))
    expect(evicted.sort()).toEqual(entries.filter(({ expiresAt = 0 }) => expiresAt < 1_015).map(({ key }) => key).sort())
    await store.close()
  })

  it('holds exactly after sweep, and expired entries make room first', async () => {
    const { store, evicted } = openIndexedDbStore(NAME, { maxStoredEntries: 10 })
    await store.set(expiring(15))
    expect((await store.sweep(1_004)).keys).toHaveLength(5)
    expect(evicted).toEqual([])
    expect(await countDisk(NAME)).toMatchObject({ records: 10, expiry: 10 })
    await store.set(expiring(5, 100))
    await store.sweep(0)
    expect(await countDisk(NAME)).toMatchObject({ records: 10, expiry: 10 })
    await store.close()
  })

  it('holds after the flush that follows one that failed', async () => {
    const { store } = openIndexedDbStore(NAME, { maxStoredEntries: 10 })
    await store.set(expiring(25))
    const faults = failWrites('QuotaExceededError')
    await expect(store.flush()).rejects.toMatchObject({ code: 'quota-exceeded' })
    faults.end()
    await store.flush()
    expect(await countDisk(NAME)).toMatchObject({ records: 10, expiry: 10 })
    await store.close()
  })

  it('entries that never expire go last', async () => {
    const { store } = openIndexedDbStore(NAME, { maxStoredEntries: 10 })
    await store.set([...Array.from({ length: 8 }, (_, index) => entryOf(`never${index}`, index)), ...expiring(8)])
    await store.flush()
    expect(await countDisk(NAME)).toMatchObject({ records: 10, expiry: 2 })
    await store.set(Array.from({ length: 8 }, (_, index) => entryOf(`more${index}`, index)))
    await store.flush()
    expect(await countDisk(NAME)).toMatchObject({ records: 10, expiry: 0 })
    await store.close()
  })

  it.each([1, 2, 2.5, 0.5, 1e6, Infinity])('%d entries is a bound', async (maxStoredEntries) => {
    const { store } = openIndexedDbStore(NAME, { maxStoredEntries })
    await store.set(expiring(30))
    await store.flush()
    expect(await countDisk(NAME)).toMatchObject({ records: Math.min(30, Math.floor(maxStoredEntries)) })
    await store.close()
  })

  it('a change counts as a write', async () => {
    const { store } = openIndexedDbStore(NAME, { maxStoredEntries: 2 })
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => store.change(key, () => entryOf(key, 1))))
    await store.flush()
    expect(await countDisk(NAME)).toMatchObject({ records: 2 })
    await store.close()
  })

  it('a smaller bound after a reload holds after the first flush', async () => {
    const first = openIndexedDbStore(NAME)
    await first.store.set(expiring(30))
    await first.store.close()
    const { store } = openIndexedDbStore(NAME, { maxStoredEntries: 10 })
    await store.get('e1')
    await store.flush()
    expect(await countDisk(NAME)).toMatchObject({ records: 10 })
    await store.close()
  })

  it('an unread flush of nothing new costs no transaction', async () => {
    const { store } = openIndexedDbStore(NAME, { maxStoredEntries: 10 })
    await store.set(expiring(5))
    await store.flush()
    const seen = watchIndexedDb()
    await store.flush()
    expect(seen).toMatchObject({ readwrite: 0, readonly: 0 })
    await store.close()
  })
})

describe('a handle that goes', () => {
  it('versionchange closes it at once, so that nobody is blocked, and the next call opens anew', async () => {
    const opens = watchIndexedDb()
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 1)])
    const [database = ''] = await databaseNames()
    let blocked = false
    const deletion = indexedDB.deleteDatabase(database)
    deletion.onblocked = () => (blocked = true)
    await settled(deletion)
    expect(blocked).toBe(false)
    expect(await store.get('a')).toBeUndefined()
    await store.set([entryOf('b', 2)])
    expect((await store.get('b'))?.value).toBe(2)
    expect(opens.opens).toBe(2)
    await store.close()
  })

  it('a handle that was closed silently is replaced once, and no caller notices', async () => {
    const connections = captureConnections()
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 1)])
    connections.forEach((connection) => connection.close())
    expect((await store.get('a'))?.value).toBe(1)
    connections.forEach((connection) => connection.close())
    await store.set([entryOf('b', 2)])
    connections.forEach((connection) => connection.close())
    expect((await keysIn(store)).sort()).toEqual(['a', 'b'])
    connections.forEach((connection) => connection.close())
    expect(await store.sweep(5)).toEqual({ keys: [], more: false })
    expect(connections).toHaveLength(5)
    await store.close()
  })

  it('a forced close is taken as one', async () => {
    const connections = captureConnections()
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 1)])
    // The types of the fake ask for the class where an instance is meant.
    forceCloseDatabase(connections[0] as never)
    expect((await store.get('a'))?.value).toBe(1)
    await store.close()
  })

  it.each([['AbortError', null], ['UnknownError', 'UnknownError'], ['InvalidStateError', 'InvalidStateError']])(
    'a transaction that ends with %s is tried once more, on a new handle',
    async (_what, errorName) => {
      const connections = captureConnections()
      const { store } = openIndexedDbStore(NAME)
      await store.set([entryOf('open', 1)])
      const faults = failWrites(errorName, (nth) => nth === 0)
      let decided = 0
      await Promise.all([
        store.set([entryOf('a', 1)]),
        store.change('n', (found) => {
          decided++
          return found ?? entryOf('n', 'inserted')
        }),
      ])
      expect(faults.failed).toBe(1)
      expect(decided).toBe(2)
      expect(connections).toHaveLength(2)
      expect((await keysIn(store)).sort()).toEqual(['a', 'n', 'open'])
      await store.close()
    },
  )

  it('a transaction cut short by its engine reports the engine’s reason, not the abort of a request in it', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('open', 1)])
    onTransaction((transaction, mode) => {
      if (mode === 'readwrite') setImmediate(() => (transaction as unknown as { _abort(name: string): void })._abort('TimeoutError'))
    })
    const failure: CacheError = await store.set([entryOf('a', 1), entryOf('b', 2)]).then(
      () => expect.fail('should reject'),
      (error: CacheError) => error,
    )
    expect(failure.code).toBe('write-failed')
    expect(failure.cause).toMatchObject({ name: 'TimeoutError' })
    vi.restoreAllMocks()
    await store.close()
  })
})

describe('a write that fails', () => {
  // Its probe comes when the test says so.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))

  it('rejects with write-failed and the cause', async () => {
    const { store } = openIndexedDbStore(NAME)
    failWrites('ConstraintError')
    await expect(store.set([entryOf('a', 1)])).rejects.toMatchObject({ name: 'CacheError', code: 'write-failed', cause: { name: 'ConstraintError' } })
    await store.close()
  })

  it('rejects with quota-exceeded where the disk is full', async () => {
    const { store } = openIndexedDbStore(NAME)
    failWrites('QuotaExceededError', (_nth, puts) => puts > 0)
    await expect(store.set([entryOf('a', 1)])).rejects.toMatchObject({ code: 'quota-exceeded', cause: { name: 'QuotaExceededError' } })
    await store.close()
  })

  it('rejects with not-cloneable and the key for a value that cannot be cloned', async () => {
    const { store } = openIndexedDbStore(NAME)
    const writes = [store.set([entryOf('a', uncloneable)]), store.set([entryOf('b', uncloneable)]), store.change('c', () => entryOf('c', uncloneable))]
    const ends = await Promise.allSettled(writes)
    expect(ends).toMatchObject(['a', 'b', 'c'].map((key) => ({ status: 'rejected', reason: { code: 'not-cloneable', key, cause: { name: 'DataCloneError' } } })))
    await store.close()
  })

  it('leaves no older value on disk where deletes still work, as they do when the disk is full', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 'old', { expiresAt: 9_000, tags: ['x'] }), entryOf('b', 'stays')])
    failWrites('QuotaExceededError', (_nth, puts) => puts > 0)
    await expect(store.set([entryOf('a', 'new')])).rejects.toMatchObject({ code: 'quota-exceeded' })
    expect(await countDisk(NAME)).toEqual({ records: 1, expiry: 0, tags: 0 })
    await store.close()
  })

  it('hides the older value while nothing can be written, and deletes it before anything else is', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set(['a', 'p1', 'p2', 'tagged', 'stays'].map((key) => entryOf(key, 'old', key === 'tagged' ? { tags: ['x'] } : {})))
    const faults = failWrites('QuotaExceededError')
    const ends = await Promise.allSettled([store.set([entryOf('a', 'new')]), store.deletePrefix('p'), store.deleteTag('x')])
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    for (const key of ['a', 'p1', 'p2', 'tagged']) expect(await store.get(key), key).toBeUndefined()
    expect(await keysIn(store)).toEqual(['stays'])
    expect(await countDisk(NAME)).toMatchObject({ records: 5 })
    faults.end()
    vi.advanceTimersByTime(MINUTE)
    await store.flush()
    await store.set([entryOf('other', 1)])
    expect(await countDisk(NAME)).toMatchObject({ records: 2, tags: 0 })
    await store.set([entryOf('a', 'newest')])
    expect((await store.get('a'))?.value).toBe('newest')
    await store.close()
    expect(faults.failed).toBeGreaterThan(0)
  })

  it('a change during that time does not see the older value', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 'old')])
    const faults = failWrites('QuotaExceededError')
    await expect(store.set([entryOf('a', 'new')])).rejects.toThrow()
    faults.end()
    vi.advanceTimersByTime(MINUTE)
    await store.flush()
    let seen: unknown = 'not called'
    await store.change('a', (found) => {
      seen = found
      return found
    })
    expect(seen).toBeUndefined()
    expect(await countDisk(NAME)).toMatchObject({ records: 0 })
    await store.close()
  })

  it('tens of thousands of failed writes are remembered in bounded space: then nothing on disk counts', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 'old'), entryOf('b', 'old')])
    const faults = failWrites('QuotaExceededError')
    for (let round = 0; round < 3; round++) {
      await Promise.allSettled(Array.from({ length: 5_000 }, (_, index) => store.set([entryOf(`${round} ${index}`, 1)])))
    }
    await Promise.allSettled([store.set([entryOf('a', 'new')])])
    expect(await store.get('a')).toBeUndefined()
    faults.end()
    vi.advanceTimersByTime(MINUTE)
    await store.flush()
    await store.set([entryOf('c', 1)])
    expect(await store.get('a')).toBeUndefined()
    expect((await store.get('c'))?.value).toBe(1)
    await store.close()
  })

  it('a fault that a second try does not meet is not seen', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('open', 1)])
    const faults = failWrites('ConstraintError', (nth) => nth === 0)
    await Promise.all([store.set([entryOf('a', 1)]), store.set([entryOf('b', 2)])])
    expect((await keysIn(store)).sort()).toEqual(['a', 'b', 'open'])
    expect(faults.failed).toBe(1)
    await store.close()
  })
})

describe('after close', () => {
  it('every call rejects, and the database is let go', async () => {
    const { store } = openIndexedDbStore(NAME)
    await store.set([entryOf('a', 1)])
    await store.close()
    for (const call of [store.get('a'), store.set([entryOf('a', 2)]), store.change('a', () => undefined), store.deletePrefix(''), store.deleteTag('x'), keysIn(store)]) {
      await expect(call).rejects.toMatchObject({ code: 'closed' })
    }
    const [database = ''] = await databaseNames()
    const deletion = indexedDB.deleteDatabase(database)
    deletion.onblocked = () => expect.fail('still open')
    await settled(deletion)
  })

  it('a database that opens only then is let go too', async () => {
    const { store } = openIndexedDbStore(NAME)
    const reading = store.get('a').catch(() => {})
    await store.close()
    await reading
    await turns()
    const [database] = await databaseNames()
    if (database !== undefined) expect(await isPending(settled(indexedDB.deleteDatabase(database)))).toBe(false)
  })
})

it('what was written under a clock ahead of time goes with a sweep; what lives longer than most stays', async () => {
  const now = 1_700_000_000_000
  const { store } = openIndexedDbStore(NAME, { lifetime: { ...NO_WINDOWS, ttl: MINUTE }, now: () => now, readClock: () => now })
  await store.set([
    entryOf('future', 1, { createdAt: now + 2 * MINUTE, expiresAt: now + 3 * MINUTE }),
    entryOf('long', 2, { createdAt: now, expiresAt: now + 10 * MINUTE }),
    entryOf('never', 3, { createdAt: now }),
    entryOf('usual', 4, { createdAt: now, expiresAt: now + MINUTE }),
  ])
  await store.sweep(now)
  expect((await lookAtDisk(NAME)).records.map(({ key }) => key)).toEqual(['long', 'never', 'usual'])
  await store.close()
})
