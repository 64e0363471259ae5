// The panel's controls: TTL of new entries, sweep, clear, prefetch, reload, and the switch that takes the server down.

import { byId } from './dom.ts'
import { formatDuration, plural } from './format.ts'
import type { IconsClient } from './icons-client.ts'
import { TTL_STEPS } from './settings.ts'

export interface ControlsOptions {
  readonly client: IconsClient
  readonly ttl: number
  readonly onTtl: (ttl: number) => void
  /** Loads what the user is likely to want next; resolves to what to say about it. */
  readonly prefetch: () => Promise<string>
  /** Called when a control has changed what the cache holds. */
  readonly onChange: (change: { readonly isCleared: boolean }) => void
}

/** Connects the controls of index.html. */
export function connectControls({ client, ttl, onTtl, prefetch, onChange }: ControlsOptions): void {
  const { cache } = client

  async function act(work: () => Promise<string>, isCleared = false): Promise<void> {
    try {
      say(await work())
    } catch (error) {
      say(error instanceof Error ? error.message : String(error))
    }
    onChange({ isCleared })
  }

  onClick('sweep', () => act(async () => describeSweep(await cache.sweep())))
  onClick('clear', () => act(() => cache.clear().then(() => 'Cleared: memory and disk are empty.'), true))
  onClick('prefetch', () => act(prefetch))
  onClick('reload', async () => location.reload())
  const outage = byId('outage', HTMLInputElement)
  outage.checked = false
  outage.addEventListener('change', () => (client.outage = outage.checked))
  connectTtl(ttl, onTtl)
}

/** Tells the user, and a screen reader, what a control did or what went wrong. */
export function say(text: string): void {
  byId('notice', HTMLElement).textContent = text
}

function describeSweep(count: number): string {
  return count === 0 ? 'Swept: nothing had expired.' : `Swept ${plural(count, 'expired entry', 'expired entries')}.`
}

function onClick(id: string, action: () => Promise<void>): void {
  byId(id, HTMLButtonElement).addEventListener('click', () => void action())
}

function connectTtl(ttl: number, onTtl: (ttl: number) => void): void {
  const slider = byId('ttl', HTMLInputElement)
  const output = byId('ttl-value', HTMLOutputElement)
  const show = (value: number): void => {
    output.textContent = formatDuration(value)
    slider.setAttribute('aria-valuetext', formatDuration(value))
  }
  slider.max = String(TTL_STEPS.length - 1)
  slider.value = String(TTL_STEPS.indexOf(ttl))
  show(ttl)
  slider.addEventListener('input', () => {
    const chosen = TTL_STEPS[slider.valueAsNumber] ?? ttl
    show(chosen)
    onTtl(chosen)
  })
}
