// The panel "look inside": what the cache holds, does and tells. All of it comes from the public API (stats, status, info,
// events), from the channel the tabs share, from the browser's own list of locks, and from a count of rows on disk.

import type { CacheError } from '../../src/index.ts'
import { clock } from '../app/clock.ts'
import type { Client } from '../app/client.ts'
import { CACHE_NAME, IMAGES_NAME } from '../app/names.ts'
import { onClick, say } from '../app/controls.ts'
import { byId } from '../dom.ts'
import { onSecond } from '../ticker.ts'
import { burst } from './burst.ts'
import { createCommits } from './commits.ts'
import { createEntriesView } from './entries-view.ts'
import { createEntryReader } from './entry-reader.ts'
import { createFaults } from './faults.ts'
import { createLocks } from './locks.ts'
import { createRatio } from './ratio.ts'
import { countRows } from './rows.ts'
import { createStats, createStatus } from './stats.ts'
import { createTiers } from './tiers.ts'
import { createTimeline } from './timeline.ts'

const REFRESH_SECONDS = 3

export interface Inside {
  /** Reads the cache again. */
  refresh(): void
  /** Looks at what lasts only a moment, such as locks. */
  sample(): void
  addFault(error: CacheError): void
}

export function createInside(client: Client): Inside {
  const { cache } = client
  const reader = createEntryReader(cache)
  const timeline = createTimeline(() => clock.now())
  const entries = createEntriesView()
  const tiers = createTiers()
  const ratio = createRatio()
  const commits = createCommits(cache)
  const locks = createLocks()
  const faults = createFaults()
  const showStatus = createStatus()
  const showStats = createStats()
  let isStale = false
  let reading: Promise<void> | undefined

  function showCounts(): void {
    const stats = cache.stats()
    showStats(stats)
    showStatus(cache.status, client.isDestroyed)
    ratio.add(stats)
  }

  async function read(): Promise<void> {
    while (isStale && !client.isDestroyed) {
      isStale = false
      const [rows, workerRows] = await Promise.all([CACHE_NAME, IMAGES_NAME].map((name) => countRows(name).catch(() => 0)))
      const found = await reader.read()
      tiers.show(cache.stats().memory.size, rows ?? 0, workerRows ?? 0)
      timeline.show(found)
      entries.show(found, clock.now())
    }
  }

  function refresh(): void {
    showCounts()
    isStale = true
    reading ??= read()
      .catch((error: unknown) => void (client.isDestroyed || say(`The panel could not read the cache: ${String(error)}`)))
      .finally(() => (reading = undefined))
  }

  let soon: ReturnType<typeof setTimeout> | undefined
  cache.subscribe(() => {
    if (client.isDestroyed) {
      void countRows(IMAGES_NAME).then(
        (workerRows) => tiers.show(0, 0, workerRows),
        () => {},
      )
      timeline.show([])
      entries.show([], 0)
      showStatus(cache.status, true)
    }
    soon ??= setTimeout(() => {
      soon = undefined
      if (!client.isDestroyed) refresh()
    }, 150)
  })
  let seconds = 0
  onSecond(byId('inside', HTMLElement), () => {
    timeline.tick()
    entries.tick(clock.now())
    if (client.isDestroyed) return
    showCounts()
    locks.sample()
    if (++seconds % REFRESH_SECONDS === 0) refresh()
  })
  onClick('burst', async () => say(await burst(cache).catch(String)))
  refresh()
  return {
    refresh: () => void (client.isDestroyed || refresh()),
    sample: () => locks.sample(),
    addFault(error) {
      faults.add(error)
      commits.settle()
    },
  }
}
