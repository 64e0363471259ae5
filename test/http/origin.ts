// An origin server on the loopback address that plays its part in many cases at once, told apart by their tokens:
// PUT /config/<token> takes the exchanges of a case, /test/<token>... answers them by `Req-Num`, GET /state/<token>
// tells what has come. Its clock is the case's own, so that no pause need be waited for. / is a page, for caches in browsers.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../src/index.ts'
import type { Exchange } from './cases.ts'

type Pair = [name: string, value: string]

/** A request that reached the origin. */
export interface Seen {
  readonly number: number
  readonly method: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Headers that the client must get unchanged. */
  readonly promised: readonly Pair[]
}

export interface Origin {
  readonly url: string
  /** The origin's clock for a token; without it, the wall clock. */
  setClock(token: string, clock: Clock): void
  close(): Promise<void>
}

interface Play {
  readonly exchanges: readonly Exchange[]
  readonly seen: Seen[]
  /** What was answered, by `Req-Num`. */
  readonly answered: Map<number, readonly Pair[]>
}

const DATES = new Set(['date', 'expires', 'last-modified'])
const LOCATIONS = new Set(['location', 'content-location'])
const BODILESS = new Set([204, 304])

/** @param script of its page */
export async function startOrigin(script = ''): Promise<Origin> {
  const plays = new Map<string, Play>()
  const clocks = new Map<string, Clock>()
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const path = request.url ?? ''
      const [, what, token = ''] = path.split('/')
      const play = plays.get(token)
      if (what === 'config' && request.method === 'PUT') {
        plays.set(token, { exchanges: JSON.parse(body) as Exchange[], seen: [], answered: new Map() })
        response.writeHead(201).end()
      } else if (what === 'state' && play) response.end(JSON.stringify(play.seen))
      else if (what === 'test' && play) answer(request, response, token, play, clocks.get(token)?.now() ?? Date.now())
      else if (path === '/') response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>page</title><script>${script}</script>`)
      else response.writeHead(404).end()
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setClock: (token, clock) => void clocks.set(token, clock),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8')
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

function answer(request: IncomingMessage, response: ServerResponse, token: string, play: Play, now: number): void {
  const number = Number(request.headers['req-num'])
  const exchange = play.exchanges[number - 1]
  if (!exchange) return void response.writeHead(404).end()
  const own = ownHeaders(exchange, token, now)
  const { method = '' } = request
  const loose = new Set(exchange.response_headers?.filter(([, , unchanged]) => unchanged === false).map(([name]) => name))
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const [status, phrase] = statusOf(exchange, headers, validatorsBefore(play, number))
  play.seen.push({ number, method, headers, promised: own.filter(([name]) => !loose.has(name)) })
  play.answered.set(number, own)
  const bodiless = BODILESS.has(status) || method === 'HEAD'
  const added: Pair[] = [
    ['Server-Request-Count', String(play.seen.length)],
    ['Client-Request-Count', String(number)],
    ['Server-Now', String(now)],
    ['Server-Base-Url', request.url ?? ''],
    ['Request-Numbers', play.seen.map((seen) => seen.number).join(' ')],
  ]
  send(response, status, phrase, [...own, ...added], bodiless ? undefined : (exchange.response_body ?? token), now)
}

/** The headers that the case asks for, with its dates and locations filled in. */
function ownHeaders({ response_headers = [], magic_locations }: Exchange, token: string, now: number): Pair[] {
  return response_headers.map(([name, value]) => {
    if (typeof value === 'number' && DATES.has(name.toLowerCase())) return [name, new Date(now + value * 1000).toUTCString()]
    if (magic_locations && LOCATIONS.has(name.toLowerCase())) return [name, `/test/${token}/${value}`]
    return [name, String(value)]
  })
}

/** The validators of the request before: as they were answered, or, where a cache did that, as the case has them. */
function validatorsBefore({ exchanges, answered }: Play, number: number): readonly (readonly [name: string, value: unknown, ...rest: unknown[]])[] {
  return answered.get(number - 1) ?? exchanges[number - 2]?.response_headers ?? []
}

function statusOf(exchange: Exchange, headers: Seen['headers'], before: ReturnType<typeof validatorsBefore>): readonly [code: number, phrase: string] {
  const { expected_type, response_status = [200, 'OK'] } = exchange
  if (!expected_type?.endsWith('validated')) return response_status
  const told = (name: string) => before.find((pair) => pair[0].toLowerCase() === name)?.[1]
  const matches = (field: string, validator: string) => headers[field] !== undefined && headers[field] === told(validator)
  return matches('if-none-match', 'etag') || matches('if-modified-since', 'last-modified') ? [304, 'Not Modified'] : [999, 'Not Conditional']
}

/** Headers go out as they are, a name given twice on two lines; what the case leaves open is filled in. */
function send(response: ServerResponse, status: number, phrase: string, headers: Pair[], text: string | undefined, now: number): void {
  const given = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]))
  const fill = (name: string, value: string): void => void (given.has(name.toLowerCase()) || headers.push([name, value]))
  fill('Date', new Date(now).toUTCString())
  fill('Content-Type', 'text/plain')
  // A body in a coding that nobody knows has no other end than that of its connection.
  if (given.has('transfer-encoding')) fill('Connection', 'close')
  else if (text !== undefined) fill('Content-Length', String(Buffer.byteLength(text)))
  // More than the length told would be taken for the next answer on this connection.
  const length = given.get('content-length')
  response.writeHead(status, phrase, headers.flat()).end(length === undefined ? text : text?.slice(0, Number(length)))
}
