// The service worker of an app that works offline: its shell is in Cache Storage from the installation on, and what it asks of
// its API a cachedFetch sees to.

import { createCachedFetch, type HttpEntry } from '../../../src/http/index.ts'
import { createCache } from '../../../src/index.ts'

// TypeScript has these in a library that cannot stand beside that of pages.
interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}

const cache = createCache<HttpEntry>({ name: 'api' })
const cachedFetch = createCachedFetch(cache, {
  match: ({ url }) => new URL(url).pathname.startsWith('/api/'),
})

addEventListener('install', (event) => (event as ExtendableEvent).waitUntil(caches.open('shell').then((shell) => shell.addAll(['/', '/page.js']))))
addEventListener('activate', (event) => (event as ExtendableEvent).waitUntil((self as unknown as { clients: { claim(): Promise<void> } }).clients.claim()))
addEventListener('fetch', (event) => {
  const { request, respondWith } = event as FetchEvent
  const answer = (response: Promise<Response>): void => respondWith.call(event, response)
  if (cachedFetch.handles(request)) answer(cachedFetch(request, undefined, event as FetchEvent))
  else answer(caches.match(request).then((found) => found ?? fetch(request)))
})
