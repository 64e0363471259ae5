// The HTTP origin of the pages: a middleware of the server they come from, so that they have resources of their own origin, and
// of another, as that server has more than one name. What a resource answers its test says, by PUT to its control; GET there
// tells who has come since.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Plugin } from 'vite'

/** What a resource answers. */
export interface Resource {
  readonly status: number
  /** Its body is `v1`, `v2`, ..., and its ETag is that in quotes. */
  readonly version: number
  /** Of its responses, besides ETag. There is no Date, unless it is here. With `content-encoding: gzip` spaces follow the body. */
  readonly fields: Readonly<Record<string, string>>
  /** A field of requests whose value follows in the body. */
  readonly echo?: string
  /** `half`: the first byte comes, and the rest when this is `all` again. `nothing`: the connection breaks. */
  readonly sends: 'all' | 'half' | 'nothing'
}

export interface Visit {
  readonly method: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** Where resources are, each below a name that its test chooses. */
export const RESOURCES = '/http-origin/resource/'
export const CONTROLS = '/http-origin/control/'

interface Kept {
  resource: Resource
  readonly visits: Visit[]
  /** Ends answers of which half is sent. */
  readonly halves: ((how: Resource['sends']) => void)[]
}

export function httpOrigin(): Plugin {
  const kept = new Map<string, Kept>()
  const find = (id: string): Kept => {
    const found = kept.get(id) ?? { resource: { status: 200, version: 1, fields: {}, sends: 'all' }, visits: [], halves: [] }
    kept.set(id, found)
    return found
  }
  return {
    name: 'http-origin',
    // Vite's own answers to preflights would come first.
    config: () => ({ server: { cors: false } }),
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const url = request.url ?? ''
        if (url.startsWith(CONTROLS)) void control(find(url.slice(CONTROLS.length)), request, response)
        else if (url.startsWith(RESOURCES)) void visit(find(url.slice(RESOURCES.length)), request, response)
        else next()
      })
    },
  }
}

async function control(found: Kept, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  if (request.method === 'PUT') found.resource = { ...found.resource, ...(JSON.parse(text) as Partial<Resource>) }
  if (found.resource.sends !== 'half') for (const end of found.halves.splice(0)) end(found.resource.sends)
  response.setHeader('cache-control', 'no-store')
  response.end(JSON.stringify(request.method === 'PUT' ? [] : found.visits.splice(0)))
}

async function visit({ resource, visits, halves }: Kept, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '' } = request
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  visits.push({ method, headers })
  const { status, version, fields, echo, sends } = resource
  // The clock of the page may be ahead.
  response.sendDate = false
  if (sends === 'nothing') return void request.socket.destroy()
  if (method === 'OPTIONS') return void response.writeHead(204, permit(headers)).end()
  const text = `v${version}${echo === undefined ? '' : ` ${headers[echo]}`}`
  const etag = `"${text}"`
  if (headers['if-none-match'] === etag) return void response.writeHead(304, { etag, ...fields }).end()
  const body = fields['content-encoding'] === 'gzip' ? await gzip(text.padEnd(1_000)) : text
  response.writeHead(status, { etag, 'content-type': 'text/plain', 'content-length': body.length, ...fields })
  if (sends === 'all') return void response.end(body)
  response.write(text.slice(0, 1))
  halves.push((how) => (how === 'nothing' ? request.socket.destroy() : response.end(text.slice(1))))
}

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** A preflight may have whatever it asks for. */
function permit(headers: Visit['headers']): Record<string, string> {
  return {
    'access-control-allow-origin': headers['origin'] ?? '*',
    'access-control-allow-methods': headers['access-control-request-method'] ?? '*',
    'access-control-allow-headers': headers['access-control-request-headers'] ?? '',
    'access-control-max-age': '0',
  }
}
