// What the cache says of itself: where it keeps its entries, and its counts per tier since this page opened.

import type { CacheStats, CacheStatus } from '../../src/index.ts'
import { byId, el } from '../dom.ts'
import { formatCount } from '../format.ts'

export function createStatus(): (status: CacheStatus, isClosed: boolean) => void {
  const root = byId('status', HTMLElement)
  const text = byId('status-text', HTMLElement)
  return ({ persistence, reason, fault }, isClosed) => {
    root.dataset['persistence'] = isClosed || reason ? 'memory' : persistence
    const name = persistence === 'memory' ? 'Memory only' : 'Stored in IndexedDB'
    const shown = isClosed ? 'Destroyed: nothing is cached' : reason ? `${name}: ${fault?.class ?? reason}` : name
    if (text.textContent !== shown) text.textContent = shown
    root.title = reason ?? ''
  }
}

const COUNTS = ['hits', 'misses', 'stale', 'writes', 'evictions', 'expirations', 'errors'] as const

export function createStats(): (stats: CacheStats) => void {
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
