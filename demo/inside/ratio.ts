// The hit ratio over the last two minutes: of all reads so far, the share that memory answered, and above it the disk's.

import type { CacheStats } from '../../src/index.ts'
import { byId } from '../dom.ts'

export interface Ratio {
  /** Once a second. */
  add(stats: CacheStats): void
}

const SECONDS = 120
const SVG = 'http://www.w3.org/2000/svg'

export function createRatio(): Ratio {
  const root = byId('ratio', HTMLElement)
  const note = byId('ratio-note', HTMLElement)
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${SECONDS - 1} 100`)
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.setAttribute('role', 'img')
  const total = document.createElementNS(SVG, 'path')
  const memory = document.createElementNS(SVG, 'path')
  total.classList.add('plot-disk')
  memory.classList.add('plot-memory')
  svg.append(total, memory)
  root.append(svg)
  const points: { readonly memory: number; readonly total: number }[] = []
  let last = 0

  return {
    add({ memory: first, store }) {
      const reads = first.hits + first.misses
      const point = reads === 0 ? { memory: 0, total: 0 } : { memory: first.hits / reads, total: (first.hits + store.hits) / reads }
      // More often only when the panel is refreshed.
      const now = performance.now()
      if (now - last < 900 && points.length > 0) points[points.length - 1] = point
      else {
        points.push(point)
        last = now
      }
      if (points.length > SECONDS) points.shift()
      total.setAttribute('d', area(points.map((each) => each.total)))
      memory.setAttribute('d', area(points.map((each) => each.memory)))
      const text = reads === 0 ? 'no reads yet' : `${percent(point.memory)} memory, ${percent(point.total - point.memory)} disk`
      note.textContent = text
      svg.setAttribute('aria-label', `Hit ratio: ${text}`)
    },
  }
}

/** Grows from the right edge, where now is. */
function area(shares: readonly number[]): string {
  const from = SECONDS - shares.length
  const line = shares.map((share, index) => `L${from + index} ${(100 - share * 100).toFixed(1)}`).join('')
  return `M${from} 100${line}L${SECONDS - 1} 100Z`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
