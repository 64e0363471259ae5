// The server behind the tabs: blank pages, the scripts they run, and an API that counts what it is asked, by key and by tab.
// It answers when the test says so. Every name below .localhost is this machine and an origin of its own.

import { createServer, type Server, type ServerResponse } from 'node:http'

export interface ApiRequest {
  readonly key: string
  /** The tab or worker that asked. */
  readonly by: string
  /** Which request for this key it is, from 1. */
  readonly serial: number
  answered: boolean
}

export type Match = (request: ApiRequest) => boolean

/** Timers of a page that end sooner. */
export interface Haste {
  /** The shortest of them, ms. */
  readonly from: number
  /** How many times sooner. */
  readonly times: number
}

/** Scripts by path, such as `/page.js`. */
export type Scripts = Readonly<Record<string, string>>

const EVERY: Match = () => true

export class Api {
  /** In order of arrival. */
  readonly requests: ApiRequest[] = []
  /** ms until an answer that is not held. */
  latency = 0
  #holds: Match = () => false
  readonly #held = new Map<ApiRequest, ServerResponse>()
  readonly #server: Server
  readonly #scripts: Scripts
  #origins = 0

  private constructor(scripts: Scripts) {
    this.#scripts = scripts
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      if (url.pathname.startsWith('/api/')) this.#ask(url, response)
      else this.#serve(url, response)
    })
  }

  static async start(scripts: Scripts): Promise<Api> {
    const api = new Api(scripts)
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve))
    return api
  }

  /** An origin that no page has been on. */
  newOrigin(): string {
    const address = this.#server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    return `http://t${++this.#origins}.localhost:${port}`
  }

  /** Requests that match wait for `release`. */
  hold(match: Match = EVERY): void {
    this.#holds = match
  }

  /** Answers held requests, and holds none like them any more when all are released. */
  release(match?: Match): void {
    if (!match) this.#holds = () => false
    for (const [request, response] of this.#held) if ((match ?? EVERY)(request)) this.#answer(request, response)
  }

  /** Requests that wait for `release`, but for those whose tab is gone. */
  get held(): readonly ApiRequest[] {
    return [...this.#held.keys()]
  }

  /** How often a key was asked for. */
  count(key: string): number {
    return this.requests.filter((request) => request.key === key).length
  }

  /** Forgets all requests and holds. */
  reset(): void {
    this.release()
    this.requests.length = 0
    this.latency = 0
  }

  async close(): Promise<void> {
    this.release()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #ask(url: URL, response: ServerResponse): void {
    const key = decodeURIComponent(url.pathname.slice('/api/'.length))
    const request: ApiRequest = { key, by: url.searchParams.get('tab') ?? '', serial: this.count(key) + 1, answered: false }
    this.requests.push(request)
    response.on('close', () => this.#held.delete(request))
    if (this.#holds(request)) this.#held.set(request, response)
    else setTimeout(() => this.#answer(request, response), this.latency)
  }

  #answer(request: ApiRequest, response: ServerResponse): void {
    this.#held.delete(request)
    if (response.destroyed) return
    request.answered = true
    const { key, by, serial } = request
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store', 'access-control-allow-origin': '*' })
    response.end(JSON.stringify({ key, by, serial }))
  }

  /** What a page's address says of its globals is done before any script of ours runs: some are missing, long timers are hastened. */
  #serve(url: URL, response: ServerResponse): void {
    const script = this.#scripts[url.pathname]
    if (url.pathname === '/favicon.ico') response.writeHead(204).end()
    else if (script !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    else {
      const missing = url.searchParams.getAll('missing').map((path) => `delete ${path};`)
      const hasten = url.searchParams.get('hasten')
      const first = [...missing, hasten === null ? '' : `(${hastenTimers})(${hasten});`]
      const scripts = url.pathname === '/' ? `<script>${first.join('')}</script><script src="/side.js"></script>` : ''
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><html lang="en"><title>tab</title>${scripts}</html>`)
    }
  }
}

/** Runs in the page. Of several rules that fit, the last one counts. */
function hastenTimers(rules: readonly Haste[]): void {
  const { setTimeout } = globalThis
  const hastened = (handler: TimerHandler, ms = 0, ...args: unknown[]) => {
    const { times = 1 } = rules.findLast(({ from }) => ms >= from) ?? {}
    return setTimeout(handler, ms / times, ...args)
  }
  Object.assign(globalThis, { setTimeout: hastened })
}
