// Documents that are not an ordinary page: without an origin there is no database, under a strict policy there is no eval.

import { expect, test } from 'vitest'
import { commands } from 'vitest/browser'
import { NAME, open } from './support/caches.ts'
import { openFrame } from './support/frame.ts'
import { openPlace } from './support/http.ts'

type Library = typeof import('../../src/index.ts')

/** What a probe reports of the cache it used. */
interface Outcome {
  readonly origin: string
  readonly statusBefore: string
  readonly status: { readonly persistence: string; readonly reason?: string }
  readonly results: readonly unknown[]
  readonly codes: readonly string[]
  readonly thrown: readonly string[]
}

/** Runs in the frame: it has nothing but its arguments and the frame's globals. */
async function probe({ createCache }: Library, name: string): Promise<Outcome> {
  const thrown: string[] = []
  const codes: string[] = []
  addEventListener('error', ({ message }) => thrown.push(message))
  addEventListener('unhandledrejection', ({ reason }) => thrown.push(String(reason)))
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => thrown.push(`${violatedDirective}: ${blockedURI}`))
  const results: unknown[] = []
  const cache = createCache<unknown>({ name, ttl: 60_000, sweepInterval: 10, onError: ({ code }) => codes.push(code) })
  const statusBefore = cache.status.persistence
  const step = async (run: () => Promise<unknown>) => results.push(await run().catch((error: unknown) => `rejected: ${error}`))
  await step(() => cache.set('a', 1, { tags: ['t'] }))
  await step(() => cache.get('a'))
  await step(() => cache.get('nothing'))
  await step(() => cache.add('a', 2))
  await step(() => cache.add('b', 2))
  await step(() => cache.update('b', 3))
  await step(() => cache.getOrLoad('c', () => 4))
  await step(() => cache.touch('c', 1_000))
  await step(() => cache.setMany([['d', 5], ['e', 6]]))
  await step(() => cache.size())
  await step(() => cache.deletePrefix('d'))
  await step(() => cache.deleteTag('t'))
  await step(() => cache.take('b'))
  await step(() => cache.delete('c'))
  await step(() => cache.sweep())
  await step(() => cache.flush())
  await step(() => cache.size())
  await new Promise((resolve) => setTimeout(resolve, 50))
  const { status } = cache
  await step(() => cache.close())
  await new Promise((resolve) => setTimeout(resolve))
  return { origin: self.origin, statusBefore, status, results, codes, thrown }
}

const RESULTS = [undefined, 1, undefined, false, true, 2, 4, true, undefined, 5, undefined, undefined, 3, true, 0, undefined, 1]

const script = `(${probe})(bestbefore, ${JSON.stringify(NAME)}).then((outcome) => parent.postMessage(outcome, '*'), (error) => parent.postMessage(String(error), '*'))`

test('in a document without an origin the cache runs on memory, says why, and nothing is thrown', async () => {
  const frame = await openFrame({ sandbox: 'allow-scripts', script })
  const outcome = (await frame.message) as Outcome
  expect(outcome).toMatchObject({ origin: 'null', thrown: [] })
  expect(outcome.results).toEqual([...RESULTS, undefined])
  expect(outcome.status).toEqual({ persistence: 'memory', reason: expect.stringMatching(/\w{3}/), fault: { class: 'unavailable', phase: 'open', action: 'memory' } })
  expect(outcome.codes.filter((code) => code !== 'open-failed')).toEqual([])
  expect(outcome.codes.length).toBeLessThanOrEqual(1)
})

test('destroy() in a document without an origin resolves', async () => {
  const destroy = `(async () => {
    const cache = bestbefore.createCache({ name: 'opaque' })
    await cache.set('a', 1)
    await cache.destroy()
    return cache.get('a').catch((error) => error.code)
  })().then((code) => parent.postMessage(code, '*'), (error) => parent.postMessage(String(error), '*'))`
  expect(await (await openFrame({ sandbox: 'allow-scripts', script: destroy })).message).toBe('closed')
})

test('a strict Content-Security-Policy is kept, and the cache persists', async () => {
  const frame = await openFrame({ policy: `default-src 'none'; script-src 'nonce-suite'; require-trusted-types-for 'script'`, script })
  const outcome = (await frame.message) as Outcome
  expect(outcome.thrown).toEqual([])
  expect(outcome.results).toEqual([...RESULTS, undefined])
  expect(outcome).toMatchObject({ statusBefore: 'indexeddb', status: { persistence: 'indexeddb' }, codes: [] })
  expect(await open().get('e')).toBe(6)
})

test('the policy of that test does forbid what it should', async () => {
  const violate = `let outcome = 'allowed'; try { new Function('return 1')() } catch ({ name }) { outcome = name } parent.postMessage(outcome, '*')`
  const frame = await openFrame({ policy: `default-src 'none'; script-src 'nonce-suite'`, script: violate })
  expect(await frame.message).toBe('EvalError')
})

test('a document whose address has no origin has that of its page: what came with cookies does not answer a request without', async () => {
  const { url } = await openPlace({ fields: { 'cache-control': 'max-age=60' }, echo: 'cookie' })
  const ask = `(async () => {
    const cachedFetch = http.createCachedFetch(bestbefore.createCache())
    const read = async (init) => (await cachedFetch('${url}', init)).text()
    return [location.origin, await read(), await read(), await read({ credentials: 'omit' })]
  })().then((texts) => parent.postMessage(texts, '*'), (error) => parent.postMessage(String(error), '*'))`
  document.cookie = 'user=alice; path=/'
  try {
    const frame = await openFrame({ script: `${await commands.bundle('http/index.ts', 'http')};${ask}` })
    expect(await frame.message).toEqual(['null', 'v1 user=alice', 'v1 user=alice', 'v1 undefined'])
  } finally {
    document.cookie = 'user=; path=/; max-age=0'
  }
})
