// What `cache.subscribe` tells, the latest at the end, which stays in sight: the fuller mark is this pane's own doing.

import type { Cache, CacheEvent } from '../../src/index.ts'
import { byId, el } from '../dom.ts'

const LENGTH = 40

export function createEventLog(cache: Cache<unknown>): void {
  const list = byId('events', HTMLOListElement)
  cache.subscribe((event) => {
    const where = event.local ? 'local' : 'remote'
    list.append(
      el(
        'li',
        { attrs: { 'data-where': where } },
        el('span', { class: 'event-mark', attrs: { 'aria-hidden': 'true' } }),
        el('span', { class: 'event-where', text: where }),
        el('span', { text: event.type }),
        el('code', { text: nameIn(event) }),
      ),
    )
    while (list.children.length > LENGTH) list.firstElementChild?.remove()
    list.scrollTop = list.scrollHeight
  })
}

/** What an event is about. */
function nameIn(event: CacheEvent): string {
  if ('key' in event) return event.key
  if ('prefix' in event) return event.prefix === '' ? 'everything' : event.prefix
  if ('tag' in event) return event.tag
  return event.type === 'status' ? event.status.persistence : ''
}
