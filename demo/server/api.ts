// The demo's server: a slow, paged JSON API over HTTP as it is meant, with validators, lifetimes, stale windows and cache
// groups. It takes a Request and gives a Response, so it runs in Node (../api.ts) and in a service worker (../worker/).

import { type Edits, parseEdit, Problem, readIcon, readPage } from './catalogue.ts'
import { type ApiProblem, type Icon, type Orders, ORDERS_HEADER, parseOrders, STALE_WHILE_REVALIDATE } from './protocol.ts'

/** Where users' edits are kept. */
export interface EditStore {
  read(user: string): Promise<Edits>
  write(user: string, edits: Edits): Promise<void>
}

export interface ApiOptions {
  /** Reads the icons, once. */
  readonly readIcons: () => Promise<readonly Icon[]>
  readonly edits: EditStore
  /** Shortest and longest answer, ms. */
  readonly latency: readonly [shortest: number, longest: number]
  /** ms that an ordered delay is cut to. @default 10_000 */
  readonly maxDelay?: number
}

/** Answers a request; `path` is that of its URL after `api/`. */
export type Api = (request: Request, path: string) => Promise<Response>

const USERS = ['ada', 'ben']
const MAX_AGE = 30
/** Seconds after which an answer may be served while the server is asked again, and when it fails. */
const WINDOWS = `stale-while-revalidate=${STALE_WHILE_REVALIDATE}, stale-if-error=86400`
/** The cache group of all lists (RFC 9875): an edit may change any of them. */
const LISTS = '"lists"'

export function createApi({ readIcons, edits, latency: [shortest, longest], maxDelay = 10_000 }: ApiOptions): Api {
  let requests = 0
  let icons: Promise<readonly Icon[]> | undefined

  const route = async (request: Request, path: string, { maxAge = MAX_AGE }: Orders): Promise<Response> => {
    const user = userOf(request)
    const slug = /^icons\/([^/]+)$/.exec(path)?.[1]
    if (path !== 'icons' && slug === undefined) throw new Problem(404, 'not-found', 'There is nothing at this address.')
    const all = await (icons ??= readIcons())
    const own = await edits.read(user)
    const headers = { 'Cache-Control': `private, max-age=${maxAge}, ${WINDOWS}`, Vary: 'Authorization' }
    if (slug === undefined) {
      allow(request, 'GET')
      return answer(request, readPage(new URL(request.url).searchParams, all, own), { ...headers, 'Cache-Groups': LISTS })
    }
    allow(request, 'GET', 'PATCH')
    const icon = readIcon(decode(slug), all, own)
    if (request.method === 'GET') return answer(request, icon, headers)
    const expected = request.headers.get('if-match')
    if (expected && expected !== tagOf(JSON.stringify(icon)))
      throw new Problem(412, 'changed', 'This icon was changed meanwhile. Reload it, then edit again.')
    const edit = parseEdit(await request.text())
    await edits.write(user, { ...own, [icon.slug]: edit })
    return answer(request, { ...icon, ...edit }, { 'Cache-Control': 'no-store', 'Cache-Group-Invalidation': LISTS })
  }

  const obey = async (request: Request, path: string, orders: Orders): Promise<Response> => {
    try {
      if (orders.status) throw new Problem(orders.status, 'unwell', `The server is unwell (${orders.status}).`)
      return await route(request, path, orders)
    } catch (error) {
      return toProblem(error)
    }
  }

  return async (request, path) => {
    if (path === 'requests') return Response.json({ requests }, { headers: { 'Cache-Control': 'no-store' } })
    const orders = parseOrders(request.headers.get(ORDERS_HEADER))
    const count = ++requests
    const delay = orders.delay === undefined ? shortest + Math.random() * (longest - shortest) : Math.min(orders.delay, maxDelay)
    if (orders.offline) return Response.error()
    const [response] = await Promise.all([obey(request, path, orders), new Promise((resolve) => setTimeout(resolve, delay))])
    response.headers.set('Date', new Date(Date.now() + (orders.clock ?? 0)).toUTCString())
    response.headers.set('X-Request-Count', String(count))
    return response
  }
}

function userOf(request: Request): string {
  const user = /^Bearer (\w+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  if (user === undefined || !USERS.includes(user)) throw new Problem(401, 'unauthorized', 'Log in first.')
  return user
}

function allow(request: Request, ...methods: readonly string[]): void {
  if (!methods.includes(request.method)) throw new Problem(405, 'method-not-allowed', `Only ${methods.join(' and ')} are answered here.`)
}

/** 200, or 304 where the client has it already (RFC 9110, section 13.1.2). */
function answer(request: Request, body: unknown, fields: Record<string, string>): Response {
  const text = JSON.stringify(body)
  const headers = { ...fields, ETag: tagOf(text) }
  if (request.method === 'GET' && request.headers.get('if-none-match')?.includes(headers.ETag))
    return new Response(null, { status: 304, headers })
  return new Response(text, { headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8' } })
}

function toProblem(error: unknown): Response {
  if (!(error instanceof Problem)) console.error(error)
  const { status, code, message } = error instanceof Problem ? error : new Problem(500, 'internal', 'The server failed.')
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' }
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer'
  if (status === 405) headers['Allow'] = 'GET, PATCH'
  return Response.json({ error: { code, message } } satisfies ApiProblem, { status, headers })
}

/** A validator: FNV-1a, twice with different seeds. It need not withstand anybody. */
function tagOf(text: string): string {
  const hash = (seed: number): string => {
    let value = seed
    for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
    return (value >>> 0).toString(16).padStart(8, '0')
  }
  return `"${hash(0x811c9dc5)}${hash(0x1b873593)}"`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Problem(400, 'bad-slug', 'The address is not well-formed.')
  }
}
