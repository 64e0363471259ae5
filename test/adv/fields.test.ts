// A hostile response of 270 kB of fields (Chromium takes 256 kB) must be read in linear time, as fd821ea says of its members.

import { expect, test } from 'vitest'
import { createCachedFetch, type HttpEntry } from '../../src/http/index.ts'
import { createCache } from '../../src/index.ts'

test.each([['cache-control', (list: string) => `max-age=60, no-cache="${list}"`], ['connection', (list: string) => list]])('many fields, and many names in %s', async (field, value) => {
  const spent: number[] = []
  for (const count of [1_000, 4_000, 16_000]) {
    const names = Array.from({ length: count }, (_, n) => `x${n.toString(36)}`)
    const headers = new Headers([['cache-control', 'max-age=60'], ...names.map((name): [string, string] => [name, '1'])])
    headers.set(field, value('a,'.repeat(4 * count)))
    const cachedFetch = createCachedFetch(createCache<HttpEntry>(), { fetch: async () => new Response('x', { headers }) })
    const start = process.cpuUsage()
    await (await cachedFetch('http://origin.test/')).text()
    const { user, system } = process.cpuUsage(start)
    spent.push((user + system) / 1000)
  }
  expect(spent[2]! / spent[1]!, `ms by number of fields: ${spent}`).toBeLessThan(9)
})
