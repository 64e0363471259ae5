// A request on its way to the origin: as it was asked for, with what revalidation adds (RFC 9111, section 4.3.1), and with the
// browser's own HTTP cache kept out of it, or made use of.

import type { Ask } from './ask.ts'
import type { CachedFetchOptions } from './contract.ts'

/** @param stored fields of the response to be asked about */
export function outgoing({ request, headers: fields, cache: asked, mode, own }: Ask, revalidate: CachedFetchOptions['revalidate'], signal: AbortSignal | null, stored?: Headers): Request {
  const below = own !== undefined
  const headers = new Headers([...fields])
  // The whole is what is stored.
  headers.delete('range')
  let cache: RequestCache = asked === 'reload' || asked === 'no-cache' ? asked : below ? 'no-cache' : asked
  // A request without CORS may not carry preconditions.
  if (revalidate !== 'http-cache' && mode !== 'no-cors' && (revalidate === 'explicit' || own !== false)) {
    for (const [name, value] of [['if-none-match', stored?.get('etag')], ['if-modified-since', stored?.get('last-modified')]] as const) if (value) headers.set(name, value)
    if (below && asked === 'no-cache' && !headers.has('cache-control')) headers.set('cache-control', 'max-age=0')
    if (below) cache = 'no-store'
    // On servers there is no HTTP cache below, and this adds no fields to those.
    else if (cache === 'default' && (headers.has('if-none-match') || headers.has('if-modified-since'))) cache = 'force-cache'
  }
  const { referrer, referrerPolicy } = request()
  return new Request(request(), { headers, signal, cache, referrer, referrerPolicy })
}
