// What one icon looks like: its plate in the brand's colour, the stamp, its facts. Every icon has all rows, so that the facts
// arrive without moving anything.

import { el, externalLink } from '../dom.ts'
import type { IconDetails, IconSummary } from '../server/protocol.ts'
import { createBestBefore } from './best-before.ts'
import { readableOn } from './colour.ts'
import { createDrawing } from './drawing.ts'

/** @param ready resolves when drawings may be asked for */
export function createSheet(slug: string, ready: Promise<unknown>) {
  const plate = el('div', { class: 'plate is-skeleton' })
  const heading = el('h1', { class: 'icon-title', text: slug, attrs: { id: 'icon-title', tabindex: '-1' } })
  const hex = el('p', { class: 'icon-hex', text: '\u00a0' })
  const facts = el('dl', { class: 'facts' }, ...FACTS.map(([name]) => fact(name, el('span', { class: 'line is-skeleton' }))))
  const bestBefore = createBestBefore()
  const edit = el('button', { class: 'icon-edit', text: 'Edit', attrs: { type: 'button', 'aria-disabled': 'true' } })
  const head = el('div', { class: 'icon-head' }, el('div', {}, heading, hex), bestBefore.root)
  const setSummary = ({ slug, title, hex: colour }: IconSummary): void => {
    if (!plate.firstChild) plate.append(createDrawing(slug, ready))
    plate.classList.remove('is-skeleton')
    plate.style.setProperty('--brand', `#${colour}`)
    plate.style.setProperty('--on-brand', readableOn(colour))
    heading.textContent = title
    hex.textContent = `#${colour}`
  }
  return {
    root: el('article', { class: 'sheet' }, plate, head, facts, el('div', { class: 'icon-foot' }, edit)),
    heading,
    facts,
    edit,
    bestBefore,
    setSummary,
    setDetails(icon: IconDetails): void {
      setSummary(icon)
      facts.replaceChildren(...FACTS.map(([name, read]) => fact(name, read(icon) ?? el('span', { class: 'none', text: 'None given' }))))
      edit.ariaDisabled = 'false'
    },
    /** The heading stays, and with it the focus. */
    fail(reason: Node): void {
      for (const part of [plate, bestBefore.root, edit.parentElement]) part?.remove()
      facts.replaceWith(reason)
    },
  }
}

const FACTS: readonly (readonly [name: string, read: (icon: IconDetails) => Node | string | undefined])[] = [
  ['Notes', (icon) => icon.notes || undefined],
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
