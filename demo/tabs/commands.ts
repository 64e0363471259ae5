// What the page and its panes tell each other, across all windows. It is for pressing buttons together and for counting; what
// the panes know of each other's entries comes through the cache alone.

export const CACHE_NAME = 'demo-tabs'
export const SEAT = 'seat'
export const REPORT = 'report'
/** ms that a seat is held. */
export const SEAT_TTL = 10_000

export type Message =
  /** Every pane takes the seat, or loads the report, at this time (epoch ms). */
  | { readonly type: 'take' | 'load'; readonly at: number }
  /** A pane tried to take the seat, or has the report, as it was told to at that time. */
  | { readonly type: 'tried'; readonly at: number; readonly pane: string; readonly won: boolean }
  /** The server was asked. */
  | { readonly type: 'request'; readonly pane: string }
  | { readonly type: 'loaded'; readonly at: number; readonly pane: string }

export interface Wire {
  post(message: Message): void
}

export function openWire(onMessage: (message: Message) => void): Wire {
  const channel = new BroadcastChannel(CACHE_NAME)
  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => onMessage(data))
  return { post: (message) => channel.postMessage(message) }
}

/** Waits for a moment that all panes were told. */
export function until(at: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, at - Date.now()))
}
