// Shows both lanes: numbers, lines, and the sentence that says what is seen.

import { byId } from '../dom.ts'
import { formatCount } from '../format.ts'
import { History } from './history.ts'
import { createPlot, roundUp, type Frame } from './plot.ts'
import type { countOf } from './runs.ts'

type Count = ReturnType<typeof countOf>

/** The least that the plots show: seconds and keys. */
const LEAST = { span: 20, top: 100 }

export interface View {
  readonly left: LaneView
  readonly right: LaneView
  sentence(text: string): void
  /** Says it to screen readers too. */
  announce(text: string): void
}

export function createView(): View {
  const sentence = byId('sentence', HTMLElement)
  const status = byId('status', HTMLElement)
  return {
    left: createLaneView('left'),
    right: createLaneView('right'),
    sentence: (text) => (sentence.textContent = text),
    announce: (text) => (status.textContent = text),
  }
}

export interface LaneView {
  history: History
  show(count: Count, second: number, frame: Frame): void
}

function createLaneView(side: 'left' | 'right'): LaneView {
  const root = document.querySelector<SVGSVGElement>(`#${side} .plot svg`)
  if (!root) throw new Error(`This page has no plot #${side}`)
  const plot = createPlot(root)
  const put = (name: string, text: string): void => {
    byId(`${side}-${name}`, HTMLElement).textContent = text
  }
  return {
    history: new History(),
    show(count, second, frame) {
      plot.draw(this.history, { second, count: count.held }, frame)
      put('held', formatCount(count.held))
      put('size', formatCount(count.size))
      put('characters', formatCount(count.characters))
      put('top', `${formatCount(frame.top)} keys`)
      put('span', `${formatCount(frame.span)} s`)
      byId(`${side}-key`, HTMLElement).hidden = this.history.marks.length === 0
    },
  }
}

/** Both lanes are drawn to one scale. */
export function frameFor(second: number, ...histories: readonly History[]): Frame {
  const most = Math.max(...histories.flatMap(({ counts }) => counts), 0)
  return { span: roundUp(second, LEAST.span), top: roundUp(most, LEAST.top) }
}
