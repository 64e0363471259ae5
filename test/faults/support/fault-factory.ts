// An IDBFactory that fails on demand, around one of fake-indexeddb: the first rule that a call meets decides how it fails, all
// other calls go through. Faults come as engines bring them: an error of a request bubbles and aborts its transaction unless
// it is prevented; one at commit comes when every request has succeeded; what hangs tells nobody, and holds up those behind it.

import { forceCloseDatabase } from 'fake-indexeddb'
import { ActiveRule, REQUESTS, type Call, type Operation, type Rule } from './rule.ts'

export interface FaultFactory extends IDBFactory {
  /** Without faults. */
  readonly base: IDBFactory
  /** All calls, in order. */
  readonly calls: readonly Call[]
  /** Grows with each thing that happens: when it does not for some turns, all is done, or waits for time to pass. */
  readonly steps: number
  /** Connections that are open. */
  readonly connected: readonly IDBDatabase[]
  fail(rule: Rule): ActiveRule
  /** Ends all rules. */
  heal(): void
  /** How often an operation was called since the last {@link FaultFactory.forget}. */
  count(operation: Operation, when?: (call: Call) => boolean): number
  forget(): void
  /** Connections, or all of them, are closed as by the engine: transactions end with AbortError, then `close` fires. */
  forceClose(databases?: readonly IDBDatabase[]): void
}

/** What fake-indexeddb keeps inside. `_start` runs the next request, or completes the transaction when there is none. */
interface FakeTransaction extends Omit<IDBTransaction, 'error'> {
  error: DOMException | null
  _started: boolean
  _state: string
  _requests: { request: IDBRequest; operation: () => unknown }[]
  _start(): void
  _abort(name: string | null): void
}
type FakeDatabase = IDBDatabase & { _closePending: boolean; readonly _rawDatabase: { readonly transactions: FakeTransaction[] } }
type Settable<T> = { -readonly [P in keyof T]: T[P] }

export function createFaultFactory(base: IDBFactory = new IDBFactory()): FaultFactory {
  const rules = new Set<ActiveRule>()
  const connections = new Set<FakeDatabase>()
  let connected = 0
  let calls: Call[] = []
  let transactions = 0
  let steps = 0

  /** Notes a call; returns the rule that it meets. */
  const meet = (call: Call): ActiveRule | undefined => {
    calls.push(call)
    steps++
    const met = [...rules].filter((rule) => rule.concerns(call))
    if (met[0]) met[0].fired++
    if (met[0]?.phase === 'sync') throw met[0].error
    return met[0]
  }

  /** A request of the factory, which does its work when the rule lets it. */
  const request = (operation: Operation, args: readonly unknown[], begin: () => IDBOpenDBRequest): IDBOpenDBRequest => {
    const rule = meet({ operation, args, connection: 0 })
    const shell = new IDBOpenDBRequest() as Settable<IDBOpenDBRequest>
    const tell = (type: string, of: Partial<IDBOpenDBRequest>, versions: Partial<IDBVersionChangeEvent> = {}): void => {
      const { readyState = 'done', result, error = null, transaction = null } = of
      Object.assign(shell, { readyState, result, error, transaction })
      const event = new IDBVersionChangeEvent(type, { oldVersion: versions.oldVersion ?? 0, newVersion: versions.newVersion ?? null })
      shell.dispatchEvent(event)
    }
    if (rule?.phase === 'request') setImmediate(() => tell('error', { error: rule.error }))
    else {
      hold(rule, () => {
        const inner = begin()
        inner.onerror = () => tell('error', { error: inner.error })
        inner.onblocked = (event) => Object.assign(shell, { readyState: 'pending' }) && shell.dispatchEvent(new IDBVersionChangeEvent('blocked', event))
        inner.onupgradeneeded = (event) => tell('upgradeneeded', { result: inner.result, transaction: inner.transaction }, event)
        inner.onsuccess = () => {
          if (operation === 'open') guard(inner.result as FakeDatabase)
          tell('success', { result: inner.result })
        }
      })
    }
    return shell
  }

  const guard = (database: FakeDatabase): void => {
    for (const other of connections) if (other._closePending) connections.delete(other)
    connections.add(database)
    const connection = ++connected
    const create = database.transaction.bind(database)
    database.transaction = (stores, mode = 'readonly', options) => {
      const place = { connection, transaction: ++transactions, mode }
      const rule = meet({ operation: 'transaction', args: [stores, mode, options], ...place })
      const transaction = create(stores, mode, options)
      guardTransaction(transaction as unknown as FakeTransaction, rule, place)
      return transaction
    }
  }

  const guardTransaction = (transaction: FakeTransaction, own: ActiveRule | undefined, place: Pick<Call, 'connection' | 'transaction' | 'mode'>): void => {
    const start = transaction._start.bind(transaction)
    const abort = transaction._abort.bind(transaction)
    const objectStore = transaction.objectStore.bind(transaction)
    const planned = new Map<IDBRequest, ActiveRule>()
    /** What happens at its end. */
    let last = own?.phase === 'commit' ? own : undefined
    let first = own === last ? undefined : own
    let ended = false
    let failure: DOMException | null = null

    /** What is to become of the next step. */
    const take = (): ActiveRule | undefined => {
      const step = transaction._requests[0]
      let rule = first
      if (!rule && step) rule = planned.get(step.request)
      else if (!rule && !ended) {
        ended = true
        rule = last ?? meet({ operation: 'commit', args: [], ...place })
      }
      first = undefined
      if (step) planned.delete(step.request)
      return rule?.over ? undefined : rule
    }

    transaction._abort = (name) => {
      abort(name)
      if (name !== null && failure?.name === name) transaction.error = failure
    }

    transaction._start = () => {
      steps++
      const rule = transaction._state === 'finished' ? undefined : take()
      if (!rule) return start()
      transaction._started = true
      if (rule.phase === 'hang' || rule.phase === 'late') return hold(rule, () => transaction._start())
      failure = rule.error
      const [step] = transaction._requests
      if (rule.phase !== 'request' || !step) return transaction._abort(failure?.name ?? null)
      step.operation = () => {
        throw failure
      }
      start()
    }

    const guardSource = (source: IDBObjectStore | IDBIndex, store: string): void => {
      for (const operation of REQUESTS) {
        const method = (source as unknown as Record<string, ((...args: unknown[]) => IDBRequest) | undefined>)[operation]
        if (!method || Object.hasOwn(source, operation)) continue
        Object.assign(source, {
          [operation]: (...args: unknown[]) => {
            const [subject] = args
            const key = operation === 'put' || operation === 'add' ? (subject as { key?: unknown }).key : subject
            const rule = meet({ operation, args, store, key, ...place })
            const made = method.apply(source, args)
            if (rule?.phase === 'commit') last ??= rule
            else if (rule) planned.set(made, rule)
            return made
          },
        })
      }
    }

    transaction.objectStore = (name) => {
      const store = objectStore(name)
      guardSource(store, name)
      const index = IDBObjectStore.prototype.index
      store.index = (indexName) => {
        const found = index.call(store, indexName)
        guardSource(found, name)
        return found
      }
      return store
    }
  }

  return {
    base,
    get calls() {
      return calls
    },
    get steps() {
      return steps
    },
    get connected() {
      return [...connections].filter(({ _closePending }) => !_closePending)
    },
    cmp: base.cmp.bind(base),
    open: (name, version) => request('open', [name, version], () => base.open(name, version)),
    deleteDatabase: (name) => request('deleteDatabase', [name], () => base.deleteDatabase(name)),
    async databases() {
      const rule = meet({ operation: 'databases', args: [], connection: 0 })
      if (rule?.phase === 'request') throw rule.error
      await new Promise<void>((resolve) => hold(rule, resolve))
      return base.databases()
    },
    fail(rule) {
      const active = new ActiveRule(rule, (over) => rules.delete(over))
      rules.add(active)
      return active
    },
    heal() {
      for (const rule of rules) rule.end()
    },
    count: (operation, when = () => true) => calls.filter((call) => call.operation === operation && when(call)).length,
    forget() {
      calls = []
    },
    forceClose(this: FaultFactory, databases = this.connected) {
      for (const database of databases as readonly FakeDatabase[]) {
        for (const transaction of [...database._rawDatabase.transactions]) {
          if ((transaction.db as unknown) === database && transaction._state !== 'finished') transaction._abort('AbortError')
        }
        database._closePending = true
        // When those events have been told.
        setImmediate(() => forceCloseDatabase(database as never))
      }
    },
  }
}

/** Does something when the rule lets it: at once where there is none. */
function hold(rule: ActiveRule | undefined, work: () => void): void {
  if (!rule || rule.over) return work()
  rule.held.add(work)
  if (rule.phase === 'late') setTimeout(() => rule.held.delete(work) && work(), rule.rule.after)
}
