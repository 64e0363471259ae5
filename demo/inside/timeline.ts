// Entries as dots on their way to the end: to the right of the line they are fresh, on a logarithmic scale from a second to a
// day; on its left they are past their date. A dot moves by its transform alone, which browsers do off the main thread.

import { byId, el } from '../dom.ts'
import { plural } from '../format.ts'
import type { SeenEntry } from './entry-reader.ts'

export interface Timeline {
  show(entries: readonly SeenEntry[], now: number): void
  /** Moves the dots. */
  tick(now: number): void
}

/** Where the present is, in hundredths of the width. */
const NOW_AT = 24
const DAY = 86_400_000
const MARKS = [[1_000, '1 s'], [10_000, '10 s'], [60_000, '1 min'], [600_000, '10 min'], [3_600_000, '1 h'], [DAY, '1 day']] as const
/** ms for which a dot that is removed is seen to go. */
const GOING = 400

export function createTimeline(): Timeline {
  const root = byId('timeline', HTMLElement)
  const note = byId('timeline-note', HTMLElement)
  const dots = new Map<string, HTMLElement>()
  let shown: readonly SeenEntry[] = []
  root.append(el('div', { class: 'timeline-now', vars: { '--x': String(NOW_AT) } }, el('span', { text: 'now' })))
  for (const [ms, text] of MARKS) root.append(el('div', { class: 'timeline-mark', vars: { '--x': String(placeOf(ms)) } }, el('span', { text })))

  function tick(now: number): void {
    let fresh = 0
    let expired = 0
    for (const entry of shown) {
      const dot = dots.get(entry.key)
      if (!dot) continue
      const state = entry.state === 'expired' || entry.expiresAt <= now ? 'expired' : entry.staleAt <= now ? 'stale' : entry.state
      if (state === 'expired') expired++
      else if (state !== 'stale') fresh++
      if (dot.dataset['tier'] !== state) dot.dataset['tier'] = state
      dot.style.setProperty('--x', placeOf(entry.staleAt - now).toFixed(2))
    }
    const stale = shown.length - fresh - expired
    note.textContent = shown.length === 0 ? 'no entries' : [plural(fresh, 'fresh', 'fresh'), stale && `${stale} stale`, expired && `${expired} expired`].filter(Boolean).join(', ')
  }

  return {
    show(entries, now) {
      shown = entries
      const keys = new Set(entries.map(({ key }) => key))
      for (const [key, dot] of dots) {
        if (keys.has(key)) continue
        dots.delete(key)
        dot.classList.add('is-going')
        setTimeout(() => dot.remove(), GOING)
      }
      const added = entries.filter(({ key }) => !dots.has(key)).map(({ key, staleAt }) => {
        const dot = el('i', { vars: { '--x': placeOf(staleAt - now).toFixed(2), '--y': String(laneOf(key)) } })
        dots.set(key, dot)
        return dot
      })
      root.append(...added)
      tick(now)
    },
    tick,
  }
}

/** In hundredths of the width. @param left ms until the end; below 0, since it */
function placeOf(left: number): number {
  const share = Math.min(1, Math.log1p(Math.abs(left) / 1_000) / Math.log1p(DAY / 1_000))
  return left >= 0 ? NOW_AT + share * (98 - NOW_AT) : NOW_AT - share * (NOW_AT - 2)
}

/** A height, in hundredths: the same for a key each time. */
function laneOf(key: string): number {
  let hash = 0
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0
  return 6 + (Math.imul(hash, 0x9e3779b1) >>> 0) % 84
}
