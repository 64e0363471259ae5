// One seat for all panes: `add` tells each who took it, and says yes to one.

import type { Cache } from '../../src/index.ts'
import { byId } from '../dom.ts'
import { formatCountdown } from '../format.ts'
import { onSecond } from '../ticker.ts'
import { SEAT, SEAT_TTL } from './commands.ts'

/** @returns takes the seat; true when this pane got it */
export function createSeat(cache: Cache<unknown>, pane: string): () => Promise<boolean> {
  const holder = byId('seat-holder', HTMLElement)
  const result = byId('seat-result', HTMLElement)

  async function show(): Promise<void> {
    const [held, expiresAt] = await Promise.all([cache.get(SEAT), cache.expiresAt(SEAT)])
    const isFree = held === undefined || expiresAt === undefined
    holder.textContent = isFree
      ? 'Free'
      : `${held === pane ? 'Taken here' : `Taken by ${held}`}, ${formatCountdown(expiresAt - Date.now())} left`
    holder.dataset['holder'] = isFree ? 'none' : held === pane ? 'self' : 'other'
    if (isFree) result.textContent = ''
  }

  async function take(): Promise<boolean> {
    const won = await cache.add(SEAT, pane, { ttl: SEAT_TTL })
    await show()
    result.textContent = won ? 'add() gave true' : 'add() gave false'
    return won
  }

  byId('take', HTMLButtonElement).addEventListener('click', () => void take())
  cache.subscribe(SEAT, () => void show())
  onSecond(holder, () => void show())
  void show()
  return take
}
