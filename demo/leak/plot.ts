// One lane's line over time. The drawing stretches to its box; the numbers beside it are text, which does not.

import { svg } from '../svg.ts'
import type { History } from './history.ts'

const WIDTH = 1_000
const HEIGHT = 300

export interface Frame {
  /** Seconds from the left edge to the right one. */
  readonly span: number
  /** Keys from the bottom to the top. */
  readonly top: number
}

export interface Plot {
  draw(history: History, now: { readonly second: number; readonly count: number }, frame: Frame): void
}

/** Draws into an empty `<svg>`, which the page names. */
export function createPlot(root: SVGSVGElement): Plot {
  const marks = svg('path', { class: 'plot-marks' })
  const area = svg('path', { class: 'plot-area' })
  const line = svg('path', { class: 'plot-line' })
  root.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`)
  root.setAttribute('preserveAspectRatio', 'none')
  root.append(marks, area, line)

  return {
    draw(history, now, { span, top }) {
      const x = (second: number): string => ((second / span) * WIDTH).toFixed(1)
      const y = (count: number): string => (HEIGHT - (count / top) * HEIGHT).toFixed(1)
      const points = history.seconds.map((second, index) => `${x(second)} ${y(history.counts[index]!)}`)
      points.push(`${x(now.second)} ${y(now.count)}`)
      line.setAttribute('d', `M${points.join('L')}`)
      area.setAttribute('d', `M0 ${HEIGHT}L${points.join('L')}L${x(now.second)} ${HEIGHT}Z`)
      marks.setAttribute('d', history.marks.map((second) => `M${x(second)} 0V${HEIGHT}`).join(''))
    },
  }
}

const STEPS = [1, 2, 5, 10]

/** The next round number at or above `count`, of 1, 2 and 5 times a power of ten, and at least `least`. */
export function roundUp(count: number, least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(count, least)))
  return STEPS.map((step) => step * power).find((round) => round >= Math.max(count, least))!
}
