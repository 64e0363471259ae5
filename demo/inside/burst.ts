// Three hundred entries in one tick, each with a short life of its own: something for the time line to move and the sweep to take.

import type { HttpEntry } from '../../src/http/index.ts'
import { CacheError, type Cache } from '../../src/index.ts'
import { formatMs } from '../format.ts'

const COUNT = 300
const SHORTEST = 2_000
const LONGEST = 60_000

let bursts = 0

/** @returns what to say about it */
export async function burst(cache: Cache<HttpEntry>): Promise<string> {
  const name = ++bursts
  const start = performance.now()
  const writes = Array.from({ length: COUNT }, (_, index) => {
    const ttl = SHORTEST * (LONGEST / SHORTEST) ** Math.random()
    return cache.set(`burst ${name}/${index + 1}`, [], { ttl })
  })
  const results = await Promise.allSettled(writes)
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown)
  const refused = failures.length
  if (failures.some((reason) => reason instanceof CacheError && reason.code === 'closed'))
    return 'Nothing is added: the cache is destroyed.'
  if (refused > 0) return `${COUNT} entries are in memory; the disk refused ${refused}.`
  return `${COUNT} writes of one tick were on disk after ${formatMs(performance.now() - start)}.`
}
