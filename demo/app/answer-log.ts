// Shows where answers came from: the line under the masthead, which screen readers hear, and a short log in which a
// bar on a logarithmic scale makes half a millisecond and half a second comparable.

import { byId, el } from '../dom.ts'
import { formatMs } from '../format.ts'
import type { Answer } from './client.ts'
import { SOURCE_NAMES, type Origin } from './source.ts'

const LENGTH = 6
const SHORTEST_MS = 0.1
const LONGEST_MS = 10_000

export interface AnswerLog {
  add(answer: Answer): void
  /** Shows that nobody had an answer. */
  fail(path: string): void
  /** Shows that the network is being asked; screen readers hear of the answer only. */
  setPending(pending: number): void
  clear(): void
}

export function createAnswerLog(): AnswerLog {
  const strip = byId('answer', HTMLElement)
  const source = byId('answer-source', HTMLElement)
  const ms = byId('answer-ms', HTMLElement)
  const path = byId('answer-path', HTMLElement)
  const reason = byId('answer-reason', HTMLElement)
  const list = byId('log', HTMLOListElement)

  function show(kind: Origin['source'] | 'none', name: string, time: string, asked: string, why = ''): void {
    strip.dataset['tier'] = kind
    source.textContent = name
    ms.textContent = time
    path.textContent = asked
    reason.textContent = why
  }

  return {
    add(answer) {
      show(answer.source, SOURCE_NAMES[answer.source], formatMs(answer.ms), answer.path, answer.reason)
      list.prepend(row(answer))
      while (list.children.length > LENGTH) list.lastElementChild?.remove()
    },
    fail: (asked) => show('none', 'No answer', '', asked),
    setPending(pending) {
      strip.classList.toggle('is-pending', pending > 0)
    },
    clear() {
      show('none', 'No answer yet', '', '')
      delete strip.dataset['tier']
      list.replaceChildren()
    },
  }
}

function row({ source, reason, path, ms }: Answer): HTMLLIElement {
  return el(
    'li',
    { attrs: { 'data-tier': source }, vars: { '--length': String(logScale(ms)) } },
    tierMark(),
    el('span', { class: 'log-tier', text: SOURCE_NAMES[source] }),
    el('code', { text: path, attrs: { title: path } }),
    el('span', { class: 'log-reason', text: reason }),
    el('span', { class: 'log-ms', text: formatMs(ms) }),
    el('span', { class: 'log-bar', attrs: { 'aria-hidden': 'true' } }),
  )
}

/** The fuller the mark, the nearer the tier: its colour is set by the nearest `data-tier`. */
export function tierMark(): HTMLSpanElement {
  return el('span', { class: 'tier-mark', attrs: { 'aria-hidden': 'true' } })
}

function logScale(ms: number): number {
  const clamped = Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS)
  return Math.max(0.02, Math.log(clamped / SHORTEST_MS) / Math.log(LONGEST_MS / SHORTEST_MS))
}
