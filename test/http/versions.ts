// An origin whose resources change version when a test says so, and that notes who came and what they asked with. The
// answer to a conditional request is 304 while its validator is that of the current version.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../src/index.ts'

export type Validator = 'ETag' | 'Last-Modified'

export interface Visit {
  readonly method: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** A resource; its body is `v1`, `v2`, ..., with the value of `X-Kind` behind it if the request has one. */
export interface Resource {
  readonly url: string
  version: number
  /** Of its responses, besides `Date` and the validator. */
  fields: Readonly<Record<string, string>>
  /** Where it is not, connections break. */
  reachable: boolean
  /** Who came since the last look. */
  visits(): Visit[]
}

export interface Versions {
  resource(clock: Clock, validator: Validator): Resource
  close(): Promise<void>
}

interface Kept {
  readonly resource: Resource
  readonly visits: Visit[]
  readonly clock: Clock
  readonly validator: Validator
}

const DAY = 86_400_000

export async function startVersions(): Promise<Versions> {
  const kept = new Map<string, Kept>()
  const server = createServer((request, response) => {
    const found = kept.get(request.url ?? '')
    if (!found) response.writeHead(404).end()
    else if (!found.resource.reachable) request.socket.destroy()
    else answer(found, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    resource(clock, validator) {
      const visits: Visit[] = []
      const path = `/resource/${kept.size}`
      const resource: Resource = { url: origin + path, version: 1, fields: {}, reachable: true, visits: () => visits.splice(0) }
      kept.set(path, { resource, visits, clock, validator })
      return resource
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answer({ resource, visits, clock, validator }: Kept, request: IncomingMessage, response: ServerResponse): void {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const { method = '' } = request
  visits.push({ method, headers })
  const now = clock.now()
  const kind = headers['x-kind']
  const text = `v${resource.version}${kind === undefined ? '' : ` ${kind}`}`
  const current = validatorOf(validator, resource.version, now, kind)
  const matches = headers['if-none-match'] === current || headers['if-modified-since'] === current
  response.sendDate = false
  const fields = { Date: new Date(now).toUTCString(), [validator]: current, 'Content-Type': 'text/plain', ...resource.fields }
  if (matches && method === 'GET') response.writeHead(304, fields).end()
  else response.writeHead(200, fields).end(text)
}

/** The validator of a version: a tag, or a whole day of its own. */
export function validatorOf(validator: Validator, version: number, now: number, kind?: string): string {
  if (validator === 'ETag') return `"v${version}${kind ?? ''}"`
  return new Date((Math.floor(now / DAY) - 100 + version) * DAY).toUTCString()
}

/** The fields of a request that have to do with caches. */
export function cacheFields({ headers }: Visit): Record<string, string> {
  const names = ['pragma', 'cache-control', 'if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range']
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])))
}
