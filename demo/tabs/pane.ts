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
const take = createSeat(cache, pane)
const load = createReport(cache, pane, () => wire.post({ type: 'request', pane }))
const wire = openWire((message) => {
  if (message.type === 'take')
    void until(message.at)
      .then(take)
      .then((won) => wire.post({ type: 'tried', at: message.at, pane, won }))
  if (message.type === 'load')
    void until(message.at)
      .then(load)
      .then(() => wire.post({ type: 'loaded', at: message.at, pane }))
})
byId('clear', HTMLButtonElement).addEventListener('click', () => void cache.clear())
document.documentElement.dataset['ready'] = ''
