// Both tiers as bars: how full each is; and beside them what the service worker keeps.

import { MAX_ENTRIES, MAX_STORED_ENTRIES } from '../app/client.ts'
import { byId, el } from '../dom.ts'
import { formatCount } from '../format.ts'

/** The library's default. */
const MOST_OF_WORKER = 10_000

export interface Tiers {
  /**
   * @param rows on disk, stale and expired ones too
   * @param workerRows of the service worker's cache
   */
  show(inMemory: number, rows: number, workerRows: number): void
}

export function createTiers(): Tiers {
  const root = byId('tiers', HTMLElement)
  const memory = createMeter('Memory', 'entries', MAX_ENTRIES)
  const disk = createMeter('Disk', 'rows', MAX_STORED_ENTRIES)
  const worker = createMeter('Service worker’s cache', 'rows', MOST_OF_WORKER)
  root.append(memory.root, disk.root, worker.root)
  return {
    show(inMemory, rows, workerRows) {
      memory.show(inMemory)
      disk.show(rows)
      worker.show(workerRows)
    },
  }
}

function createMeter(name: string, what: string, most: number) {
  const count = el('span', { class: 'meter-count' })
  const bar = el('div', {
    class: 'meter',
    attrs: { role: 'meter', 'aria-label': name, 'aria-valuemin': '0', 'aria-valuemax': String(most) },
  })
  return {
    root: el('div', { class: 'meter-row' }, el('span', { text: name }), count, bar),
    show(value: number): void {
      count.textContent = `${formatCount(value)} of ${formatCount(most)} ${what}`
      bar.setAttribute('aria-valuenow', String(Math.min(value, most)))
      bar.style.setProperty('--share', String(Math.min(1, value / most)))
    },
  }
}
