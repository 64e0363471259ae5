// What travels between the demo's server (api.ts) and its client (icons-client.ts).
// Types only: the client's bundle must not contain any of the server's data.

export interface IconSummary {
  readonly slug: string
  readonly title: string
  /** Brand colour, six hex digits without the `#`. */
  readonly hex: string
  /** The `d` of one SVG path in a 24 x 24 view box. */
  readonly path: string
}

export interface IconPage {
  readonly items: readonly IconSummary[]
  readonly total: number
  readonly page: number
  readonly pages: number
}

export interface IconDetails extends IconSummary {
  readonly source: string
  readonly guidelines?: string
  readonly license?: { readonly type: string; readonly url?: string }
  readonly aliases: readonly string[]
}

export interface ApiProblem {
  readonly error: { readonly code: string; readonly message: string }
}

/** Sent by the demo's "Server down" switch; the server then answers 503. */
export const OUTAGE_HEADER = 'x-demo-outage'
