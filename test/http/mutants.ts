// Caches that break the rules on purpose: proof that the cases can fail.

import type { Session } from './client.ts'

export function noCache(): Session {
  return { fetch: globalThis.fetch }
}

/** Answers every GET of a URL with the first response to it, whatever that says. */
export function everythingForEver(): Session {
  const kept = new Map<string, Response>()
  return {
    async fetch(input, init) {
      const request = new Request(input, init)
      if (request.method !== 'GET') return fetch(request)
      const response = kept.get(request.url) ?? (await fetch(request))
      kept.set(request.url, response)
      return response.clone()
    },
  }
}
