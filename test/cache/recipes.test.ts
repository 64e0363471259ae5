// The README's recipes for user interfaces and tests, as they stand there, with as much of each framework as they use.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformWithOxc } from 'vite'
import { expect, it, vi } from 'vitest'
import { createCache, createMemoryCache, type Cache, type Clock } from '../../src/index.ts'
import { newIndexedDb } from '../helpers/indexed-db.ts'
import { deferred } from '../helpers/deferred.ts'
import { until } from '../helpers/loads.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')

/** What a recipe declares, run with what it uses. */
async function recipe<T>(told: string, names: readonly string[], uses: object): Promise<T> {
  const block = README.split(/^```(?:tsx?)?$/m).find((part) => part.includes(told))!
  const { code } = await transformWithOxc(block.replace(/^import .*$/gm, ''), 'recipe.ts')
  const run = new Function(...Object.keys(uses), `return (async () => { ${code}; return { ${names} } })()`)
  return run(...Object.values(uses))
}

/** A cache with an older value on disk, where a read takes longer than one of memory. */
async function reloaded(): Promise<Cache<string>> {
  newIndexedDb()
  const before = createCache<string>({ name: 'shown' })
  await before.set('key', 'old')
  await before.close()
  return createCache<string>({ name: 'shown' })
}

/** Sets a new value while the older one is being read. */
async function overtake(cache: Cache<string>, shown: () => unknown): Promise<void> {
  await Promise.resolve()
  void cache.set('key', 'new')
  await until(() => shown() === 'new')
  await cache.get('other')
  expect(shown()).toBe('new')
  await cache.close()
}

it('React: a load that ends after a later read is not shown', async () => {
  const response = deferred<string>()
  const fetch = async () => ({ ok: true, text: () => response.promise })
  type Watch = { current(): string | undefined; subscribe(changed: () => void): () => void }
  const { notes, watchNote } = await recipe<{ notes: Cache<string>; watchNote(key: string): Watch }>('function watchNote', ['notes', 'watchNote'], { createCache, fetch })
  const { current, subscribe } = watchNote('key')
  const shown: unknown[] = []
  subscribe(() => shown.push(current()))
  await notes.set('key', 'edited')
  await until(() => current() === 'edited')
  response.resolve('before the edit')
  await notes.get('other')
  expect(shown).toEqual(['edited'])
  await notes.close()
})

it('Vue: an older value that is read late is not shown', async () => {
  const cache = await reloaded()
  const uses = { onScopeDispose() {}, shallowRef: () => ({ value: undefined }) }
  const { useCached } = await recipe<{ useCached(cache: Cache<string>, key: string): { value?: string } }>('function useCached', ['useCached'], uses)
  const value = useCached(cache, 'key')
  await overtake(cache, () => value.value)
})

it('Svelte: an older value that is read late is not shown', async () => {
  const cache = await reloaded()
  let shown: unknown
  const readable = (_first: undefined, start: (set: (value: unknown) => void) => void) => start((value) => (shown = value))
  const { cached } = await recipe<{ cached(cache: Cache<string>, key: string): void }>("from 'svelte/store'", ['cached'], { readable })
  cached(cache, 'key')
  await overtake(cache, () => shown)
})

it('Tests: with the clock for fake timers, a test that never awaits sees entries expire, also if it sets the date back', () => {
  const [, clock] = /With fake timers, give the cache `clock: (.+?)`/.exec(README)!
  const cache = createMemoryCache<string>({ ttl: 1_000, clock: new Function(`return ${clock}`)() as Clock })
  cache.set('before', 'value')
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2020, 0) })
  try {
    cache.set('key', 'value')
    vi.advanceTimersByTime(999)
    expect(cache.get('key')).toBe('value')
    vi.advanceTimersByTime(1)
    expect(cache.get('key')).toBeUndefined()
  } finally {
    vi.useRealTimers()
  }
})

it('DOM: an older value that is read late is not shown', async () => {
  const cache = await reloaded()
  const document: { title?: string } = {}
  const scores = { subscribe: () => {}, set: async () => {}, get: () => cache.get('key') }
  const { show } = await recipe<{ show(): Promise<void> }>('document.title', ['show'], { createCache: () => scores, document })
  cache.subscribe('key', show)
  void show()
  await overtake(cache, () => document.title)
})
