// "A signal may live as long as the page: it must not hold a body that nobody else does" (body.ts): nor a listener for each answer of which
// the app has looked at `ok` alone.

import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { createCachedFetch, type HttpEntry } from '../../src/http/index.ts'
import { createCache } from '../../src/index.ts'
import { collect } from '../helpers/heap.ts'

test('a signal that lives on keeps no listener for answers whose bodies nobody read', async () => {
  const cachedFetch = createCachedFetch(createCache<HttpEntry>(), { fetch: async () => new Response('x', { headers: { 'cache-control': 'max-age=60' } }) })
  const { signal } = new AbortController()
  const left: number[] = []
  for (const count of [100, 200]) {
    for (let n = 0; n < count; n++) expect((await cachedFetch(`http://origin.test/${count}/${n}`, { signal })).ok).toBe(true)
    for (let round = 0; round < 5; round++) await collect()
    left.push(getEventListeners(signal, 'abort').length)
  }
  expect(Math.max(...left), `listeners after 100, and 200 more: ${left}`).toBeLessThan(20)
})
