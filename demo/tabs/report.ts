// A report that takes the server 1.5 s: however many panes ask, one asks the server, and the others read what it got.

import type { Cache } from '../../src/index.ts'
import { byId } from '../dom.ts'
import { formatMs } from '../format.ts'
import { onSecond } from '../ticker.ts'
import { REPORT } from './commands.ts'

const SERVER_MS = 1_500
/** ms that a report is fresh. */
const TTL = 30_000

interface Report {
  readonly loadedBy: string
}

/**
 * @param onRequest told when the server is asked
 * @returns loads the report
 */
export function createReport(cache: Cache<unknown>, pane: string, onRequest: () => void): () => Promise<void> {
  const state = byId('report-state', HTMLElement)

  const loader = async (): Promise<Report> => {
    onRequest()
    state.textContent = 'Asking the server'
    await new Promise((resolve) => setTimeout(resolve, SERVER_MS))
    return { loadedBy: pane }
  }

  async function load(): Promise<void> {
    state.textContent = 'Waiting for the pane that loads it'
    state.dataset['busy'] = ''
    const start = performance.now()
    const { loadedBy } = (await cache.getOrLoad(REPORT, loader, { ttl: TTL })) as Report
    delete state.dataset['busy']
    state.textContent = `Loaded ${loadedBy === pane ? 'here' : `by ${loadedBy}`}, answered in ${formatMs(performance.now() - start)}`
  }

  byId('load', HTMLButtonElement).addEventListener('click', () => void load())
  cache.subscribe(REPORT, ({ type }) => {
    if (type !== 'set') state.textContent = 'Not loaded'
  })
  // Of its end only those are told that had it in memory.
  onSecond(state, async () => {
    if (state.dataset['busy'] === undefined && (await cache.expiresAt(REPORT)) === undefined && state.dataset['busy'] === undefined)
      state.textContent = 'Not loaded'
  })
  return load
}
