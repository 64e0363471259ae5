// The list: search field, result count, pages and tiles. What it shows is the route's; typing and paging only
// change the route. An answer that comes too late for its route is cached, but not shown.

import { byId, el } from '../dom.ts'
import { formatCount, plural } from '../format.ts'
import type { IconPage, IconSummary } from '../server/protocol.ts'
import type { Client } from './client.ts'
import { createDrawing } from './drawing.ts'
import { problem } from './problem.ts'
import { formatRoute, navigate, type ListRoute } from './router.ts'

const PAGE_SIZE = 24
const DEBOUNCE = 250
/** Faster answers replace the old tiles directly: a skeleton would only flicker. */
const SKELETON_DELAY = 80

export interface ListView {
  show(route: ListRoute): Promise<void>
  /** Asks again for what is shown, which may have changed. */
  refresh(): Promise<void>
  /** Whether there is a page after this one, as far as is known. */
  hasNext(): boolean
  /** What the last shown page told about this icon. */
  find(slug: string): IconSummary | undefined
  /** Puts the focus back on an icon's tile, or on the heading when the page no longer has it. */
  focusIcon(slug: string): void
  /** Forgets what it has shown. */
  hide(): void
}

/** @param ready resolves when drawings may be asked for */
export function createListView(client: Client, ready: Promise<unknown>): ListView {
  const section = byId('list', HTMLElement)
  const title = byId('list-title', HTMLElement)
  const search = byId('search', HTMLInputElement)
  const results = byId('results', HTMLElement)
  const previous = byId('previous', HTMLButtonElement)
  const next = byId('next', HTMLButtonElement)
  const body = byId('list-body', HTMLElement)

  let route: ListRoute = { type: 'list', query: '', page: 1 }
  let shown: IconPage | undefined
  let hasNext = true
  let turn = 0

  followTyping(search, (query) => {
    if (query !== route.query) navigate({ type: 'list', query, page: 1 }, { replace: route.query !== '' })
  })
  for (const [button, step] of [
    [previous, -1],
    [next, 1],
  ] as const) {
    button.addEventListener('click', () => {
      if (button.ariaDisabled !== 'true') navigate({ ...route, page: route.page + step })
    })
  }

  async function show(wanted: ListRoute): Promise<void> {
    const mine = ++turn
    route = wanted
    if (search.value.trim() !== wanted.query) search.value = wanted.query
    section.ariaBusy = 'true'
    const timer = setTimeout(() => body.replaceChildren(skeleton()), shown ? SKELETON_DELAY : 0)
    try {
      const { value } = await client.list(wanted.query, wanted.page)
      if (mine === turn) render(value)
    } catch (error) {
      if (mine === turn) fail(error)
    } finally {
      clearTimeout(timer)
      if (mine === turn) section.ariaBusy = 'false'
    }
  }

  async function refresh(): Promise<void> {
    const mine = ++turn
    const { value } = await client.list(route.query, route.page)
    if (mine === turn && JSON.stringify(value) !== JSON.stringify(shown)) render(value)
  }

  function render(page: IconPage): void {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['slug'] : undefined
    shown = page
    results.textContent =
      page.total === 0
        ? `No icon matches “${route.query}”`
        : `${plural(page.total, 'icon', 'icons')} · page ${formatCount(page.page)} of ${formatCount(page.pages)}`
    setPages(page.page > 1, page.page < page.pages)
    body.replaceChildren(
      page.total === 0 ? nothing() : el('ul', { class: 'tiles', attrs: { role: 'list' } }, ...page.items.map((icon) => tile(icon, ready))),
    )
    if (focused !== undefined) focusIcon(focused)
  }

  function fail(error: unknown): void {
    results.textContent = 'The icons could not be loaded'
    setPages(false, false)
    const retry = (): void => {
      title.focus()
      void show(route)
    }
    body.replaceChildren(problem(error, retry, route.page > 1 ? route.query : ''))
  }

  // aria-disabled, not disabled: the button that reached the last page keeps the focus.
  function setPages(hasPrevious: boolean, isFollowed: boolean): void {
    hasNext = isFollowed
    previous.ariaDisabled = String(!hasPrevious)
    next.ariaDisabled = String(!hasNext)
  }

  function focusIcon(slug: string): void {
    const target = body.querySelector<HTMLElement>(`[data-slug="${CSS.escape(slug)}"]`) ?? title
    target.focus()
  }

  return {
    show,
    refresh,
    focusIcon,
    hasNext: () => hasNext,
    find: (slug) => shown?.items.find((icon) => icon.slug === slug),
    hide() {
      turn++
      shown = undefined
      body.replaceChildren()
    },
  }
}

function followTyping(input: HTMLInputElement, onQuery: (query: string) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    clearTimeout(timer)
    onQuery(input.value.trim())
  }
  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(flush, DEBOUNCE)
  })
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') flush()
  })
}

function tile(icon: IconSummary, ready: Promise<unknown>): HTMLLIElement {
  const link = el(
    'a',
    {
      class: 'tile',
      attrs: { href: formatRoute({ type: 'icon', slug: icon.slug }), 'data-slug': icon.slug, title: icon.title },
      vars: { '--brand': `#${icon.hex}` },
    },
    createDrawing(icon.slug, ready),
    el('span', { class: 'tile-title', text: icon.title }),
  )
  return el('li', {}, link)
}

function skeleton(): HTMLElement {
  const tiles = Array.from({ length: PAGE_SIZE }, () => el('div', { class: 'tile is-skeleton' }))
  return el('div', { class: 'tiles', attrs: { 'aria-hidden': 'true' } }, ...tiles)
}

function nothing(): HTMLElement {
  return el('p', { class: 'empty', text: 'Try a shorter name, or an older one: aliases are searched too.' })
}
