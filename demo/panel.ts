// The panel beside the icons: what the cache holds and has done. It reads the cache after every answer, when another tab
// has changed something, and, for background sweeps, every few seconds.

import { createStats, createStatus } from './cache-stats.ts'
import { say } from './controls.ts'
import { byId } from './dom.ts'
import { createEntriesView, readEntries } from './entries.ts'
import type { IconsClient } from './icons-client.ts'
import { onSecond } from './ticker.ts'

const REFRESH_SECONDS = 3

export interface Panel {
  /** Reads the cache again; `isCleared` when expired entries need no longer be listed either. */
  refresh(change?: { readonly isCleared: boolean }): void
}

export function createPanel({ cache }: IconsClient): Panel {
  const entries = createEntriesView()
  const showStatus = createStatus()
  const showStats = createStats()
  let expirationsBefore = 0
  let isCleared = false
  let isStale = false
  let reading: Promise<void> | undefined

  async function read(): Promise<void> {
    while (isStale) {
      isStale = false
      const fresh = await readEntries(cache)
      const stats = cache.stats()
      const { expirations } = cache.status.persistence === 'memory' ? stats.memory : stats.store
      entries.render(fresh, { keepExpired: !isCleared && expirations === expirationsBefore })
      expirationsBefore = expirations
      isCleared = false
      showStats(stats)
      showStatus(cache.status)
    }
  }

  function refresh(change = { isCleared: false }): void {
    isStale = true
    isCleared ||= change.isCleared
    reading ??= read()
      .catch((error: unknown) => say(`The panel could not read the cache: ${String(error)}`))
      .finally(() => (reading = undefined))
  }

  cache.subscribe(({ local }) => {
    if (!local) refresh()
  })
  let seconds = 0
  onSecond(byId('cache', HTMLElement), (now) => {
    entries.tick(now)
    if (++seconds % REFRESH_SECONDS === 0) refresh()
  })
  refresh()
  return { refresh }
}
