// Memory after a full collection, in Node: what a test of leaks and of released references compares.
// Vitest's workers start without --expose-gc; V8 takes the flag later, for contexts made after it.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Bytes in use, typed arrays included, after everything collectable went. */
export async function heapBytes(): Promise<number> {
  await collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Collects; what this turn of the event loop still keeps alive (targets of WeakRef) first gets a new turn. */
export async function collect(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setTimeout(resolve))
    gc()
  }
}
