// Entries as dots on their way to the end: to the right of the line they are fresh, on a logarithmic scale from a second to a
// day; on its left they are past their date.

import { byId, el } from '../dom.ts'
import { plural } from '../format.ts'
import { createDots, type Dot, type DotState } from './dots.ts'
import type { SeenEntry } from './entry-reader.ts'

export interface Timeline {
  show(entries: readonly SeenEntry[]): void
  /** Counts again, as time has passed. */
  tick(): void
}

/** Where the present is, as a share of the width, and how far dots keep from the edges. */
const NOW_AT = 0.24
const EDGE = 0.02
const DAY = 86_400_000
const MARKS = [
  [1_000, '1 s'],
  [10_000, '10 s'],
  [60_000, '1 min'],
  [600_000, '10 min'],
  [3_600_000, '1 h'],
  [DAY, '1 day'],
] as const

/** @param now the cache's time, epoch ms */
export function createTimeline(now: () => number): Timeline {
  const root = byId('timeline', HTMLElement)
  const note = byId('timeline-note', HTMLElement)
  root.append(el('div', { class: 'timeline-now', vars: { '--x': String(NOW_AT) } }, el('span', { text: 'now' })))
  for (const [ms, text] of MARKS)
    root.append(el('div', { class: 'timeline-mark', vars: { '--x': String(placeOf(ms)) } }, el('span', { text })))
  const dots = createDots(root, (entry: SeenEntry): Dot => {
    const time = now()
    return { x: placeOf(entry.staleAt - time), y: laneOf(entry.key), state: stateAt(entry, time) }
  })
  let shown: readonly SeenEntry[] = []

  function tick(): void {
    const time = now()
    const states = shown.map((entry) => stateAt(entry, time))
    const count = (...of: readonly DotState[]): number => states.filter((state) => of.includes(state)).length
    const fresh = plural(count('memory', 'disk'), 'fresh', 'fresh')
    const [stale, expired] = [count('stale'), count('expired')]
    note.textContent =
      states.length === 0 ? 'no entries' : [fresh, stale && `${stale} stale`, expired && `${expired} expired`].filter(Boolean).join(', ')
    dots.tick()
  }

  return {
    show(entries) {
      shown = entries
      dots.show(new Map(entries.map((entry) => [entry.key, entry])))
      tick()
    },
    tick,
  }
}

function stateAt({ state, staleAt, expiresAt }: SeenEntry, now: number): DotState {
  if (state === 'expired' || expiresAt <= now) return 'expired'
  return staleAt <= now ? 'stale' : state
}

/** As a share of the width. @param left ms until the end; below 0, since it */
function placeOf(left: number): number {
  const share = Math.min(1, Math.log1p(Math.abs(left) / 1_000) / Math.log1p(DAY / 1_000))
  return left >= 0 ? NOW_AT + share * (1 - EDGE - NOW_AT) : NOW_AT - share * (NOW_AT - EDGE)
}

/** A height, as a share: the same for a key each time. */
function laneOf(key: string): number {
  let hash = 0
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0
  return 0.06 + ((Math.imul(hash, 0x9e3779b1) >>> 0) % 84) / 100
}
