// The worker's side of worker.ts: a cache of the worker's own name, and one reply for each call.

import { createCache } from '../../../src/index.ts'
import type { Call, Reply } from './worker.ts'

const cache = createCache<unknown>({ name: self.name })

addEventListener('message', async ({ data: { id, method, args } }: MessageEvent<Call>) => {
  // The caller's types have matched the arguments with the method.
  const run = cache[method] as (...args: readonly unknown[]) => Promise<unknown>
  try {
    reply({ id, result: await run(...args) })
  } catch (error) {
    reply({ id, error: String(error) })
  }
})

function reply(message: Reply): void {
  postMessage(message)
}
