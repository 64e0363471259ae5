// A URL cut out of a long text (a regular expression's match, a slice) is in V8 a view of that text. The memo of URLs (memoize.ts, 1,000 of
// them) must not keep the texts: it limits URLs to 4,000 characters, as "a `data:` URL holds its own body".

import { expect, test } from 'vitest'
import { createCachedFetch, type HttpEntry } from '../../src/http/index.ts'
import { createCache } from '../../src/index.ts'
import { heapBytes } from '../helpers/heap.ts'

test('links cut out of pages of 1 MB do not keep the pages', async () => {
  const cachedFetch = createCachedFetch(createCache<HttpEntry>({ maxEntries: 1 }), { fetch: async () => new Response('x', { headers: { 'cache-control': 'no-store' } }) })
  const before = await heapBytes()
  for (let page = 0; page < 20; page++) {
    const source = `${Buffer.alloc(1e6, 'x')}<a href="http://origin.test/some/path/${page}">`
    const [, link] = /href="([^"]+)"/.exec(source)!
    await (await cachedFetch(link!)).text()
  }
  ;/x/.exec('x')
  const grown = ((await heapBytes()) - before) / 2 ** 20
  expect(grown, 'MB').toBeLessThan(8)
})
