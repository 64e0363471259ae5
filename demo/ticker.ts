// One timer for everything that counts down. A listener lives as long as its element is part of the page.

type Listener = (now: number) => void

const SECOND = 1000
const listeners = new Map<Element, Listener>()
let timer: ReturnType<typeof setInterval> | undefined

/** Calls `listener` every second from the next one on, until a tick finds `owner` out of the document. */
export function onSecond(owner: Element, listener: Listener): void {
  listeners.set(owner, listener)
  timer ??= setInterval(tick, SECOND)
}

function tick(): void {
  if (document.hidden) return
  const now = Date.now()
  for (const [owner, listener] of listeners) {
    if (owner.isConnected) listener(now)
    else listeners.delete(owner)
  }
  if (listeners.size === 0) {
    clearInterval(timer)
    timer = undefined
  }
}
