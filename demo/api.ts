// The demo's server inside Vite's dev and preview servers: HTTP of Node in front of server/api.ts, and the drawings.
// `GET /api/requests` tells how many requests the API has had, without being counted.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connect, Plugin } from 'vite'
import { createApi, type EditStore } from './server/api.ts'
import { type IconSource, readIconSource } from './server/icons.ts'

export interface DemoApiOptions {
  /** Shortest and longest answer, ms. @default [250, 900] */
  readonly latency?: readonly [shortest: number, longest: number]
  /** ms that an ordered delay is cut to. @default 10_000 */
  readonly maxDelay?: number
}

/** A Vite plugin that answers `/api/*` and `/images/*.svg` in `vite dev` and `vite preview`. */
export function demoApi({ latency = [250, 900], ...options }: DemoApiOptions = {}): Plugin {
  let source: Promise<IconSource> | undefined
  const read = (): Promise<IconSource> => (source ??= readIconSource())
  const api = createApi({ readIcons: async () => (await read()).icons, edits: editsInMemory(), latency, ...options })

  const serve = ({ middlewares }: { readonly middlewares: Connect.Server }): void => {
    const answer = (path: string, handle: (incoming: IncomingMessage, url: URL) => Promise<Response>): unknown =>
      middlewares.use(path, (incoming: IncomingMessage, outgoing: ServerResponse) => {
        const url = new URL(incoming.url ?? '/', 'http://demo.invalid')
        handle(incoming, url)
          .then((response) => send(response, outgoing))
          .catch(() => outgoing.destroy())
      })
    answer('/api', async (incoming, url) => api(await toRequest(incoming, url), url.pathname.slice(1)))
    answer('/images', async (_, { pathname }) => toImage((await read()).drawings.get(pathname.slice(1).replace(/\.svg$/, ''))))
  }
  return { name: 'demo-api', configureServer: serve, configurePreviewServer: serve }
}

/** As long as the server runs. */
function editsInMemory(): EditStore {
  const edits = new Map<string, Awaited<ReturnType<EditStore['read']>>>()
  return {
    read: async (user) => edits.get(user) ?? {},
    write: async (user, own) => void edits.set(user, own),
  }
}

function toImage(svg: string | undefined): Response {
  if (svg === undefined) return new Response(null, { status: 404, headers: { 'Cache-Control': 'no-store' } })
  return new Response(svg, { headers: { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'public, max-age=86400, immutable' } })
}

async function toRequest(incoming: IncomingMessage, url: URL): Promise<Request> {
  const { method = 'GET' } = incoming
  const headers = Object.entries(incoming.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  )
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers })
  const chunks: Uint8Array<ArrayBuffer>[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return new Request(url, { method, headers, body: new Blob(chunks) })
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  if (response.type === 'error') return void outgoing.destroy()
  const body = await response.text()
  if (outgoing.destroyed) return
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(body)
}
