// An origin server on the loopback address whose pages answer as a test says, and note who came.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll } from 'vitest'
import { deferred, type Deferred } from '../helpers/deferred.ts'

export interface Visit {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** From 1, of this page. */
  readonly number: number
  /** Resolves when the client has gone before the whole answer was sent. */
  readonly gone: Promise<void>
}

/** An answer; a function may hold it back, or write it by hand and give none. */
export interface Answer {
  readonly status?: number
  readonly fields?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
}
export type Answering = Answer | ((visit: Visit, response: ServerResponse) => Answer | void | Promise<Answer | void>)

export interface Page {
  readonly url: string
  /** For all its visits from now on. */
  answer: Answering
  /** Who came since the last look. */
  visits(): Visit[]
  /** The next visit, or the first that nobody has looked at. */
  visit(): Promise<Visit>
}

export interface Site {
  readonly url: string
  /** A page of its own, below whose path everything is its too. */
  page(answer: Answering): Page
}

interface Kept {
  readonly page: Page
  readonly visits: Visit[]
  count: number
  waiting: Deferred<Visit>[]
}

/** A server for the tests of a file. Its responses say nothing of their date but what the page says. */
export function serveSite(): Site {
  const kept: Kept[] = []
  let url = ''
  const server = createServer((request, response) => {
    const each = kept[Number(/^\/(\d+)/.exec(request.url ?? '')?.[1])]
    if (each) void answer(each, request, response)
    else response.writeHead(404).end()
  })
  // A connection that the server closes while it is idle may be the one of the next request.
  server.keepAliveTimeout = 60_000
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  return {
    get url() {
      return url
    },
    page(answer) {
      const visits: Visit[] = []
      const page: Page = {
        url: `${url}/${kept.length}`,
        answer,
        visits: () => visits.splice(0),
        async visit() {
          if (visits[0]) return visits.shift()!
          const waiting = deferred<Visit>()
          each.waiting.push(waiting)
          return waiting.promise
        },
      }
      const each: Kept = { page, visits, count: 0, waiting: [] }
      kept.push(each)
      return page
    },
  }
}

async function answer(each: Kept, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new Promise<void>((resolve) => response.on('close', () => void (response.writableFinished || resolve())))
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const visit: Visit = { method: request.method ?? '', path: request.url ?? '', headers, number: ++each.count, gone }
  request.resume()
  const waiting = each.waiting.shift()
  if (waiting) waiting.resolve(visit)
  else each.visits.push(visit)
  response.sendDate = false
  const { answer } = each.page
  const given = typeof answer === 'function' ? await answer(visit, response) : answer
  if (!given) return
  const { status = 200, fields = {}, body = '' } = given
  const length = 'content-length' in lowerCase(fields) || 'transfer-encoding' in lowerCase(fields) || status === 204 || status === 304 ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  response.writeHead(status, { ...length, ...(fields as Record<string, string | string[]>) }).end(request.method === 'HEAD' || status === 204 || status === 304 ? undefined : body)
}

function lowerCase(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]))
}

/** A fresh answer that tells the visits apart. */
export const FRESH: Answering = ({ number }) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: `v${number}` })

/** A body that is an entry of its own, and not stored with its fields. */
export const long = (text: string): string => text.padEnd(20_000, '.')

/** A connection that breaks before an answer. */
export const BROKEN: Answering = (_visit, response) => void response.destroy()
