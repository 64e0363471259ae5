// The demo's server: the icons of the npm package `simple-icons` as a slow, paged JSON API inside Vite's dev and
// preview servers. Every answer is `no-store`, so that no cache but bestbefore can spare a request, and carries
// X-Request-Count; `GET /api/requests` tells that count without latency and without being counted.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SimpleIcon } from 'simple-icons'
import type { IconData } from 'simple-icons/sdk'
import type { Plugin } from 'vite'
import { OUTAGE_HEADER, type ApiProblem, type IconDetails, type IconPage, type IconSummary } from './api-types.ts'

type Aliases = IconData['aliases']

const PAGE_SIZE = 24
const MAX_SEARCH_LENGTH = 100

export interface DemoApiOptions {
  /** Shortest and longest answer, in ms. @default [250, 900] */
  readonly latency?: readonly [shortest: number, longest: number]
}

/** A Vite plugin that answers `/api/*` in `vite dev` and `vite preview`. */
export function demoApi({ latency = [250, 900] }: DemoApiOptions = {}): Plugin {
  const handle = createHandler(latency)
  return {
    name: 'demo-api',
    configureServer: (server) => void server.middlewares.use('/api', handle),
    configurePreviewServer: (server) => void server.middlewares.use('/api', handle),
  }
}

class HttpError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

function createHandler([shortest, longest]: readonly [number, number]) {
  let requests = 0
  let icons: Promise<readonly IconDetails[]> | undefined

  async function answer(request: IncomingMessage, url: URL): Promise<Answer> {
    try {
      if (request.method !== 'GET') throw new HttpError(405, 'method-not-allowed', 'Only GET is answered here.')
      if (request.headers[OUTAGE_HEADER]) throw new HttpError(503, 'unavailable', 'The server is down.')
      icons ??= readIcons()
      return { status: 200, body: route(url, await icons) }
    } catch (error) {
      return toProblem(error)
    }
  }

  return async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://demo.invalid')
    if (url.pathname === '/requests') return send(response, { status: 200, body: { requests } }, requests)
    const count = ++requests
    const [result] = await Promise.all([
      answer(request, url),
      sleep(shortest + Math.random() * (longest - shortest)),
    ])
    send(response, result, count)
  }
}

function send(response: ServerResponse, { status, body }: Answer, count: number): void {
  if (response.destroyed) return
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Request-Count': String(count),
    ...(status === 405 && { Allow: 'GET' }),
  })
  response.end(JSON.stringify(body))
}

function toProblem(error: unknown): Answer {
  if (!(error instanceof HttpError)) console.error(error)
  const { status, code, message } =
    error instanceof HttpError ? error : new HttpError(500, 'internal', 'The server failed.')
  const body: ApiProblem = { error: { code, message } }
  return { status, body }
}

function route(url: URL, icons: readonly IconDetails[]): IconPage | IconDetails {
  if (url.pathname === '/icons') return readPage(url.searchParams, icons)
  const slug = /^\/icons\/([^/]+)$/.exec(url.pathname)?.[1]
  if (slug === undefined) throw new HttpError(404, 'not-found', 'There is nothing at this address.')
  return readIcon(decodeSlug(slug), icons)
}

function readPage(params: URLSearchParams, icons: readonly IconDetails[]): IconPage {
  const search = (params.get('search') ?? '').trim().toLowerCase()
  if (search.length > MAX_SEARCH_LENGTH) {
    throw new HttpError(400, 'bad-search', `search must have at most ${MAX_SEARCH_LENGTH} characters.`)
  }
  const text = params.get('page') ?? '1'
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new HttpError(400, 'bad-page', 'page must be a positive integer.')
  const page = Number(text)
  const found = find(icons, search)
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE))
  if (page > pages) throw new HttpError(404, 'no-such-page', `There is no page ${page}: the last one is ${pages}.`)
  const items = found.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE).map(toSummary)
  return { items, total: found.length, page, pages }
}

/** Matches titles, slugs and aliases; titles that begin with the search come first. */
function find(icons: readonly IconDetails[], search: string): readonly IconDetails[] {
  if (search === '') return icons
  const matches = icons.filter((icon) =>
    [icon.title, icon.slug, ...icon.aliases].some((name) => name.toLowerCase().includes(search)),
  )
  const rank = (icon: IconDetails): number => (icon.title.toLowerCase().startsWith(search) ? 0 : 1)
  return matches.sort((a, b) => rank(a) - rank(b))
}

function readIcon(slug: string, icons: readonly IconDetails[]): IconDetails {
  const icon = icons.find((candidate) => candidate.slug === slug)
  if (!icon) throw new HttpError(404, 'no-such-icon', `There is no icon called “${slug}”.`)
  return icon
}

function decodeSlug(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new HttpError(400, 'bad-slug', 'The address is not well-formed.')
  }
}

function toSummary({ slug, title, hex, path }: IconDetails): IconSummary {
  return { slug, title, hex, path }
}

/** In the package's own order, which is that of its titles. Read on the first request only: it is about 6 MB of modules. */
async function readIcons(): Promise<readonly IconDetails[]> {
  const [modules, { getIconsData }] = await Promise.all([import('simple-icons'), import('simple-icons/sdk')])
  const icons = new Map(Object.values(modules).flatMap((icon) => ('slug' in icon ? [[icon.slug, icon] as const] : [])))
  return (await getIconsData()).flatMap(({ slug, aliases }) => {
    const icon = icons.get(slug)
    return icon ? [toDetails(icon, aliases)] : []
  })
}

function toDetails({ slug, title, hex, path, source, guidelines, license }: SimpleIcon, aliases: Aliases = {}): IconDetails {
  const { aka = [], old = [], loc = {}, dup = [] } = aliases
  return {
    slug,
    title,
    hex,
    path,
    source,
    ...(guidelines !== undefined && { guidelines }),
    ...(license !== undefined && { license }),
    aliases: [...new Set([...aka, ...old, ...Object.values(loc), ...dup.map((other) => other.title)])],
  }
}
