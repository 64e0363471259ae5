// The stamp on an icon's sheet: when its stored answer stops being fresh, and what that means once it has.

import { el } from '../dom.ts'
import { formatCountdown, formatTime } from '../format.ts'
import { STALE_WHILE_REVALIDATE } from '../server/protocol.ts'
import { onSecond } from '../ticker.ts'
import { clock } from './clock.ts'

const NO_TIME = '--:--:--'

export interface BestBefore {
  readonly root: HTMLElement
  /** Epoch ms, Infinity for never, undefined for an entry that is not there. */
  set(staleAt: number | undefined): void
}

export function createBestBefore(): BestBefore {
  const time = el('span', { class: 'stamp-time', text: NO_TIME })
  const left = el('span', { class: 'stamp-left', text: '\u00a0' })
  const root = el('p', { class: 'stamp' }, el('span', { class: 'stamp-label', text: 'Best before' }), time, left)
  let staleAt: number | undefined

  function update(): void {
    if (staleAt === undefined) return
    const ms = staleAt - clock.now()
    root.classList.toggle('is-over', ms <= 0)
    left.textContent = describe(ms)
  }
  onSecond(root, update)

  return {
    root,
    set(value) {
      staleAt = value
      time.textContent = value === undefined ? NO_TIME : value === Infinity ? 'never' : formatTime(value)
      root.classList.remove('is-over')
      left.textContent = 'not stored'
      update()
    },
  }
}

/** @param ms until the date; below 0, since it */
function describe(ms: number): string {
  if (ms > 0) return `${formatCountdown(ms)} left`
  const more = ms + STALE_WHILE_REVALIDATE * 1_000
  return more > 0 ? `past: ${formatCountdown(more)} more, while the server is asked` : 'past: stands in if the server fails'
}
