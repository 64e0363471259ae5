// Builds the pages into memory, and leads one engine from page to page: each step is a page load of its own, on a free
// port of this machine alone.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'vite'
import type { Series, Step } from './suite.ts'

/** Scripts by file name. */
export type Scripts = ReadonlyMap<string, string>

/**
 * Builds the page of each suite. What a page imports on demand stays in a file of its own, so that a page loads the one
 * library it measures.
 */
export async function buildPages(suites: readonly string[]): Promise<Scripts> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: {
        input: Object.fromEntries(suites.map((name) => [name, join(import.meta.dirname, '..', name, 'page.ts')])),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  })
  const [bundle] = Array.isArray(result) ? result : [result]
  if (bundle === undefined || !('output' in bundle)) throw new Error('Cannot build the pages: there is no bundle')
  return new Map(bundle.output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file.code]] : [])))
}

export interface PageServer {
  /** What the engine must open. */
  readonly url: string
  /** The engine that came, once the first step has answered. */
  readonly userAgent: string
  /** Loads a page; resolves to its answer, rejects with what went wrong in it. One step at a time. */
  run(step: Step): Promise<Series>
  close(): void
}

/** Waits for the runner's word where to go next. */
const START = `<!doctype html><script type="module">location.replace(await (await fetch('/next')).text())</script>`

export async function servePages(scripts: Scripts): Promise<PageServer> {
  let userAgent = ''
  let next = deferred<string>()
  let answer = deferred<Series>()
  const server = createServer(async (request, response) => {
    // An isolated page has a clock of microseconds; others get one of a whole ms.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    // No page finds its code compiled by the one before.
    response.setHeader('Cache-Control', 'no-store')
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const script = scripts.get(pathname.slice(1))
    if (script !== undefined) {
      response.setHeader('Content-Type', 'text/javascript').end(script)
      return
    }
    switch (pathname) {
      case '/':
        response.setHeader('Content-Type', 'text/html').end(START)
        return
      case '/step':
        response.setHeader('Content-Type', 'text/html').end(`<!doctype html><script type="module" src="/${searchParams.get('suite')}.js"></script>`)
        return
      case '/next':
        response.end(await next.promise)
        next = deferred()
        return
      case '/answer':
        userAgent = request.headers['user-agent'] ?? ''
        answer.resolve((await bodyOf(request)) as Series)
        break
      case '/failure':
        answer.reject(new Error(String(await bodyOf(request))))
        break
      default:
        response.statusCode = 404
    }
    response.end()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    get userAgent() {
      return userAgent
    },
    run(step) {
      answer = deferred()
      next.resolve(`/step?${new URLSearchParams({ suite: step.suite, step: JSON.stringify(step) })}`)
      return answer.promise
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** A promise, and what settles it. */
function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return JSON.parse(text)
}
