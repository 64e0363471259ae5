// Messages between caches of one name, across tabs and workers, and the page events that concern them. Messages say what changed, and
// contain no values. They are hints that may arrive late, twice or never; the log on disk (store/log.ts) is authoritative.

import { changesIn, type Change } from '../change.ts'
import { weakly } from '../weakly.ts'
import { within } from '../within.ts'

/** What a cache does on messages of others and on page events. */
export interface Peer {
  /** Others changed something. @param ids the numbers of their records in the log */
  onChanges(changes: readonly Change[], ids: readonly number[]): void
  /** Another cache has destroyed the data of the name. */
  onDestroy(): void
  /** The page is being left (`pagehide`): an open handle would keep it out of the back/forward cache. */
  onHide(): void
  /**
   * The page is back, and may have missed messages.
   * @param wasAway whether it was in the back/forward cache, where messages do not reach it
   */
  onShow(wasAway: boolean): void
}

export interface Tabs {
  /** Announces a commit, together with others of the next few ms. @param id the number of its record in the log */
  post(changes: readonly Change[], id?: number): void
  postDestroy(): void
  /** Whether any cache uses a database, as far as others answer: a frozen tab does not. True if nobody can be asked. */
  isUsed(database: string): Promise<boolean>
  close(): void
  /** The handlers of messages and page events. The page and the channel hold them weakly, so the cache has to hold them. */
  readonly held: readonly unknown[]
}

/** ms in which commits are collected into one message: a post costs about 100 µs in Chromium. */
const COLLECTED_FOR = 5
/** ms that others have to answer. */
const ANSWERED_IN = 1_000
const PAGE_EVENTS = ['pagehide', 'pageshow', 'visibilitychange', 'resume']

/**
 * @param name of the cache; its channel reaches every data version
 * @param database changes of other databases are ignored
 * @see https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts
 */
export function joinTabs(name: string, database: string, peer: Peer): Tabs {
  let channel: BroadcastChannel | undefined
  let isAway = false
  let changes: Change[] = []
  let ids: number[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  /** By database asked about: when others last said that they use it. */
  const used = new Map<unknown, number>()

  /** Posts even if the page has gone, so that commits under way then are announced too. */
  const post = (message: object): void => {
    if (isAway) open()
    channel?.postMessage(message)
    if (isAway) close()
  }

  const onMessage = ({ data }: MessageEvent): void => {
    if (data?.destroy === true) peer.onDestroy()
    else if (data?.asked === database) post({ used: database })
    else if (used.has(data?.used)) used.set(data.used, performance.now())
    else if (data?.database === database && Array.isArray(data.ids))
      peer.onChanges(changesIn(data.changes), data.ids.filter(Number.isSafeInteger))
  }

  const open = (): void => {
    if (channel) return
    try {
      channel = new BroadcastChannel(`bestbefore:${name}`)
      channel.onmessage = receive
      // It must not keep a process of Node alive.
      ;(channel as { unref?(): void }).unref?.()
      // Answers a question that was asked just before.
      channel.postMessage({ used: database })
    } catch {
      // An origin without storage has no channel.
    }
  }

  const close = (): void => {
    channel?.close()
    channel = undefined
  }

  const flush = (): void => {
    clearTimeout(timer)
    if (!changes.length) return
    post({ database, changes, ids })
    changes = []
    ids = []
  }

  const leave = (): void => {
    flush()
    close()
  }

  const onPageEvent = ({ type }: { readonly type: string }): void => {
    if (type === 'pagehide') {
      isAway = true
      leave()
      peer.onHide()
    } else if (type === 'visibilitychange' && document.hidden) {
      flush()
    } else {
      open()
      peer.onShow(isAway)
      isAway = false
    }
  }

  const receive = weakly(onMessage)
  const listener = weakly(onPageEvent)
  // In the capture phase, to run before the page's own listeners, which may use the cache.
  for (const type of PAGE_EVENTS) globalThis.addEventListener?.(type, listener, true)
  open()

  return {
    held: [onMessage, onPageEvent],
    post(made, id) {
      const waits = changes.length > 0
      changes = changes.concat(made)
      if (id !== undefined) ids.push(id)
      if (waits) return
      timer = setTimeout(flush, COLLECTED_FOR)
      // In a hidden page timers wait for a second or more.
      if (globalThis.document?.hidden) flush()
    },
    postDestroy: () => post({ destroy: true }),
    async isUsed(asked) {
      const since = performance.now()
      const asking = channel
      if (!used.has(asked)) used.set(asked, 0)
      post({ asked })
      // Waits the whole time: an answer only sets `used`.
      await within(ANSWERED_IN, new Promise(() => {})).catch(() => {})
      return !channel || channel !== asking || used.get(asked)! >= since
    },
    close() {
      for (const type of PAGE_EVENTS) globalThis.removeEventListener?.(type, listener, true)
      leave()
    },
  }
}
