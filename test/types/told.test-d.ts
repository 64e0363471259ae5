// Types of what createCache tells (status, info, stats, events, errors) and of the store that may be handed to it, checked by
// tsc: each @ts-expect-error is a mistake that the compiler has to refuse. Nothing here runs.

import { CacheError, createCache } from '../../src/index.ts'
import type { Cache, CacheErrorCode, CacheEvent, CacheStatus, Change, Entry, Store, Swept, TierStats, Write } from '../../src/index.ts'
import { exactly } from './exactly.ts'

interface User {
  readonly name: string
}

const ada: User = { name: 'Ada' }

export async function whatIsToldIsReadonlyAndExact(cache: Cache<User>): Promise<void> {
  exactly<'indexeddb' | 'store' | 'memory'>()(cache.status.persistence, true)
  exactly<string | undefined>()(cache.status.reason, true)
  // @ts-expect-error status is for reading
  cache.status.persistence = 'memory'
  // @ts-expect-error status is for reading
  cache.status = { persistence: 'memory' }
  const info = (await cache.info('a'))!
  exactly<number>()(info.createdAt + info.staleAt + info.expiresAt, true)
  exactly<readonly string[]>()(info.tags, true)
  exactly<'memory' | 'store'>()(info.tier, true)
  // @ts-expect-error info is for reading
  info.expiresAt = 0
  const { memory, store } = cache.stats()
  exactly<TierStats>()(store, true)
  exactly<number>()(memory.hits + memory.misses + memory.stale + memory.evictions + memory.expirations + memory.writes + memory.errors + memory.size + memory.weight, true)
  // @ts-expect-error what the store holds is asked with size()
  store.size
}

export function eventsSayWhatHappened(cache: Cache<User>): void {
  exactly<() => void>()(cache.subscribe(() => {}), true)
  exactly<() => void>()(cache.subscribe('a', (event) => exactly<CacheEvent>()(event, true)), true)
  cache.subscribe((event) => {
    exactly<boolean>()(event.local, true)
    switch (event.type) {
      case 'set':
      case 'delete':
      case 'expire':
        return exactly<string>()(event.key, true)
      case 'deletePrefix':
        return exactly<string>()(event.prefix, true)
      case 'deleteTag':
        return exactly<string>()(event.tag, true)
      case 'status':
        return exactly<CacheStatus>()(event.status, true)
      case 'destroy':
        return
      default:
        return exactly<never>()(event, true)
    }
  })
  // @ts-expect-error an event tells no value
  cache.subscribe((event) => event.value)
  // @ts-expect-error there is no such event
  cache.subscribe((event) => event.type === 'clear')
  // @ts-expect-error a listener is needed
  cache.subscribe('a')
}

export function errorsHaveAStableCode(cache: Cache<User>): void {
  createCache<User>({
    onError(error) {
      exactly<CacheError>()(error, true)
      exactly<CacheErrorCode>()(error.code, true)
      exactly<string | undefined>()(error.key, true)
      exactly<unknown>()(error.cause, true)
      // @ts-expect-error there is no such code
      if (error.code === 'offline') return
      // @ts-expect-error the code is for reading
      error.code = 'closed'
    },
  })
  const codes: readonly CacheErrorCode[] = ['closed', 'open-failed', 'read-failed', 'write-failed', 'quota-exceeded', 'not-cloneable', 'codec-failed', 'load-failed', 'load-timeout']
  const asError: Error = new CacheError('closed', 'Cannot use cache: it is closed', { key: 'a', cause: new Error('why') })
  // @ts-expect-error a code of the list
  const wrong = new CacheError('offline', 'Cannot use cache')
  // @ts-expect-error onError is told of the error, not of its code
  createCache<User>({ onError: (code: string) => void code })
  return void [cache, codes, asError, wrong]
}

export function storesArePorts(entry: Entry<User>): void {
  const store: Store<User> = {
    get: async (key) => (exactly<string>()(key, true), entry),
    async write(writes) {
      exactly<readonly Write<User>[]>()(writes, true)
      for (const write of writes) {
        write.found = entry
        if (write.decide) write.entry = write.decide(write.found)
        exactly<Change>()(write.change, true)
        exactly<string>()('key' in write.change ? write.change.key : 'tag' in write.change ? write.change.tag : write.change.prefix, true)
        // @ts-expect-error what is asked for is readonly
        write.change = { type: 'delete', key: 'a' }
        // @ts-expect-error an entry, not a value
        write.decide?.(ada)
      }
    },
    async *entries() {
      yield entry
    },
    sweep: async (now) => ({ keys: [now.toFixed()], more: false }),
    flush: async () => {},
    close: async () => {},
    destroy: async () => {},
  }
  exactly<Promise<Swept>>()(store.sweep(0), true)
  exactly<Promise<Entry<User> | undefined>>()(store.get('a'), true)
  exactly<AsyncIterable<Entry<User>>>()(store.entries(), true)
  // @ts-expect-error a store has all methods
  const half: Store<User> = { get: store.get, write: store.write }
  // @ts-expect-error an entry has a createdAt
  const young: Entry<User> = { key: 'a', value: ada }
  // @ts-expect-error an entry is readonly
  entry.expiresAt = 1
  return void [half, young]
}
