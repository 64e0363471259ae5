// What travels between the demo's server and its client: the bodies, and the orders by which the page has the server play
// unwell. Free of Node and of the DOM: the server runs in Node and in a service worker.

export interface IconSummary {
  readonly slug: string
  readonly title: string
  /** Brand colour, six hex digits without the `#`. */
  readonly hex: string
}

export interface IconPage {
  readonly items: readonly IconSummary[]
  readonly total: number
  readonly page: number
  readonly pages: number
}

/** What the package says of an icon. */
export interface Icon extends IconSummary {
  readonly source: string
  readonly guidelines?: string
  readonly license?: { readonly type: string; readonly url?: string }
  readonly aliases: readonly string[]
}

/** What a user may change; every user has titles and notes of their own. */
export interface IconEdit {
  readonly title: string
  readonly notes: string
}

export interface IconDetails extends Icon, IconEdit {}

export interface ApiProblem {
  readonly error: { readonly code: string; readonly message: string }
}

/** Seconds past its date in which an answer may be served while the server is asked again. */
export const STALE_WHILE_REVALIDATE = 300

/** Orders from the page to the pretend server. */
export interface Orders {
  /** Seconds for which the server calls its answers fresh. */
  readonly maxAge?: number
  /** ms that an answer takes, in place of the usual ones. */
  readonly delay?: number
  /** Status of an error to answer with. */
  readonly status?: number
  /** 1: breaks the connection instead of answering. */
  readonly offline?: number
  /** ms by which the server's clock is wrong. */
  readonly clock?: number
}

export const ORDERS_HEADER = 'x-demo'

export function formatOrders(orders: Orders): string {
  return Object.entries(orders)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')
}

export function parseOrders(field: string | null): Orders {
  return Object.fromEntries(Array.from((field ?? '').matchAll(/(\w+)=(-?\d{1,12})/g), ([, name, value]) => [name, Number(value)]))
}
