// The server of that app: its shell, its scripts, and an API with a list that POST adds to. It can be gone and come back.

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { bundleSide } from '../../tabs/support/browser.ts'

export class AppServer {
  /** Methods and paths of what the API was asked. */
  readonly requests: string[] = []
  readonly #scripts: ReadonlyMap<string, string>
  readonly #server: Server
  #items = 1
  #port = 0

  private constructor(scripts: ReadonlyMap<string, string>) {
    this.#scripts = scripts
    this.#server = createServer(({ method = '', url = '', headers }, response) => {
      // The browser asks for one of its own accord.
      if (url === '/favicon.ico') response.writeHead(404).end()
      else if (url.startsWith('/api/')) this.#ask(method, url, headers, response)
      else this.#serve(url, response)
    })
  }

  static async start(): Promise<AppServer> {
    const names = ['page', 'worker']
    const scripts = await Promise.all(names.map((name) => bundleSide(join(import.meta.dirname, `${name}.ts`))))
    const server = new AppServer(new Map(names.map((name, place) => [`/${name}.js`, scripts[place]!])))
    await server.comeBack()
    return server
  }

  get origin(): string {
    return `http://localhost:${this.#port}`
  }

  /** Of the same API, for the page another. */
  get elsewhere(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async go(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async comeBack(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** The list is fresh for a minute, and its length never. */
  #ask(method: string, url: string, { 'if-none-match': held }: NodeJS.Dict<string | string[]>, response: ServerResponse): void {
    this.requests.push(`${method} ${url}`)
    if (method === 'POST') this.#items++
    const etag = `"${this.#items}"`
    const fields = { etag, 'cache-status': 'edge; fwd=miss', 'cache-control': url === '/api/length' ? 'max-age=0' : 'max-age=60', 'access-control-allow-origin': '*' }
    if (held === etag) response.writeHead(304, fields).end()
    else response.writeHead(200, { 'content-type': 'text/plain', ...fields }).end(url === '/api/length' ? `${this.#items}` : `items 1 to ${this.#items}`)
  }

  #serve(url: string, response: ServerResponse): void {
    const script = this.#scripts.get(url)
    const type = script === undefined ? 'text/html' : 'text/javascript'
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(script ?? '<!doctype html><html lang="en"><title>app</title><body><script src="/page.js"></script></body></html>')
  }
}
