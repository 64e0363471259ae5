// A page of its own in one process: the library is bundled once and runs once per page, with globals that belong to the page. So
// one of several pages can die like a killed tab: nothing of what it would still do gets anywhere.

import { join } from 'node:path'
import { build } from 'vite'
import type * as Library from '../../../src/index.ts'
import type { FaultFactory } from './fault-factory.ts'

export interface Page {
  readonly library: typeof Library
  /** It gets an event. */
  tell(type: 'pagehide' | 'pageshow'): void
  /** Its connections that are open are closed by the engine. */
  forceClose(): void
  /** It ends without a word: its transactions are aborted, its locks let go, its timers and messages gone. */
  kill(): void
}

/** What a page has of its own; all else is the process's. */
const OWN = ['globalThis', 'indexedDB', 'BroadcastChannel', 'navigator', 'setTimeout'] as const

type Run = (...own: unknown[]) => typeof Library

/** Bundles the library; makes pages of it. */
export async function bundlePages(): Promise<(factory: FaultFactory) => Page> {
  const entry = join(import.meta.dirname, '../../../src/index.ts')
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, target: 'es2022', minify: false, lib: { entry, formats: ['iife'], name: 'library' } },
  })
  const [bundle] = Array.isArray(result) ? result : [result]
  if (!bundle || !('output' in bundle)) throw new Error('There is no bundle')
  const run = new Function(...OWN, `${bundle.output[0].code}\nreturn library`) as Run
  return (factory) => createPage(factory, run)
}

function createPage(factory: FaultFactory, run: Run): Page {
  let dead = false
  let die!: () => void
  const death = new Promise<void>((resolve) => (die = resolve))
  let connections: IDBDatabase[] = []
  const channels: BroadcastChannel[] = []
  const locks: LockManager | undefined = globalThis.navigator?.locks

  /** Requests of a dead page are never answered. */
  const own = (ask: () => IDBOpenDBRequest): IDBOpenDBRequest => {
    if (dead) return new IDBOpenDBRequest()
    const request = ask()
    request.addEventListener('success', () => {
      connections = connections.filter((database) => factory.connected.includes(database)).concat(request.result ?? [])
      if (dead) factory.forceClose([request.result])
    })
    return request
  }

  const indexedDB = {
    cmp: factory.cmp,
    open: (name: string, version?: number) => own(() => factory.open(name, version)),
    deleteDatabase: (name: string) => own(() => factory.deleteDatabase(name)),
    databases: () => (dead ? new Promise(() => {}) : factory.databases()),
  }
  class Channel extends BroadcastChannel {
    constructor(name: string) {
      super(name)
      channels.push(this)
    }
    override postMessage(message: unknown): void {
      if (!dead) super.postMessage(message)
    }
  }
  const navigator = locks && {
    locks: {
      request: (name: string, options: LockOptions, callback: (lock: Lock | null) => Promise<unknown>) =>
        locks.request(name, options, (lock) => Promise.race([death, ...(dead ? [] : [callback(lock)])])),
    },
  }
  const setTimer = (callback: () => void, ms?: number): unknown => setTimeout(() => void (dead || callback()), ms)
  const events = new EventTarget()
  const global = Object.create(globalThis, {
    indexedDB: { value: indexedDB },
    addEventListener: { value: events.addEventListener.bind(events) },
    removeEventListener: { value: events.removeEventListener.bind(events) },
  }) as object

  const forceClose = (): void => {
    factory.forceClose(connections.filter((database) => factory.connected.includes(database)))
    connections = []
  }
  return {
    library: run(global, indexedDB, Channel, navigator, setTimer),
    tell: (type) => void (dead || events.dispatchEvent(new Event(type))),
    forceClose,
    kill() {
      dead = true
      forceClose()
      for (const channel of channels) channel.close()
      die()
    },
  }
}
