// The address is the state: `#/`, `#/?q=git&page=2`, `#/icon/github`. Back, forward, reload and bookmarks then work
// by themselves. A hash that is none of these is the first page of the list.

export type ListRoute = { readonly type: 'list'; readonly query: string; readonly page: number }
export type IconRoute = { readonly type: 'icon'; readonly slug: string }
export type Route = ListRoute | IconRoute

export function parseRoute(hash: string): Route {
  const slug = /^#\/icon\/([^/?]+)$/.exec(hash)?.[1]
  if (slug !== undefined) return { type: 'icon', slug: decode(slug) }
  const params = new URLSearchParams(hash.split('?')[1] ?? '')
  const page = Number(params.get('page') ?? 1)
  return { type: 'list', query: params.get('q') ?? '', page: Number.isSafeInteger(page) && page > 0 ? page : 1 }
}

export function formatRoute(route: Route): string {
  if (route.type === 'icon') return `#/icon/${encodeURIComponent(route.slug)}`
  const params = new URLSearchParams()
  if (route.query !== '') params.set('q', route.query)
  if (route.page > 1) params.set('page', String(route.page))
  return params.size > 0 ? `#/?${params}` : '#/'
}

/** Goes to `route`; with `replace` it takes the place of the current history entry. */
export function navigate(route: Route, { replace = false } = {}): void {
  const hash = formatRoute(route)
  if (replace) location.replace(hash)
  else location.hash = hash
}

export function pageTitle(title: string): string {
  return `${title} · bestbefore demo`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Where the app shows what an address of the API names. */
export function keyRoute(path: string): Route {
  const slug = /^icons\/(.+)$/.exec(path)?.[1]
  if (slug !== undefined) return { type: 'icon', slug: decode(slug) }
  const params = new URLSearchParams(path.split('?')[1])
  return { type: 'list', query: params.get('search') ?? '', page: Number(params.get('page') ?? 1) }
}
