// Shows where answers came from: the line under the masthead, which screen readers hear, and a short log in which a
// bar on a logarithmic scale makes half a millisecond and half a second comparable.

import { byId, el } from './dom.ts'
import { formatMs } from './format.ts'
import type { Answer, Tier } from './icons-client.ts'

const LENGTH = 5
const SHORTEST_MS = 0.1
const LONGEST_MS = 1000

const TIER_NAMES: Readonly<Record<Tier, string>> = { memory: 'Memory', disk: 'Disk', network: 'Network' }

export interface AnswerLog {
  add(answer: Answer): void
  /** Shows that no tier had an answer. */
  fail(key: string): void
  /** Shows that the network is being asked; screen readers hear of the answer only. */
  setPending(pending: number): void
}

export function createAnswerLog(): AnswerLog {
  const strip = byId('answer', HTMLElement)
  const tier = byId('answer-tier', HTMLElement)
  const ms = byId('answer-ms', HTMLElement)
  const key = byId('answer-key', HTMLElement)
  const list = byId('log', HTMLOListElement)

  function show(kind: Tier | 'none', name: string, time: string, asked: string): void {
    strip.dataset['tier'] = kind
    tier.textContent = name
    ms.textContent = time
    key.textContent = asked
  }

  return {
    add(answer) {
      show(answer.tier, TIER_NAMES[answer.tier], formatMs(answer.ms), answer.key)
      list.prepend(row(answer))
      while (list.children.length > LENGTH) list.lastElementChild?.remove()
    },
    fail: (asked) => show('none', 'No answer', '', asked),
    setPending(pending) {
      strip.classList.toggle('is-pending', pending > 0)
    },
  }
}

function row(answer: Answer): HTMLLIElement {
  return el(
    'li',
    { attrs: { 'data-tier': answer.tier }, vars: { '--length': String(logScale(answer.ms)) } },
    tierMark(),
    el('span', { class: 'log-tier', text: TIER_NAMES[answer.tier] }),
    el('code', { text: answer.key, attrs: { title: answer.key } }),
    el('span', { class: 'log-ms', text: formatMs(answer.ms) }),
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
