// The demo's service worker. It answers for the app's own files, which it has all (shell.ts), and for drawings, which a
// cachedFetch keeps as they are asked for. In the static build it also plays the server (static-server.ts).

import { createCache } from '../../src/index.ts'
import { createCachedFetch, type HttpEntry } from '../../src/http/index.ts'
import { IMAGES_NAME } from '../app/names.ts'
import { createShell } from './shell.ts'
import { createStaticServer } from './static-server.ts'

/** Whether there is no other server. Put in by the build. */
declare const __STATIC__: boolean

interface WorkerEvent extends Event {
  waitUntil(promise: Promise<unknown>): void
}

interface FetchEvent extends WorkerEvent {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}

interface WorkerScope {
  readonly registration: { readonly scope: string }
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: WorkerEvent) => void): void
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void
}

// The types of a page are in force here.
const worker = globalThis as unknown as WorkerScope
const scope = worker.registration.scope
const shell = createShell()
const api = __STATIC__ ? createStaticServer(scope) : undefined
const images = createCachedFetch(createCache<HttpEntry>({ name: IMAGES_NAME }), {
  match: ({ url }) => pathOf(url)?.startsWith('images/') ?? false,
})

/** The path of a URL below the worker's scope. */
function pathOf(url: string): string | undefined {
  const { origin, pathname } = new URL(url)
  const address = origin + pathname
  return address.startsWith(scope) ? address.slice(scope.length) : undefined
}

worker.addEventListener('install', (event) => event.waitUntil(Promise.all([shell.install(), worker.skipWaiting()])))
worker.addEventListener('activate', (event) => event.waitUntil(Promise.all([shell.activate(), worker.clients.claim()])))
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const path = pathOf(request.url)
  if (path === undefined) return
  if (api && path.startsWith('api/')) event.respondWith(api(request, path.slice('api/'.length)))
  else if (images.handles(request)) event.respondWith(images(request, undefined, event))
  else if (request.method === 'GET' && shell.has(path)) event.respondWith(shell.respond(path, request))
})
