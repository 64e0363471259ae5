// The write queue, as far as it shows from outside: a change is waiting from its event until a commit is told on the channel
// that all tabs share. A bar is one message, as high as it tells changes.

import type { HttpEntry } from '../../src/http/index.ts'
import type { Cache, CacheEvent } from '../../src/index.ts'
import { clock } from '../app/clock.ts'
import { CACHE_NAME, nameOfKey } from '../app/names.ts'
import { byId, el } from '../dom.ts'
import { formatTime, plural } from '../format.ts'

export interface Commits {
  /** Looks again at what waits. */
  settle(): void
}

interface Told {
  readonly type: string
  readonly key?: string
  readonly prefix?: string
  readonly tag?: string
}

/** What caches tell each other; read here, never sent. */
interface Message {
  readonly changes?: readonly Told[]
  readonly ids?: readonly number[]
  readonly destroy?: boolean
}

const BARS = 48
const MESSAGES = 5
/** Changes that are waited for; beyond them nobody counts. */
const MOST = 10_000

export function createCommits(cache: Cache<HttpEntry>): Commits {
  const bars = byId('commits', HTMLElement)
  const note = byId('commits-note', HTMLElement)
  const queue = byId('queue', HTMLElement)
  const messages = byId('messages', HTMLOListElement)
  const waiting = new Set<string>()
  let commits = 0
  let writes = 0

  const settle = (): void => {
    const { persistence } = cache.status
    queue.textContent =
      persistence === 'memory'
        ? 'Memory alone: nothing is written.'
        : waiting.size > 0
          ? `${plural(waiting.size, 'change waits', 'changes wait')} for the disk.`
          : 'Nothing waits to be written.'
  }

  const onEvent = (event: CacheEvent): void => {
    if (event.type === 'destroy') waiting.clear()
    else if (event.local && event.type !== 'status' && event.type !== 'expire' && waiting.size < MOST) waiting.add(nameOf(event))
    settle()
  }

  const onMessage = ({ changes = [], ids = [], destroy }: Message): void => {
    const isOwn = changes.some((change) => waiting.has(nameOf(change)))
    for (const change of changes) waiting.delete(nameOf(change))
    settle()
    if (!destroy && changes.length === 0) return
    // What memory alone has is told too.
    if (ids.length > 0) {
      commits += ids.length
      writes += changes.length
      note.textContent = `${plural(writes, 'change', 'changes')} in ${plural(commits, 'commit', 'commits')}`
    }
    bars.append(
      el('i', { class: isOwn ? 'is-own' : '', vars: { '--share': String(Math.min(1, Math.log1p(changes.length) / Math.log1p(300))) } }),
    )
    while (bars.children.length > BARS) bars.firstElementChild?.remove()
    messages.prepend(row(destroy ? 'destroyed' : describe(changes), isOwn ? 'this tab' : 'another'))
    while (messages.children.length > MESSAGES) messages.lastElementChild?.remove()
  }

  cache.subscribe(onEvent)
  listen(onMessage)
  return { settle }
}

/** An open channel would keep the page out of the back/forward cache. */
function listen(onMessage: (message: Message) => void): void {
  let channel: BroadcastChannel | undefined
  const open = (): void => {
    channel ??= new BroadcastChannel(`bestbefore:${CACHE_NAME}`)
    channel.onmessage = ({ data }) => onMessage(data)
  }
  addEventListener('pagehide', () => {
    channel?.close()
    channel = undefined
  })
  addEventListener('pageshow', open)
  open()
}

function row(what: string, who: string): HTMLLIElement {
  return el(
    'li',
    {},
    el('code', { text: what, attrs: { title: what } }),
    el('span', { text: who }),
    el('time', { text: formatTime(clock.now()) }),
  )
}

/** Of a change: that of a key is the same whatever it was. */
function nameOf({ type, key, prefix, tag }: Told): string {
  return key === undefined ? `${type} ${prefix ?? tag}` : `key ${key}`
}

function describe(changes: readonly Told[]): string {
  const [{ type, key, prefix, tag } = { type: '' }] = changes
  const whole = key ?? prefix ?? tag ?? ''
  const name = key === undefined ? whole.replaceAll('\0', ' ').trim() : nameOfKey(key).path.replace(/^api\//, '')
  return `${type} ${name}${changes.length > 1 ? ` and ${changes.length - 1} more` : ''}`
}
