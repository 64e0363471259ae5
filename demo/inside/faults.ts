// What the cache told of storage: each fault, what it means and what was done about it.

import type { CacheError } from '../../src/index.ts'
import { clock } from '../app/clock.ts'
import { byId, el } from '../dom.ts'
import { formatTime, plural } from '../format.ts'

export interface Faults {
  add(error: CacheError): void
}

const SHOWN = 5

const ACTIONS: Readonly<Record<string, string>> = {
  memory: 'memory alone serves',
  retried: 'tried again',
  'made-room': 'made room, tried again',
  refused: 'this entry stays in memory',
  removed: 'the entry was removed',
}

export function createFaults(): Faults {
  const list = byId('faults', HTMLOListElement)
  list.append(el('li', { class: 'none', text: 'None so far.' }))
  return {
    add({ code, fault, count }) {
      list.querySelector('.none')?.remove()
      const what = fault ? `${fault.class} at ${fault.phase}: ${ACTIONS[fault.action] ?? fault.action}` : plural(count, 'call', 'calls')
      list.prepend(el('li', {}, el('code', { text: code }), el('span', { text: what }), el('time', { text: formatTime(clock.now()) })))
      while (list.children.length > SHOWN) list.lastElementChild?.remove()
    },
  }
}
