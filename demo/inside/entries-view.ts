// The user's stored responses as a list, soonest past their date first: which tier has each, and the time it has left.

import { tierMark } from '../app/answer-log.ts'
import { nameOfKey } from '../app/names.ts'
import { keyRoute, formatRoute } from '../app/router.ts'
import { byId, el } from '../dom.ts'
import { formatCountdown, plural } from '../format.ts'
import type { SeenEntry } from './entry-reader.ts'

export interface EntriesView {
  show(entries: readonly SeenEntry[], now: number): void
  /** Moves the bars and countdowns. */
  tick(now: number): void
}

interface Row {
  readonly root: HTMLElement
  update(entry: SeenEntry, now: number): void
}

export function createEntriesView(): EntriesView {
  const list = byId('entries', HTMLUListElement)
  const count = byId('entries-count', HTMLElement)
  const empty = byId('entries-empty', HTMLElement)
  const rows = new Map<string, Row>()
  let shown: readonly SeenEntry[] = []

  function tick(now: number): void {
    for (const entry of shown) rows.get(entry.key)?.update(entry, now)
    const fresh = shown.filter(({ staleAt }) => staleAt > now).length
    const stale = shown.length - fresh
    count.textContent = stale > 0 ? `${fresh} fresh, ${stale} stale` : shown.length > 0 ? plural(fresh, 'response', 'responses') : 'none'
  }

  function arrange(): void {
    const wanted = new Set(shown.map(({ key }) => key))
    for (const [key, row] of rows) {
      if (wanted.has(key)) continue
      row.root.remove()
      rows.delete(key)
    }
    shown.forEach(({ key }, index) => {
      const row = rows.get(key) ?? createRow(key)
      rows.set(key, row)
      // Only what is out of place moves: a row that moves loses the focus.
      if (list.children[index] !== row.root) list.insertBefore(row.root, list.children[index] ?? null)
    })
    empty.hidden = shown.length > 0
    list.hidden = shown.length === 0
  }

  return {
    show(entries, now) {
      shown = entries.filter(isResponse).sort((a, b) => a.staleAt - b.staleAt || (a.key < b.key ? -1 : 1))
      arrange()
      tick(now)
    },
    tick,
  }
}

function isResponse({ key, state }: SeenEntry): boolean {
  return state !== 'expired' && nameOfKey(key).partition !== undefined
}

function createRow(key: string): Row {
  const path = nameOfKey(key).path.replace(/^api\//, '')
  const tier = el('span', { class: 'entry-tier' })
  const left = el('span', { class: 'entry-left' })
  const link = el('a', { class: 'entry-key', attrs: { href: formatRoute(keyRoute(path)), title: path } }, el('code', { text: path }))
  const bar = el('span', { class: 'entry-bar', attrs: { 'aria-hidden': 'true' } })
  const root = el('li', { class: 'entry' }, tierMark(), link, tier, left, bar)
  return {
    root,
    update({ state, staleAt, createdAt }, now) {
      const isStale = staleAt <= now
      root.dataset['tier'] = isStale ? 'stale' : state
      root.classList.toggle('is-stale', isStale)
      tier.textContent = state
      left.textContent = isStale ? 'stale' : formatCountdown(staleAt - now)
      const share = staleAt === Infinity ? 1 : (staleAt - now) / (staleAt - createdAt)
      bar.style.setProperty('--left', String(Math.min(1, Math.max(0, share))))
    },
  }
}
