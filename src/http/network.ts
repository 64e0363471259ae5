// A request on its way to the origin: as it was asked for, with what revalidation adds, and with the browser's own HTTP cache
// kept out of it, or made use of.

import type { Ask } from './ask.ts'
import { addPreconditions } from './freshen.ts'
import type { HttpSettings } from './options.ts'
import type { StoredResponse } from './variants.ts'

/** @param stored to be asked about */
export function outgoing({ request, cache, mode, origin }: Ask, { revalidate }: Pick<HttpSettings, 'revalidate'>, signal: AbortSignal, stored?: StoredResponse): Request {
  const here = globalThis.location?.origin
  const headers = new Headers(request.headers)
  // A request without CORS may not carry preconditions.
  const explicit = mode !== 'no-cors' && (revalidate === 'explicit' || (revalidate === 'auto' && (!here || here === origin)))
  if (explicit && stored) addPreconditions(headers, stored)
  if (explicit && here && cache === 'no-cache' && !headers.has('cache-control')) headers.set('cache-control', 'max-age=0')
  return new Request(request, { headers, signal, cache: cacheMode(cache, explicit, !!here) })
}

/** The mode for the HTTP cache below. On servers there is none, and `force-cache` adds no fields. */
function cacheMode(asked: RequestCache, explicit: boolean, below: boolean): RequestCache {
  if (below && explicit) return 'no-store'
  return asked === 'reload' || asked === 'no-cache' ? asked : below ? 'no-cache' : 'force-cache'
}
