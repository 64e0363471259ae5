// Types of createMemoryCache, checked by tsc: each @ts-expect-error is a mistake that the compiler has to refuse.
// Nothing here runs.

import { createMemoryCache, type MemoryCache, type MemoryCacheOptions, type MemoryStats } from '../../src/index.ts'

interface User {
  readonly name: string
}

/** Accepts exactly `Expected`: neither wider nor narrower, nor `any`. */
function exactly<Expected>(): <Actual>(value: Actual, same: Same<Actual, Expected>) => void {
  return () => {}
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

export function valuesAreOfOneType(cache: MemoryCache<User>): void {
  cache.set('a', { name: 'Ada' })
  cache.set('a', { name: 'Ada' }, { ttl: 1000 })
  // @ts-expect-error a value of another type
  cache.set('a', 'Ada')
  // @ts-expect-error undefined is not a value
  cache.set('a', undefined)
  // @ts-expect-error null is one only where V says so
  cache.set('a', null)
  // @ts-expect-error a value is needed
  cache.set('a')
  // @ts-expect-error keys are strings
  cache.set(1, { name: 'Ada' })
  // @ts-expect-error an unknown option
  cache.set('a', { name: 'Ada' }, { tll: 1000 })
  // @ts-expect-error a ttl in words
  cache.set('a', { name: 'Ada' }, { ttl: '1h' })
  // @ts-expect-error options, not a bare ttl
  cache.set('a', { name: 'Ada' }, 1000)
}

export function whatMayBeMissingHasToBeHandled(cache: MemoryCache<User>): void {
  exactly<User | undefined>()(cache.get('a'), true)
  exactly<User | undefined>()(cache.peek('a'), true)
  exactly<number | undefined>()(cache.expiresAt('a'), true)
  exactly<boolean>()(cache.has('a'), true)
  exactly<boolean>()(cache.delete('a'), true)
  exactly<boolean>()(cache.touch('a', 1), true)
  exactly<void>()(cache.set('a', { name: '' }), true)
  exactly<void>()(cache.clear(), true)
  exactly<number>()(cache.sweep(), true)
  // @ts-expect-error may be undefined
  cache.get('a').name
  // @ts-expect-error may be undefined
  const user: User = cache.get('a')
  // @ts-expect-error may be undefined
  const peeked: User = cache.peek('a')
  // @ts-expect-error may be undefined
  const at: number = cache.expiresAt('a')
  exactly<string | undefined>()(cache.get('a')?.name, true)
  return void [user, peeked, at]
}

export function callsAreChecked(cache: MemoryCache<User>): void {
  // @ts-expect-error a ttl is needed
  cache.touch('a')
  // @ts-expect-error size is for reading
  cache.size = 0
  // @ts-expect-error keys are strings
  cache.get(1)
  // @ts-expect-error keys are strings
  cache.delete(Symbol())
  // @ts-expect-error there is no such method: the memory cache needs no close
  cache.close()
}

export function iteratorsKnowTheirTypes(cache: MemoryCache<User>): void {
  exactly<string[]>()([...cache.keys()], true)
  exactly<User[]>()([...cache.values()], true)
  exactly<[string, User][]>()([...cache.entries()], true)
  exactly<[string, User][]>()([...cache], true)
  for (const [key, value] of cache) {
    exactly<string>()(key, true)
    exactly<User>()(value, true)
  }
  exactly<Map<string, User>>()(new Map(cache), true)
  exactly<MemoryStats>()(cache.stats(), true)
  exactly<number>()(cache.stats().hits + cache.stats().weight, true)
}

export function theValueTypeIsInferredOrGiven(): void {
  exactly<MemoryCache<string>>()(createMemoryCache<string>(), true)
  exactly<MemoryCache<unknown>>()(createMemoryCache(), true)
  exactly<MemoryCache<string>>()(createMemoryCache({ weigh: (value: string) => value.length }), true)
  exactly<MemoryCache<User>>()(createMemoryCache({ onRemove: (_key: string, user: User) => void user.name }), true)
  const nullable: MemoryCache<User | null> = createMemoryCache()
  nullable.set('a', null)
  exactly<User | null | undefined>()(nullable.get('a'), true)
}

export function optionsAreChecked(options: MemoryCacheOptions<User>): void {
  createMemoryCache<User>({ maxEntries: Infinity, maxWeight: 10, weigh: (user, key) => user.name.length + key.length, ttl: 1 })
  createMemoryCache<User>({ clock: { now: () => 1 } })
  createMemoryCache<User>({ clock: performance })
  createMemoryCache<User>({ clock: Date })
  // @ts-expect-error options are readonly
  options.maxEntries = 5
  // @ts-expect-error options are readonly
  options.ttl = 5
  // @ts-expect-error options are readonly
  options.clock = { now: () => 1 }
  // @ts-expect-error options are readonly
  options.onRemove = () => {}
  // @ts-expect-error an option of another library
  createMemoryCache<User>({ max: 500 })
  // @ts-expect-error a number, not text
  createMemoryCache<User>({ maxEntries: '500' })
  // @ts-expect-error a weight is a number
  createMemoryCache<User>({ weigh: (user) => user.name })
  // @ts-expect-error a clock gives a number
  createMemoryCache<User>({ clock: { now: () => new Date() } })
  // @ts-expect-error a clock, not a function
  createMemoryCache<User>({ clock: () => 1 })
  // @ts-expect-error storage belongs to createCache
  createMemoryCache<User>({ name: 'users' })
}

export function listenersGetKeyValueAndCause(): void {
  createMemoryCache<User>({
    onRemove(key, value, cause) {
      exactly<string>()(key, true)
      exactly<User>()(value, true)
      exactly<'evicted' | 'expired' | 'replaced' | 'deleted'>()(cause, true)
      // @ts-expect-error there is no such cause
      if (cause === 'cleared') return
      switch (cause) {
        case 'evicted':
        case 'expired':
        case 'replaced':
        case 'deleted':
          return
        default:
          exactly<never>()(cause, true)
      }
    },
  })
}
