// The list of entries in the panel: key, tier and time left of each, soonest to expire first. It reads the cache
// through its public iterators alone, so what it shows is what a user of the library can see: fresh entries. One that
// has expired stays listed as such until a sweep has removed it.

import type { Cache } from '../src/index.ts'
import { tierMark } from './answer-log.ts'
import { byId, el } from './dom.ts'
import { formatCountdown, plural } from './format.ts'
import { keyRoute, SWEEP_INTERVAL } from './icons-client.ts'
import { formatRoute } from './router.ts'

/** An expired row goes after this many ms in any case: another tab may have swept it. */
const KEEP_EXPIRED = 2 * SWEEP_INTERVAL

interface Entry {
  readonly key: string
  readonly tier: 'memory' | 'disk'
  readonly createdAt: number
  readonly expiresAt: number
}

interface Row {
  readonly root: HTMLElement
  update(entry: Entry, now: number): void
}

export interface EntriesView {
  /** Shows these fresh entries; `keepExpired` says whether earlier ones that have expired stay listed. */
  render(fresh: readonly Entry[], options: { readonly keepExpired: boolean }): void
  /** Moves the bars and countdowns. */
  tick(now: number): void
}

export async function readEntries(cache: Cache<unknown>): Promise<Entry[]> {
  const keys: string[] = []
  for await (const key of cache.keys()) keys.push(key)
  const found = await Promise.all(
    keys.map(async (key): Promise<Entry | undefined> => {
      const info = await cache.info(key)
      return info && { key, tier: info.tier === 'memory' ? 'memory' : 'disk', createdAt: info.createdAt, expiresAt: info.staleAt }
    }),
  )
  return found.filter((entry) => entry !== undefined)
}

export function createEntriesView(): EntriesView {
  const list = byId('entries', HTMLUListElement)
  const count = byId('entries-count', HTMLElement)
  const empty = byId('entries-empty', HTMLElement)
  const rows = new Map<string, Row>()
  let entries: readonly Entry[] = []

  function tick(now: number): void {
    for (const entry of entries) rows.get(entry.key)?.update(entry, now)
    const fresh = entries.filter((entry) => entry.expiresAt > now).length
    const expired = entries.length - fresh
    count.textContent = expired > 0 ? `${fresh} fresh, ${expired} expired` : entries.length > 0 ? plural(fresh, 'entry', 'entries') : 'none'
  }

  function arrange(): void {
    const wanted = new Set(entries.map((entry) => entry.key))
    for (const [key, row] of rows) {
      if (wanted.has(key)) continue
      row.root.remove()
      rows.delete(key)
    }
    entries.forEach((entry, index) => {
      const row = rows.get(entry.key) ?? createRow(entry)
      rows.set(entry.key, row)
      // Only what is out of place moves: a row that moves loses the focus.
      if (list.children[index] !== row.root) list.insertBefore(row.root, list.children[index] ?? null)
    })
    empty.hidden = entries.length > 0
    list.hidden = entries.length === 0
  }

  return {
    render(fresh, { keepExpired }) {
      const now = Date.now()
      const seen = new Set(fresh.map((entry) => entry.key))
      const isKept = ({ key, expiresAt }: Entry): boolean =>
        keepExpired && !seen.has(key) && expiresAt <= now && expiresAt > now - KEEP_EXPIRED
      const expired = entries.filter(isKept)
      entries = [...expired, ...fresh].sort((a, b) => a.expiresAt - b.expiresAt || (a.key < b.key ? -1 : 1))
      arrange()
      tick(now)
    },
    tick,
  }
}

function createRow({ key }: Entry): Row {
  const tier = el('span', { class: 'entry-tier' })
  const left = el('span', { class: 'entry-left' })
  const link = el('a', { class: 'entry-key', attrs: { href: formatRoute(keyRoute(key)), title: key } }, el('code', { text: key }))
  const bar = el('span', { class: 'entry-bar', attrs: { 'aria-hidden': 'true' } })
  const root = el('li', { class: 'entry' }, tierMark(), link, tier, left, bar)
  return {
    root,
    update(entry, now) {
      const isExpired = entry.expiresAt <= now
      root.dataset['tier'] = entry.tier
      root.classList.toggle('is-expired', isExpired)
      tier.textContent = entry.tier
      left.textContent = isExpired ? 'expired' : formatCountdown(entry.expiresAt - now)
      const share = entry.expiresAt === Infinity ? 1 : (entry.expiresAt - now) / (entry.expiresAt - entry.createdAt)
      bar.style.setProperty('--left', String(Math.min(1, Math.max(0, share))))
    },
  }
}
