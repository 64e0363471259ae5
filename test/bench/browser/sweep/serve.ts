// Builds the page into memory and serves it to one engine on a free port of this machine alone.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'vite'
import type { Answer, Plan } from './plan.ts'

/** @returns the script of the page, the library in it */
export async function buildPage(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    build: { write: false, target: 'es2022', modulePreload: false, rolldownOptions: { input: join(import.meta.dirname, 'page.ts') } },
  })
  const [bundle] = Array.isArray(result) ? result : [result]
  if (bundle === undefined || !('output' in bundle)) throw new Error('Cannot build the page: there is no bundle')
  return bundle.output[0].code
}

export interface ServedPage {
  readonly url: string
  /** What the page measured; rejects with what went wrong in it. */
  readonly result: Promise<Answer>
  close(): void
}

export async function servePage(script: string, plan: Plan, onProgress: (line: string) => void): Promise<ServedPage> {
  let resolve!: (answer: Answer) => void
  let reject!: (error: Error) => void
  const result = new Promise<Answer>((...settle) => ([resolve, reject] = settle))
  const server = createServer(async (request, response) => {
    // An isolated page has a clock of microseconds; others get one of a whole ms.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    switch (new URL(request.url ?? '', 'http://localhost').pathname) {
      case '/':
        response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>sweep</title><script type="module" src="/page.js"></script>')
        return
      case '/page.js':
        response.setHeader('Content-Type', 'text/javascript').end(script)
        return
      case '/progress':
        onProgress(String(await bodyOf(request)))
        break
      case '/answer':
        resolve((await bodyOf(request)) as Answer)
        break
      case '/failure':
        reject(new Error(String(await bodyOf(request))))
        break
      default:
        response.statusCode = 404
    }
    response.end()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/?plan=${encodeURIComponent(JSON.stringify(plan))}`,
    result,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return JSON.parse(text)
}
