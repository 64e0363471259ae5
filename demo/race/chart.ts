// A bar chart as a table: a row for each library, its bar as long as its ratio.

import { el } from '../dom.ts'
import { formatMs } from '../format.ts'
import { NAMES } from './contestant.ts'
import { formatRatio, type Result } from './results.ts'
import type { Task } from './tasks.ts'

export interface Chart {
  readonly root: HTMLElement
  show(results: readonly Result[]): void
}

export function createChart(task: Task): Chart {
  const rows = new Map(NAMES.map((name) => [name, createRow(name)]))
  const head = el(
    'tr',
    {},
    ...['Library', 'Bar', 'Times bestbefore', 'Time'].map((text) =>
      el('th', { attrs: { scope: 'col' } }, el('span', { class: 'visually-hidden', text })),
    ),
  )
  const body = el('tbody', {}, ...[...rows.values()].map(({ root }) => root))
  return {
    root: el(
      'div',
      { class: 'chart-box' },
      el('table', { class: 'chart' }, el('caption', { text: task.title }), el('thead', {}, head), body),
    ),
    show(results) {
      const most = Math.max(...results.map(({ ratio }) => ratio))
      for (const [name, row] of rows)
        row.show(
          results.find((result) => result.name === name),
          most,
        )
    },
  }
}

function createRow(name: string) {
  const bar = el('span', { class: 'chart-bar', attrs: { 'aria-hidden': 'true' } })
  const ratio = el('td', { class: 'chart-ratio', text: '–' })
  const ms = el('td', { class: 'chart-ms' })
  const root = el(
    'tr',
    { attrs: { 'data-name': name } },
    el('th', { text: name, attrs: { scope: 'row' } }),
    el('td', { class: 'chart-cell' }, bar),
    ratio,
    ms,
  )
  return {
    root,
    show(result: Result | undefined, most: number) {
      bar.style.setProperty('--length', String(result ? result.ratio / most : 0))
      ratio.textContent = result ? `${formatRatio(result.ratio)}×` : '–'
      ms.textContent = result ? formatMs(result.ms) : ''
    },
  }
}
