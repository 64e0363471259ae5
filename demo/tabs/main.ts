// Two panes side by side, and the buttons that press theirs at once, in all windows that are open.

import { createCache } from '../../src/index.ts'
import { byId, el } from '../dom.ts'
import { plural } from '../format.ts'
import { CACHE_NAME, openWire, REPORT, SEAT, until, type Message } from './commands.ts'

/** ms in which every pane has heard what it is to do. */
const NOTICE_MS = 150

const cache = createCache<unknown>({ name: CACHE_NAME })
const seat = byId('seat-said', HTMLElement)
const load = byId('load-said', HTMLElement)
const requests = byId('requests', HTMLElement)
let winners: string[] = []
let losers: string[] = []
let asked = 0
let loaded = 0
/** Ends when the panes have done the last thing that they were told. */
let telling: Promise<unknown> = Promise.resolve()
/** When the panes were last told to take the seat, and to load. */
const rounds = { take: 0, load: 0 }

/** The least number that no open window has, from `number` on: each holds a lock for as long as it is open. */
async function takeNumber(number = 1): Promise<number> {
  const isTaken = await new Promise<boolean>((resolve, reject) => {
    const hold = (lock: Lock | null): Promise<never> | null => {
      resolve(lock === null)
      return lock && new Promise(() => {})
    }
    navigator.locks.request(`${CACHE_NAME} window ${number}`, { ifAvailable: true }, hold).catch(reject)
  })
  return isTaken ? takeNumber(number + 1) : number
}

// Without locks all are the first.
void takeNumber()
  .catch(() => 1)
  .then((number) => {
    for (const side of ['Left', 'Right']) {
      const name = number > 1 ? `${side} of window ${number}` : side
      byId('panes', HTMLElement).append(
        el('iframe', { class: 'pane', attrs: { title: `${name} pane`, src: `./pane.html?${new URLSearchParams({ as: name })}` } }),
      )
    }
  })

function hear(message: Message): void {
  if (message.type === 'take' || message.type === 'load') rounds[message.type] = message.at
  // What was asked for before the last press belongs to another count.
  if ((message.type === 'tried' && message.at !== rounds.take) || (message.type === 'loaded' && message.at !== rounds.load)) return
  if (message.type === 'take') [winners, losers] = [[], []]
  if (message.type === 'load') asked = loaded = 0
  if (message.type === 'tried') (message.won ? winners : losers).push(message.pane)
  if (message.type === 'request') asked++
  if (message.type === 'loaded') loaded++
  if (message.type === 'tried') {
    seat.textContent = `${plural(winners.length + losers.length, 'pane', 'panes')} asked for the seat: ${winners.join(' and ') || 'nobody'} got it${losers.length > 0 ? `, ${losers.join(' and ')} did not` : ''}.`
  }
  if (message.type === 'loaded')
    load.textContent = `${plural(loaded, 'pane has', 'panes have')} the report; the server was asked ${asked === 1 ? 'once' : `${asked} times`}.`
  requests.textContent = String(asked)
}

const wire = openWire(hear)

/** Forgets what is there, then has every pane do the same thing at the same time. */
function together(type: 'take' | 'load', key: string): void {
  const tell = async (): Promise<void> => {
    await cache.delete(key)
    const message = { type, at: Date.now() + NOTICE_MS }
    hear(message)
    wire.post(message)
    await until(message.at + NOTICE_MS)
  }
  // Presses that overlap would take from each other.
  telling = telling.then(tell, tell)
}

byId('take-all', HTMLButtonElement).addEventListener('click', () => together('take', SEAT))
byId('load-all', HTMLButtonElement).addEventListener('click', () => together('load', REPORT))
byId('open', HTMLButtonElement).addEventListener('click', () => {
  open('./tabs.html', '_blank', 'noopener,popup,width=760,height=900')
})
