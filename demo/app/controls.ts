// The panel's controls: how long answers are fresh, sweep, clear, prefetch and reload.

import { byId } from '../dom.ts'
import { formatDuration, plural } from '../format.ts'
import type { Client } from './client.ts'
import { MAX_AGE_STEPS } from './settings.ts'

export interface ControlsOptions {
  readonly client: Client
  /** Seconds. */
  readonly maxAge: number
  readonly onMaxAge: (maxAge: number) => void
  /** Loads what the user is likely to want next; resolves to what to say about it. */
  readonly prefetch: () => Promise<string>
  /** Called when a control has changed what the cache holds. */
  readonly onChange: () => void
}

/** Said by every control from then on. */
export const DESTROYED = 'The cache is destroyed. Reload the page to begin again.'

/** Connects the controls of index.html. */
export function connectControls({ client, maxAge, onMaxAge, prefetch, onChange }: ControlsOptions): void {
  const { cache } = client
  const act = (work: () => Promise<string>) => async (): Promise<void> => {
    const said = await work().catch(String)
    say(client.isDestroyed ? DESTROYED : said)
    onChange()
  }
  cache.subscribe(({ type }) => type === 'destroy' && say(DESTROYED))
  onClick(
    'sweep',
    act(async () => describeSweep(await cache.sweep())),
  )
  onClick(
    'clear',
    act(() => cache.clear().then(() => 'Cleared: the page’s cache is empty, in memory and on disk.')),
  )
  onClick('prefetch', act(prefetch))
  onClick('reload', () => location.reload())
  connectMaxAge(maxAge, onMaxAge)
}

/** Tells the user, and a screen reader, what a control did or what went wrong. */
export function say(text: string): void {
  byId('notice', HTMLElement).textContent = text
}

export function onClick(id: string, action: () => unknown): void {
  byId(id, HTMLButtonElement).addEventListener('click', () => void action())
}

function describeSweep(count: number): string {
  return count === 0 ? 'Swept: nothing had expired.' : `Swept ${plural(count, 'expired entry', 'expired entries')}.`
}

function connectMaxAge(maxAge: number, onMaxAge: (maxAge: number) => void): void {
  const slider = byId('max-age', HTMLInputElement)
  const output = byId('max-age-value', HTMLOutputElement)
  const show = (value: number): void => {
    output.textContent = formatDuration(value * 1000)
    slider.setAttribute('aria-valuetext', formatDuration(value * 1000))
  }
  slider.max = String(MAX_AGE_STEPS.length - 1)
  slider.value = String(MAX_AGE_STEPS.indexOf(maxAge))
  show(maxAge)
  slider.addEventListener('input', () => {
    const chosen = MAX_AGE_STEPS[slider.valueAsNumber] ?? maxAge
    show(chosen)
    onMaxAge(chosen)
  })
}
