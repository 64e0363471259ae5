// The demo as its visitors get it: built by Vite, served with the API as `npm start` does, or from a plain file server.

import { readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import { preview } from 'vite'
import { afterAll, beforeAll, inject } from 'vitest'
import { demoApi } from '../../../demo/api.ts'
import { openBrowser, temporaryFolder } from './browser.ts'

export interface Site {
  readonly port: number
  /** The folder of the build. */
  readonly folder: string
  /** Cuts it off: it answers nothing any more. */
  stop(): Promise<void>
}

export interface Served {
  readonly site: Site
  /** On a profile of its own. */
  readonly browser: BrowserContext
}

/** The demo and a browser, for the tests of a file. */
export function useServed(): Served {
  const profile = temporaryFolder()
  let site: Site
  let browser: BrowserContext

  beforeAll(async () => {
    site = await startDemo()
    browser = await openBrowser(profile)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })

  return {
    get site() {
      return site
    },
    get browser() {
      return browser
    },
  }
}

/** As `npm start`, with a server that is not as slow. */
export async function startDemo(): Promise<Site> {
  const folder = inject('servedDemo')
  const server = await preview({
    configFile: false,
    root: join(folder, '..'),
    logLevel: 'error',
    plugins: [demoApi({ latency: [50, 150], maxDelay: 3_500 })],
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0 },
  })
  return site(server.httpServer as Server, folder)
}

/**
 * The static build, from a server that knows files alone.
 *
 * @param base path of the demo's folder on the server
 * @param other answers what is no file of it
 */
export async function startStaticDemo(base: string, other: (request: IncomingMessage, response: ServerResponse) => void): Promise<Site> {
  const folder = inject('staticDemo')
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://static.invalid').pathname
    const name = path === base ? 'index.html' : normalize(path.slice(base.length))
    const file = path.startsWith(base) && readFile(join(folder, name))
    if (!file) return other(request, response)
    response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream', 'Last-Modified': new Date(0).toUTCString() })
    response.end(file)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return site(server, folder)
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
}

function readFile(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function site(server: Server, folder: string): Site {
  return {
    port: (server.address() as AddressInfo).port,
    folder,
    async stop() {
      if (!server.listening) return
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
