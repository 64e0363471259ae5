// The request that goes to the origin: the caller's, with the fields for revalidation (RFC 9111, section 4.3.1), and with a cache mode
// that bypasses the browser's own HTTP cache, or makes use of it.

import type { Ask } from './ask.ts'
import type { CachedFetchOptions } from './contract.ts'

/** @param stored header fields of the response to be revalidated */
export function outgoing(
  { request, headers: fields, cache: asked, mode, own }: Ask,
  revalidate: CachedFetchOptions['revalidate'],
  signal: AbortSignal | null,
  stored?: Headers,
): Request {
  const below = own !== undefined
  const headers = new Headers([...fields])
  // Only whole responses are stored.
  headers.delete('range')
  let cache: RequestCache = asked === 'reload' || asked === 'no-cache' ? asked : below ? 'no-cache' : asked
  // A `no-cors` request may not have preconditions.
  if (revalidate !== 'http-cache' && mode !== 'no-cors' && (revalidate === 'explicit' || own !== false)) {
    for (const [name, value] of [
      ['if-none-match', stored?.get('etag')],
      ['if-modified-since', stored?.get('last-modified')],
    ] as const)
      if (value) headers.set(name, value)
    if (below && asked === 'no-cache' && !headers.has('cache-control')) headers.set('cache-control', 'max-age=0')
    if (below) cache = 'no-store'
    // On servers there is no HTTP cache below; `default` would add Cache-Control: no-cache to a conditional request, `force-cache` adds
    // nothing.
    else if (cache === 'default' && (headers.has('if-none-match') || headers.has('if-modified-since'))) cache = 'force-cache'
  }
  const { referrer, referrerPolicy } = request()
  return new Request(request(), { headers, signal, cache, referrer, referrerPolicy })
}
