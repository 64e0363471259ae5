// One pane: a tab of its own, with its own cache of the name that all share.

import { createCache } from '../../src/index.ts'
import { byId } from '../dom.ts'
import { CACHE_NAME, openWire, until } from './commands.ts'
import { createEventLog } from './event-log.ts'
import { createReport } from './report.ts'
import { createSeat } from './seat.ts'
import { createShelf } from './shelf.ts'

const pane = new URLSearchParams(location.search).get('as') ?? 'This tab'
const cache = createCache<unknown>({ name: CACHE_NAME, sweepInterval: 5_000 })

document.title = `${pane} · bestbefore demo`
byId('name', HTMLElement).textContent = pane
createEventLog(cache)
createShelf(cache)
const take = createSeat(cache, pane, (won) => wire.post({ type: 'tried', pane, won }))
const load = createReport(cache, pane, {
  onRequest: () => wire.post({ type: 'request', pane }),
  onLoaded: () => wire.post({ type: 'loaded', pane }),
})
const wire = openWire((message) => {
  if (message.type === 'take') void until(message.at).then(take)
  if (message.type === 'load') void until(message.at).then(load)
})
byId('clear', HTMLButtonElement).addEventListener('click', () => void cache.clear())
document.documentElement.dataset['ready'] = ''
