// One icon: its plate in the brand's colour, its facts, and the best-before date of its cache entry. What the list
// already knew is shown at once; the facts follow when they arrive, in room that was kept for them.

import type { IconDetails, IconSummary } from './api-types.ts'
import { createBestBefore } from './best-before.ts'
import { readableOn } from './colour.ts'
import { byId, el, externalLink, iconSvg } from './dom.ts'
import type { IconsClient } from './icons-client.ts'
import { problem } from './problem.ts'
import { pageTitle } from './router.ts'

export interface IconView {
  /** Resolves when the icon, or why there is none, is shown. The heading has the focus from the start. */
  show(slug: string, known: IconSummary | undefined): Promise<void>
  hide(): void
}

export function createIconView(client: IconsClient): IconView {
  const section = byId('icon', HTMLElement)
  const body = byId('icon-body', HTMLElement)
  let turn = 0

  async function show(slug: string, known: IconSummary | undefined): Promise<void> {
    const mine = ++turn
    const sheet = createSheet(slug)
    if (known) sheet.setSummary(known)
    body.replaceChildren(sheet.root)
    document.title = pageTitle(known?.title ?? slug)
    section.ariaBusy = 'true'
    sheet.heading.focus()
    try {
      const { key, value } = await client.icon(slug)
      if (mine !== turn) return
      sheet.setDetails(value)
      document.title = pageTitle(value.title)
      sheet.bestBefore.set(await client.cache.expiresAt(key))
    } catch (error) {
      if (mine === turn) sheet.fail(problem(error, () => void show(slug, known)))
    } finally {
      if (mine === turn) section.ariaBusy = 'false'
    }
  }

  return {
    show,
    hide() {
      turn++
      body.replaceChildren()
    },
  }
}

function createSheet(slug: string) {
  const plate = el('div', { class: 'plate is-skeleton' })
  const heading = el('h1', { class: 'icon-title', text: slug, attrs: { id: 'icon-title', tabindex: '-1' } })
  const hex = el('p', { class: 'icon-hex', text: '\u00a0' })
  const facts = el('dl', { class: 'facts' }, ...FACTS.map(([name]) => fact(name, el('span', { class: 'line is-skeleton' }))))
  const bestBefore = createBestBefore()
  const head = el('div', { class: 'icon-head' }, el('div', {}, heading, hex), bestBefore.root)
  return {
    root: el('article', { class: 'sheet' }, plate, head, facts),
    heading,
    bestBefore,
    setSummary(icon: IconSummary): void {
      plate.classList.remove('is-skeleton')
      plate.style.setProperty('--brand', `#${icon.hex}`)
      plate.style.setProperty('--on-brand', readableOn(icon.hex))
      plate.replaceChildren(iconSvg(icon.path))
      heading.textContent = icon.title
      hex.textContent = `#${icon.hex}`
    },
    /** The heading stays, and with it the focus. */
    fail(reason: Node): void {
      plate.remove()
      bestBefore.root.remove()
      facts.replaceWith(reason)
    },
    setDetails(icon: IconDetails): void {
      this.setSummary(icon)
      facts.replaceChildren(...FACTS.map(([name, read]) => fact(name, read(icon) ?? el('span', { class: 'none', text: 'None given' }))))
    },
  }
}

/** Every icon has all rows, so that the facts arrive without moving anything. */
const FACTS: readonly (readonly [name: string, read: (icon: IconDetails) => Node | string | undefined])[] = [
  ['Source', (icon) => externalLink(icon.source)],
  ['Guidelines', (icon) => icon.guidelines && externalLink(icon.guidelines)],
  ['License', (icon) => icon.license && readLicense(icon.license)],
  ['Also known as', (icon) => icon.aliases.join(', ') || undefined],
  ['Slug', (icon) => el('code', { text: icon.slug })],
]

function fact(name: string, value: Node | string): HTMLElement {
  return el('div', {}, el('dt', { text: name }), el('dd', {}, value))
}

function readLicense({ type, url }: NonNullable<IconDetails['license']>): Node | string {
  const name = type === 'custom' ? 'Custom' : type
  return url === undefined ? name : externalLink(url, name)
}
