// "Break it": what the visitor lets go wrong, and what the cache made of it. The server misbehaves because it is told to; storage
// is broken by the browser's own means, or, as no page can fill a disk, by refusing every put of this page.

import type { Answer, Client } from '../app/client.ts'
import { clock } from '../app/clock.ts'
import { DESTROYED, onClick } from '../app/controls.ts'
import { CACHE_NAME } from '../app/names.ts'
import { SOURCE_NAMES } from '../app/source.ts'
import { byId } from '../dom.ts'
import { plural } from '../format.ts'
import { countRows, databasesOf } from '../inside/rows.ts'
import type { Orders } from '../server/protocol.ts'
import { refusePuts } from './disk.ts'

export interface Faults {
  /** What the server is told. */
  orders(): Orders
  /** Tells what became of a request while something is broken. */
  onAnswer(answer: Answer): void
}

const SERVERS: Readonly<Record<string, { readonly orders: Orders; readonly verdict: string }>> = {
  well: { orders: {}, verdict: 'The server is well.' },
  slow: {
    orders: { delay: 6_000 },
    verdict: 'Answers take 6 seconds. What is stored answers at once, or after 2.5 seconds when it is long past its date.',
  },
  failing: { orders: { status: 503 }, verdict: 'The server answers 503. What is stored stands in for it.' },
  offline: { orders: { offline: 1 }, verdict: 'Connections break. What is stored stands in; stopping the server does the same.' },
}

/** @param onChange called when what the cache has to cope with is another */
export function connectFaults(client: () => Client, onChange: () => void): Faults {
  const verdict = byId('verdict', HTMLElement)
  const tell = (text: string): void => {
    verdict.textContent = client().isDestroyed ? DESTROYED : text
    onChange()
  }
  let server = 'well'

  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="server"]')) {
    radio.checked = radio.value === server
    radio.addEventListener('change', () => {
      server = radio.value
      tell(SERVERS[server]?.verdict ?? '')
    })
  }
  connectClock(client, tell)
  connectDisk(tell)
  onClick('delete-database', async () => tell(await deleteDatabases().catch(String)))
  onClick('destroy', async () => {
    const failed = client().isDestroyed ? DESTROYED : await client().cache.destroy().catch(String)
    verdict.textContent =
      failed ??
      `Destroyed, in all tabs: ${plural((await databasesOf(CACHE_NAME)).length, 'database', 'databases')} left. Reload the page to begin again.`
  })

  return {
    orders: () => ({ ...SERVERS[server]?.orders, ...(clock.offset !== 0 && { clock: clock.offset }) }),
    onAnswer({ source, reason }) {
      if (server !== 'well') tell(`The server is ${server}. Answered from: ${SOURCE_NAMES[source]}${reason && `, ${reason}`}.`)
    },
  }
}

function connectClock(client: () => Client, tell: (text: string) => void): void {
  const output = byId('clock-offset', HTMLOutputElement)
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-step]')) {
    button.addEventListener('click', async () => {
      const step = Number(button.dataset['step'])
      const { cache } = client()
      const before = cache.stats().memory.size
      clock.offset = step === 0 ? 0 : clock.offset + step
      output.textContent = clock.offset === 0 ? 'right' : `${formatOffset(Math.abs(clock.offset))} ${clock.offset > 0 ? 'ahead' : 'behind'}`
      const swept = await cache.sweep().catch(() => 0)
      const left = cache.stats().memory.size
      tell(
        `Memory had ${plural(before, 'entry', 'entries')}, now ${left}; ${plural(swept, 'key', 'keys')} expired. Whatever lies past its date is asked for again.`,
      )
    })
  }
}

/** To the minute, unlike a duration in words. */
function formatOffset(ms: number): string {
  const [hours, minutes] = [Math.floor(ms / 3_600_000), (ms % 3_600_000) / 60_000]
  return [hours > 0 && plural(hours, 'hour', 'hours'), minutes > 0 && plural(minutes, 'minute', 'minutes')].filter(Boolean).join(' ')
}

function connectDisk(tell: (text: string) => void): void {
  const full = byId('quota', HTMLInputElement)
  let allow: (() => void) | undefined
  full.checked = false
  full.addEventListener('change', () => {
    allow?.()
    allow = full.checked ? refusePuts(CACHE_NAME) : undefined
    tell(
      full.checked
        ? 'The disk is full. Memory takes what is new; deletions still reach the disk.'
        : 'There is space again: within a minute the cache tries, and writes what is new.',
    )
  })
}

async function deleteDatabases(): Promise<string> {
  const before = await countRows(CACHE_NAME)
  for (const name of await databasesOf(CACHE_NAME)) {
    await new Promise((resolve, reject) => {
      const deleting = indexedDB.deleteDatabase(name)
      deleting.onsuccess = resolve
      deleting.onerror = () => reject(deleting.error)
    })
  }
  return `The database is gone, with ${plural(before, 'row', 'rows')}. What memory held went with it, and the cache makes a new one at its next read.`
}
