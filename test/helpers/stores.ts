// Stores that misbehave on demand: calls held back, calls that fail. The cache on top cannot tell them from slow and broken disks.

import type { Store, Write } from '../../src/index.ts'
import { deferred, type Deferred } from './deferred.ts'

type Method = 'get' | 'set' | 'change' | 'take' | 'deletePrefix' | 'deleteTag' | 'sweep' | 'flush' | 'close' | 'destroy'

/** What the cache means by a write. */
function methodOf<V>({ change, decide }: Write<V>): Method {
  if (change.type === 'set') return decide ? 'change' : 'set'
  return change.type === 'delete' ? 'take' : (change.type as Method)
}

export interface Control<V> {
  readonly store: Store<V>
  /** From now on calls of these methods wait for {@link Control.release}: before their work, or after it. */
  hold(when: 'before' | 'after', ...methods: Method[]): void
  /** Lets held calls go on, oldest first; all of them by default. */
  release(count?: number): void
  /** How many calls are held. */
  readonly held: number
  /** From now on calls of these methods reject with this error; undefined ends it. */
  fail(error: unknown, ...methods: Method[]): void
  /** Calls so far, by method. */
  readonly calls: Readonly<Partial<Record<Method, number>>>
}

export function controlled<V>(inner: Store<V>): Control<V> {
  const holding = new Map<Method, 'before' | 'after'>()
  const failing = new Map<Method, unknown>()
  const calls: Partial<Record<Method, number>> = {}
  const gates: Deferred[] = []

  const wait = (): Promise<void> => {
    const gate = deferred()
    gates.push(gate)
    return gate.promise
  }

  const around = <A extends unknown[], T>(method: Method, work: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      calls[method] = (calls[method] ?? 0) + 1
      const when = holding.get(method)
      if (when === 'before') await wait()
      if (failing.has(method)) throw failing.get(method)
      const result = await work(...args)
      if (when === 'after') await wait()
      return result
    }

  return {
    calls,
    get held() {
      return gates.length
    },
    hold(when, ...methods) {
      for (const method of methods) holding.set(method, when)
    },
    release(count = gates.length) {
      if (count >= gates.length) holding.clear()
      for (const gate of gates.splice(0, count)) gate.resolve()
    },
    fail(error, ...methods) {
      for (const method of methods) {
        if (error === undefined) failing.delete(method)
        else failing.set(method, error)
      }
    },
    store: {
      get: around('get', inner.get),
      write: (writes) => around(methodOf(writes[0]!), inner.write)(writes),
      entries: inner.entries,
      sweep: around('sweep', inner.sweep),
      flush: around('flush', inner.flush),
      close: around('close', inner.close),
      destroy: around('destroy', inner.destroy),
    },
  }
}
