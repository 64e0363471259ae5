// The catalogue as one user sees it: pages of it, searches in it, one icon. Knows nothing of HTTP but the problems to tell.

import type { Icon, IconDetails, IconEdit, IconPage } from './protocol.ts'

const PAGE_SIZE = 24
const MAX_SEARCH_LENGTH = 100
const MAX_TITLE_LENGTH = 60
const MAX_NOTES_LENGTH = 1_000

/** What a user has changed, by slug. */
export type Edits = Readonly<Record<string, IconEdit>>

export class Problem extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** @throws Problem for a page that is not there */
export function readPage(params: URLSearchParams, icons: readonly Icon[], edits: Edits): IconPage {
  const search = (params.get('search') ?? '').trim().toLowerCase()
  if (search.length > MAX_SEARCH_LENGTH) throw new Problem(400, 'bad-search', `A search has at most ${MAX_SEARCH_LENGTH} characters.`)
  const text = params.get('page') ?? '1'
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new Problem(400, 'bad-page', 'A page is a positive integer.')
  const page = Number(text)
  const found = find(
    icons.map((icon) => ({ ...icon, ...edits[icon.slug] })),
    search,
  )
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE))
  if (page > pages) throw new Problem(404, 'no-such-page', `There is no page ${page}: the last one is ${pages}.`)
  const items = found.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE).map(({ slug, title, hex }) => ({ slug, title, hex }))
  return { items, total: found.length, page, pages }
}

/** Matches titles, slugs and aliases; titles that begin with the search come first. */
function find(icons: readonly Icon[], search: string): readonly Icon[] {
  if (search === '') return icons
  const matches = icons.filter((icon) => [icon.title, icon.slug, ...icon.aliases].some((name) => name.toLowerCase().includes(search)))
  const rank = (icon: Icon): number => (icon.title.toLowerCase().startsWith(search) ? 0 : 1)
  return matches.sort((a, b) => rank(a) - rank(b))
}

/** @throws Problem where there is none */
export function readIcon(slug: string, icons: readonly Icon[], edits: Edits): IconDetails {
  const icon = icons.find((candidate) => candidate.slug === slug)
  if (!icon) throw new Problem(404, 'no-such-icon', `There is no icon called “${slug}”.`)
  return { ...icon, notes: '', ...edits[slug] }
}

/** @throws Problem for anything that is no edit */
export function parseEdit(text: string): IconEdit {
  const { title, notes } = parseObject(text)
  const isText = (value: unknown, least: number, most: number): value is string =>
    typeof value === 'string' && value.trim().length >= least && value.length <= most
  if (!isText(title, 1, MAX_TITLE_LENGTH)) throw new Problem(422, 'bad-title', `A title has 1 to ${MAX_TITLE_LENGTH} characters.`)
  if (!isText(notes, 0, MAX_NOTES_LENGTH)) throw new Problem(422, 'bad-notes', `Notes have at most ${MAX_NOTES_LENGTH} characters.`)
  return { title: title.trim(), notes: notes.trim() }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    throw new Problem(400, 'bad-json', 'The body is not JSON.')
  }
}
