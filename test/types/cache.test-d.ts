// Types of createCache, checked by tsc: each @ts-expect-error is a mistake that the compiler has to refuse.
// Nothing here runs.

import { createCache, createMemoryCache } from '../../src/index.ts'
import type { Cache, CacheOptions, Codec, CodecContext, CacheStats, EntryInfo, Loader, LoaderContext, LoadOptions, MemoryCache, SetOptions, Store } from '../../src/index.ts'
import { exactly } from './exactly.ts'

interface User {
  readonly name: string
}

const ada: User = { name: 'Ada' }

export function valuesAreOfOneType(cache: Cache<User>): void {
  void cache.set('a', ada)
  void cache.set('a', ada, { ttl: 1000, staleWhileRevalidate: 1, staleIfError: Infinity, tags: ['x'] as const })
  void cache.setMany([['a', ada], ['b', ada]], { ttl: 1 })
  void cache.setMany(new Map([['a', ada]]))
  void cache.setMany(Object.entries({ a: ada }))
  // @ts-expect-error a value of another type
  void cache.set('a', 'Ada')
  // @ts-expect-error undefined is not a value
  void cache.set('a', undefined)
  // @ts-expect-error null is one only where V says so
  void cache.add('a', null)
  // @ts-expect-error a value is needed
  void cache.update('a')
  // @ts-expect-error keys are strings
  void cache.set(1, ada)
  // @ts-expect-error a value of another type among several
  void cache.setMany([['a', ada], ['b', 'Ada']])
  // @ts-expect-error pairs, not an object
  void cache.setMany({ a: ada })
}

export function optionsOfAWriteAreChecked(cache: Cache<User>, options: SetOptions): void {
  // @ts-expect-error an unknown option
  void cache.set('a', ada, { tll: 1000 })
  // @ts-expect-error a ttl in words
  void cache.set('a', ada, { ttl: '1h' })
  // @ts-expect-error options, not a bare ttl
  void cache.add('a', ada, 1000)
  // @ts-expect-error tags are a list
  void cache.set('a', ada, { tags: 'x' })
  // @ts-expect-error an option that is not given is left out
  void cache.set('a', ada, { ttl: undefined })
  // @ts-expect-error a signal belongs to loads
  void cache.set('a', ada, { signal: AbortSignal.abort() })
  // @ts-expect-error options are readonly
  options.ttl = 5
  // @ts-expect-error options are readonly
  options.tags?.push('x')
  // @ts-expect-error update keeps the entry's time: it takes no options
  void cache.update('a', ada, { ttl: 5 })
  // @ts-expect-error a ttl is needed
  void cache.touch('a')
}

export function everyCallTellsWhatItResolvesTo(cache: Cache<User>): void {
  exactly<Promise<User | undefined>>()(cache.get('a'), true)
  exactly<Promise<User | undefined>>()(cache.get('a', { stale: true }), true)
  exactly<Promise<Map<string, User>>>()(cache.getMany(['a']), true)
  exactly<Promise<Map<string, User>>>()(cache.getMany(new Set(['a'])), true)
  exactly<User | undefined>()(cache.peek('a'), true)
  exactly<Promise<boolean>>()(cache.has('a'), true)
  exactly<Promise<number | undefined>>()(cache.expiresAt('a'), true)
  exactly<Promise<EntryInfo | undefined>>()(cache.info('a'), true)
  exactly<Promise<void>>()(cache.set('a', ada), true)
  exactly<Promise<void>>()(cache.setMany([]), true)
  exactly<Promise<boolean>>()(cache.add('a', ada), true)
  exactly<Promise<User | undefined>>()(cache.update('a', ada), true)
  exactly<Promise<boolean>>()(cache.touch('a', 1), true)
  exactly<Promise<User | undefined>>()(cache.take('a'), true)
  exactly<Promise<boolean>>()(cache.delete('a'), true)
  exactly<Promise<number>>()(cache.deleteMany(new Set(['a'])), true)
  exactly<Promise<void>>()(cache.deletePrefix('a'), true)
  exactly<Promise<void>>()(cache.deleteTag('a'), true)
  exactly<Promise<void>>()(cache.clear(), true)
  exactly<Promise<number>>()(cache.size(), true)
  exactly<Promise<number>>()(cache.sweep(), true)
  exactly<Promise<void>>()(cache.flush(), true)
  exactly<Promise<void>>()(cache.close(), true)
  exactly<Promise<void>>()(cache.destroy(), true)
  exactly<Promise<void>>()(cache[Symbol.asyncDispose](), true)
  exactly<CacheStats>()(cache.stats(), true)
}

export async function whatMayBeMissingHasToBeHandled(cache: Cache<User>): Promise<void> {
  // @ts-expect-error may be undefined
  ;(await cache.get('a')).name
  // @ts-expect-error may be undefined
  const taken: User = await cache.take('a')
  // @ts-expect-error may be undefined
  const peeked: User = cache.peek('a')
  // @ts-expect-error a promise, not a value
  const user: User | undefined = cache.get('a')
  // @ts-expect-error the options of get
  void cache.get('a', true)
  // @ts-expect-error size is a method here
  const size: number = cache.size
  exactly<string | undefined>()((await cache.get('a'))?.name, true)
  return void [taken, peeked, user, size]
}

export async function iteratorsKnowTheirTypes(cache: Cache<User>): Promise<void> {
  for await (const key of cache.keys()) exactly<string>()(key, true)
  for await (const value of cache.values()) exactly<User>()(value, true)
  for await (const [key, value] of cache.entries()) {
    exactly<string>()(key, true)
    exactly<User>()(value, true)
  }
  // @ts-expect-error asynchronous
  for (const key of cache.keys()) void key
  // @ts-expect-error entries() says what is iterated
  for await (const entry of cache) void entry
}

export function loadersGiveValuesOrNothing(cache: Cache<User>): void {
  exactly<Promise<User>>()(cache.getOrLoad('a', () => ada), true)
  exactly<Promise<User>>()(cache.getOrLoad('a', async () => ada), true)
  exactly<Promise<User | undefined>>()(cache.getOrLoad('a', () => undefined), true)
  exactly<Promise<User | undefined>>()(cache.getOrLoad('a', async ({ key }) => (key ? ada : undefined)), true)
  exactly<Promise<User>>()(cache.getOrLoad('a', ({ stale }) => stale ?? ada), true)
  const finder: Loader<User, User | undefined> = ({ stale }) => stale
  exactly<Promise<User | undefined>>()(cache.getOrLoad('a', finder), true)
  exactly<Promise<User>>()(cache.getOrLoad('a', () => Promise.reject<User>(new Error('offline'))), true)
  // @ts-expect-error a value of another type
  void cache.getOrLoad('a', () => 'Ada')
  // @ts-expect-error null is one only where V says so
  void cache.getOrLoad('a', async () => null)
  // @ts-expect-error a loader is needed
  void cache.getOrLoad('a')
  // @ts-expect-error a loader, not a value
  void cache.getOrLoad('a', ada)
  // @ts-expect-error what may be undefined is not a user
  const user: Promise<User> = cache.getOrLoad('a', finder)
  return void user
}

export function loadersGetTheirContextAndOptions(cache: Cache<User>, options: LoadOptions): void {
  void cache.getOrLoad('a', (context) => {
    exactly<LoaderContext<User>>()(context, true)
    exactly<string>()(context.key, true)
    exactly<AbortSignal>()(context.signal, true)
    exactly<User | undefined>()(context.stale, true)
    exactly<void>()(context.setOptions({ ttl: 1, tags: ['x'] }), true)
    exactly<void>()(context.also('b', ada), true)
    // @ts-expect-error a value of another type
    context.also('b', 'Ada')
    // @ts-expect-error undefined is not a value
    context.also('b', undefined)
    // @ts-expect-error the context is readonly
    context.key = 'b'
    // @ts-expect-error options of an entry, not of the call
    context.setOptions({ refresh: true })
    return ada
  })
  void cache.getOrLoad('a', () => ada, { signal: new AbortController().signal, ttl: 1, tags: ['x'], staleIfError: 1, staleWhileRevalidate: 1 })
  void cache.getOrLoad('a', () => ada, { refresh: true, timeout: 5_000, errorTtl: 1_000 })
  const asForSet: SetOptions = options
  // @ts-expect-error how a load goes is no matter of a set
  void cache.set('a', ada, { refresh: true })
  // @ts-expect-error a signal, not its controller
  void cache.getOrLoad('a', () => ada, { signal: new AbortController() })
  // @ts-expect-error options are readonly
  options.ttl = 1
  return void asForSet
}

export function theValueTypeIsInferredOrGiven(): void {
  exactly<Cache<string>>()(createCache<string>(), true)
  exactly<Cache<unknown>>()(createCache(), true)
  exactly<Cache<unknown>>()(createCache({ name: 'users' }), true)
  exactly<Cache<string>>()(createCache({ weigh: (value: string) => value.length }), true)
  exactly<Cache<User>>()(createCache({ onRemove: (_key: string, user: User) => void user.name }), true)
  const nullable: Cache<User | null> = createCache({ name: 'users' })
  void nullable.set('a', null)
  exactly<Promise<User | null>>()(nullable.getOrLoad('a', () => null), true)
  // @ts-expect-error a cache of two tiers is no memory cache
  const memory: MemoryCache<User> = createCache<User>()
  return void memory
}

export function optionsAreChecked(options: CacheOptions<User>, store: Store<User>, other: Store<string>): void {
  createCache<User>({ name: 'users', version: '2', ttl: 1, staleWhileRevalidate: 1, staleIfError: 1, maxEntries: Infinity, maxStoredEntries: 5, durability: 'strict', sweepInterval: 1000, clock: Date })
  createCache<User>({ lockTimeout: 5_000, errorTtl: 1_000 })
  createCache<User>({ store })
  createCache<User>({ store: false })
  // @ts-expect-error a store of other values
  createCache<User>({ store: other })
  // @ts-expect-error a store, or none
  createCache<User>({ store: true })
  // @ts-expect-error one of two words
  createCache<User>({ durability: 'fast' })
  // @ts-expect-error a version is text
  createCache<User>({ version: 2 })
  // @ts-expect-error an option of another library
  createCache<User>({ dbName: 'users' })
  // @ts-expect-error options are readonly
  options.name = 'other'
  // @ts-expect-error options are readonly
  options.store = false
}

export async function cachesAreDisposable(): Promise<void> {
  await using cache = createCache<User>({ name: 'users' })
  await cache.set('a', ada)
}

export function codecsKnowTheValue(cipher: Codec<User>): void {
  createCache<User>({ codec: cipher })
  createCache<User>({ codec: { encode: ({ name }) => name, decode: (stored) => ({ name: String(stored) }) } })
  createCache<User>({
    codec: {
      async encode(value, context) {
        exactly<User>()(value, true)
        exactly<CodecContext>()(context, true)
        exactly<string>()(context.key, true)
        exactly<number>()(context.expiresAt, true)
        // @ts-expect-error a context is for reading
        context.expiresAt = 0
        return new Uint8Array()
      },
      async decode(stored, { key }) {
        exactly<unknown>()(stored, true)
        return { name: key }
      },
    },
  })
  // @ts-expect-error both ways are needed
  createCache<User>({ codec: { encode: ({ name }: User) => name } })
  // @ts-expect-error what is decoded is a value
  createCache<User>({ codec: { encode: ({ name }) => name, decode: (stored) => String(stored) } })
  // @ts-expect-error a codec of other values
  createCache<string>({ codec: cipher })
  // @ts-expect-error memory alone encodes nothing
  createMemoryCache<User>({ codec: cipher })
}
