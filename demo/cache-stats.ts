// What the cache says of itself: where it keeps its entries, and its counts per tier since this page opened.

import { byId, el } from './dom.ts'
import { formatCount } from './format.ts'
import type { IconsClient } from './icons-client.ts'

export function createStatus(): (status: IconsClient['cache']['status']) => void {
  const root = byId('status', HTMLElement)
  const text = byId('status-text', HTMLElement)
  return ({ persistence, reason }) => {
    root.dataset['persistence'] = persistence
    const shown = persistence === 'memory' ? `Memory only${reason ? `: ${reason}` : ''}` : 'Stored in IndexedDB'
    if (text.textContent !== shown) text.textContent = shown
  }
}

const COUNTS = ['hits', 'misses', 'writes', 'evictions', 'expirations', 'errors'] as const

export function createStats(): (stats: ReturnType<IconsClient['cache']['stats']>) => void {
  const rows = COUNTS.map((name) => {
    const memory = el('td', { text: '0' })
    const store = el('td', { text: '0' })
    byId('stats', HTMLTableSectionElement).append(el('tr', {}, el('th', { text: name, attrs: { scope: 'row' } }), memory, store))
    return { name, memory, store }
  })
  return (stats) => {
    for (const { name, memory, store } of rows) {
      memory.textContent = formatCount(stats.memory[name])
      store.textContent = formatCount(stats.store[name])
    }
  }
}
