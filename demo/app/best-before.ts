// The stamp on an icon's sheet: when its stored answer stops being fresh, and what that means once it has.

import { el } from '../dom.ts'
import { formatCountdown, formatTime } from '../format.ts'
import { onSecond } from '../ticker.ts'
import { clock } from './clock.ts'

export interface BestBefore {
  readonly root: HTMLElement
  /** Epoch ms, Infinity for never, undefined for an entry that is not there. */
  set(expiresAt: number | undefined): void
}

export function createBestBefore(): BestBefore {
  const time = el('span', { class: 'stamp-time', text: '--:--:--' })
  const left = el('span', { class: 'stamp-left', text: '\u00a0' })
  const root = el('p', { class: 'stamp' }, el('span', { class: 'stamp-label', text: 'Best before' }), time, left)
  let expiresAt: number | undefined

  function update(): void {
    if (expiresAt === undefined) return
    const now = clock.now()
    const isOver = expiresAt <= now
    root.classList.toggle('is-over', isOver)
    left.textContent = isOver ? 'past: served while the server is asked' : `${formatCountdown(expiresAt - now)} left`
  }
  onSecond(root, update)

  return {
    root,
    set(value) {
      expiresAt = value
      if (value === undefined) return
      time.textContent = value === Infinity ? 'never' : formatTime(value)
      update()
    },
  }
}
