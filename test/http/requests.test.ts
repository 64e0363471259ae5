// What a request that is asked of the origin keeps of the one that was asked for.

import { afterEach, expect, test, vi } from 'vitest'
import { placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { FRESH, serveSite } from './serving.ts'
import { as, cacheStatusOf, standOn } from './standing.ts'

const site = serveSite()

afterEach(() => void vi.unstubAllGlobals())

function noting(): { sent: Request[]; fetch: typeof fetch } {
  const sent: Request[] = []
  return { sent, fetch: (input, init) => (sent.push(input as Request), fetch(input, init)) }
}

test.each<[what: 'referrer' | 'referrerPolicy', init: RequestInit]>([
  ['referrerPolicy', { referrerPolicy: 'no-referrer' }],
  ['referrer', { referrer: '' }],
  ['referrer', {}],
])('%s of %o', async (what, init) => {
  const { sent, fetch } = noting()
  const page = site.page(FRESH)
  await standOn(placeOf(TWO_TIERS), { fetch }).text(page.url, init)
  expect(sent.map((request) => request[what])).toEqual([new Request(page.url, init)[what]])
})

test('mode same-origin is refused by fetch for another origin, whatever is stored', async () => {
  vi.stubGlobal('location', { origin: 'http://page.example', href: 'http://page.example/' })
  const { sent, fetch } = noting()
  const standing = standOn(placeOf(TWO_TIERS), { fetch })
  const page = site.page(FRESH)
  await standing.text(page.url)
  expect(cacheStatusOf(await standing.fetch(page.url, { mode: 'same-origin' }))).toBe('')
  expect(sent.at(-1)).toMatchObject({ mode: 'same-origin', cache: 'default' })
})

test('of the page’s own origin none that could have been stored goes through the browser’s HTTP cache', async () => {
  vi.stubGlobal('location', { origin: site.url, href: `${site.url}/` })
  const { sent, fetch } = noting()
  const standing = standOn(placeOf(TWO_TIERS), { fetch })
  const page = site.page(FRESH)
  await Promise.all(['alice', 'bob', 'carol', 'dave'].map((user) => standing.text(page.url, as(user))))
  expect(sent.map(({ cache }) => cache)).toEqual(['no-store', 'no-store', 'no-store', 'no-store'])
})
