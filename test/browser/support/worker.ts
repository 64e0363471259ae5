// A cache in a dedicated worker, called from the page: each call is one message, answered by one message.

import { afterEach } from 'vitest'
import type { Cache } from '../../../src/index.ts'

/** Methods whose arguments and results can travel between threads. */
export type RemoteMethod = 'get' | 'set' | 'add' | 'take' | 'delete' | 'sweep' | 'flush' | 'close'

export interface Call {
  readonly id: number
  readonly method: RemoteMethod
  readonly args: readonly unknown[]
}

export interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

export interface WorkerCache {
  call<M extends RemoteMethod>(method: M, ...args: Parameters<Cache<unknown>[M]>): ReturnType<Cache<unknown>[M]>
}

const ends: (() => Promise<void>)[] = []

export function openInWorker(cacheName: string): WorkerCache {
  const worker = new Worker(new URL('./cache-worker.ts', import.meta.url), { type: 'module', name: cacheName })
  const calls = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  let latest = 0
  worker.onmessage = ({ data: { id, result, error } }: MessageEvent<Reply>) => {
    if (error === undefined) calls.get(id)?.resolve(result)
    else calls.get(id)?.reject(new Error(error))
    calls.delete(id)
  }
  worker.onerror = ({ message }) => {
    for (const { reject } of calls.values()) reject(new Error(`The worker failed: ${message}`))
  }
  const call: WorkerCache['call'] = (method, ...args) => {
    const id = ++latest
    const reply = new Promise((resolve, reject) => calls.set(id, { resolve, reject }))
    worker.postMessage({ id, method, args } satisfies Call)
    // The worker answers with what the method of this name resolved to.
    return reply as ReturnType<Cache<unknown>[typeof method]>
  }
  ends.push(async () => {
    await call('close')
    worker.terminate()
  })
  return { call }
}

// In WebKit a worker that ends with its connection open can leave its database blocked for ever, for all.
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})
