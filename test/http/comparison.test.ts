// Two answers that must not be given, asked of this cache and of others: one user's data for another, after a login, and where
// an address once redirected to, after it redirects elsewhere. What others do is measured, not wished for: a row that changes
// is news for the README.

import { h1 } from '@adobe/fetch'
import axios from 'axios'
import { setupCache } from 'axios-cache-interceptor'
import CachePolicy from 'http-cache-semantics'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCachedFetch } from '../../src/http/index.ts'
import { createCache } from '../../src/index.ts'

/** A GET, and the text it gives. */
type Get = (url: string, headers?: Record<string, string>) => Promise<string>

interface Contestant {
  readonly title: string
  /** With nothing stored. */
  open(): Get
  readonly caches: boolean
  /** Whether it answers one user with what another was sent. */
  readonly leaks: boolean
  /** Whether it keeps to an old redirect. */
  readonly keepsRedirects: boolean
}

const textOf = async (response: Response): Promise<string> => response.text()

const CONTESTANTS: readonly Contestant[] = [
  {
    title: 'plain fetch',
    open: () => async (url, headers = {}) => textOf(await fetch(url, { headers })),
    caches: false,
    leaks: false,
    keepsRedirects: false,
  },
  {
    title: 'bestbefore/http',
    open() {
      const cachedFetch = createCachedFetch(createCache())
      return async (url, headers = {}) => textOf(await cachedFetch(url, { headers }))
    },
    caches: true,
    leaks: false,
    keepsRedirects: false,
  },
  {
    title: 'http-cache-semantics, in a fetch that asks it what its README says',
    open() {
      const stored = new Map<string, { readonly policy: CachePolicy; readonly text: string }>()
      return async (url, headers = {}) => {
        const request = { url, method: 'GET', headers: Object.fromEntries(new Headers(headers)) }
        const held = stored.get(url)
        if (held?.policy.satisfiesWithoutRevalidation(request)) return held.text
        const response = await fetch(url, { headers })
        const policy = new CachePolicy(request, { status: response.status, headers: Object.fromEntries(response.headers) }, { shared: false })
        const text = await response.text()
        if (policy.storable()) stored.set(url, { policy, text })
        return text
      }
    },
    caches: true,
    leaks: true,
    keepsRedirects: true,
  },
  {
    title: 'axios-cache-interceptor',
    open() {
      const cached = setupCache(axios.create())
      return async (url, headers = {}) => (await cached.get<string>(url, { headers, responseType: 'text' })).data
    },
    caches: true,
    leaks: true,
    keepsRedirects: true,
  },
  {
    title: '@adobe/fetch',
    open() {
      const { fetch } = h1()
      return async (url, headers = {}) => (await fetch(url, { headers })).text()
    },
    caches: true,
    leaks: true,
    keepsRedirects: true,
  },
]

let server: Server
let origin: string
/** Where `/latest` redirects to. */
let latest: string
let requests: number

beforeAll(async () => {
  server = createServer(({ url, headers }, response) => {
    requests++
    if (url === '/latest') response.writeHead(302, { location: latest }).end()
    else if (url === '/me') response.writeHead(200, { 'cache-control': 'max-age=60' }).end(headers.authorization)
    else response.writeHead(200, { 'cache-control': 'max-age=31536000, immutable' }).end(url)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  requests = 0
})
afterAll(() => new Promise((resolve) => {
  server.close(resolve)
  server.closeAllConnections()
}))

describe.each(CONTESTANTS)('$title', ({ open, caches, leaks, keepsRedirects }) => {
  test(caches ? 'caches' : 'caches nothing', async () => {
    const get = open()
    for (let time = 0; time < 2; time++) expect(await get(`${origin}/v1`)).toBe('/v1')
    expect(requests).toBe(caches ? 1 : 2)
  })

  test(leaks ? 'answers one user with the data of another' : 'answers each user with data of their own', async () => {
    const get = open()
    expect(await get(`${origin}/me`, { authorization: 'Bearer alice' })).toBe('Bearer alice')
    expect(await get(`${origin}/me`, { authorization: 'Bearer bob' })).toBe(leaks ? 'Bearer alice' : 'Bearer bob')
  })

  test(keepsRedirects ? 'keeps to where an address once redirected' : 'goes where an address redirects now', async () => {
    const get = open()
    latest = '/v1'
    expect(await get(`${origin}/latest`)).toBe('/v1')
    latest = '/v2'
    expect(await get(`${origin}/latest`)).toBe(keepsRedirects ? '/v1' : '/v2')
  })
})
