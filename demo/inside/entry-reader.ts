// Reads what is known of the cache's entries. `keys()` names the fresh ones alone, so keys are remembered from events, and each
// is asked about: `info` sees stale entries too. An expired one stays in the picture until it is known to be removed.

import type { HttpEntry } from '../../src/http/index.ts'
import type { Cache } from '../../src/index.ts'
import { clock } from '../app/clock.ts'
import { nameOfKey } from '../app/names.ts'

export interface SeenEntry {
  readonly key: string
  /** `expired`: past all use, but not swept yet. */
  readonly state: 'memory' | 'disk' | 'expired'
  readonly createdAt: number
  readonly staleAt: number
  readonly expiresAt: number
}

export interface EntryReader {
  read(): Promise<readonly SeenEntry[]>
}

/** Of responses and of other entries alike; beyond these, the newest count. */
const MOST = 500

export function createEntryReader(cache: Cache<HttpEntry>): EntryReader {
  const responses = new Set<string>()
  const others = new Set<string>()
  const seen = new Map<string, SeenEntry>()
  let isListed = false

  const learn = (key: string): void => {
    const { isBody, partition } = nameOfKey(key)
    if (isBody) return
    const known = partition === undefined ? others : responses
    known.delete(key)
    known.add(key)
    const [oldest] = known
    if (known.size > MOST && oldest !== undefined) drop(oldest)
  }

  const drop = (key: string): void => {
    for (const keys of [responses, others, seen]) keys.delete(key)
  }

  const forget = (test: (key: string) => boolean): void => [...responses, ...others].filter(test).forEach(drop)

  cache.subscribe((event) => {
    if (event.type === 'set') learn(event.key)
    else if (event.type === 'delete') drop(event.key)
    else if (event.type === 'deletePrefix') forget((key) => key.startsWith(event.prefix))
    else if (event.type === 'destroy') forget(() => true)
    // Of a tag it is not known whose it is.
    if (event.type === 'deletePrefix' || event.type === 'deleteTag') isListed = false
  })

  async function list(): Promise<void> {
    isListed = true
    for await (const key of cache.keys()) learn(key)
  }

  let expirations = 0

  return {
    async read() {
      if (!isListed) await list()
      const stats = cache.stats()
      const total = stats.store.expirations + (cache.status.persistence === 'memory' ? stats.memory.expirations : 0)
      const wasSwept = total !== expirations
      expirations = total
      const now = clock.now()
      await Promise.all(
        [...responses, ...others].map(async (key) => {
          const info = await cache.info(key)
          // It may have been removed meanwhile.
          if (!responses.has(key) && !others.has(key)) return
          const before = seen.get(key)
          if (info) seen.set(key, { key, ...info, state: info.tier === 'memory' ? 'memory' : 'disk' })
          else if (before && before.expiresAt <= now && !wasSwept) seen.set(key, { ...before, state: 'expired' })
          else drop(key)
        }),
      )
      return [...seen.values()]
    },
  }
}
