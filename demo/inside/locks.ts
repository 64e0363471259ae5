// The locks that caches of this origin hold or wait for, as the browser lists them. Most last for one request.

import { nameOfKey } from '../app/names.ts'
import { byId, el } from '../dom.ts'

export interface Locks {
  sample(): void
}

/** ms for which a lock is still shown that is gone: most are over before anybody can read them. */
const REMEMBERED = 3_000
const SHOWN = 5

export function createLocks(): Locks {
  const list = byId('locks', HTMLOListElement)
  const last = new Map<string, { readonly state: string; readonly at: number }>()
  let isAsking = false

  async function sample(): Promise<void> {
    if (isAsking || !navigator.locks?.query) return
    isAsking = true
    const { held = [], pending = [] } = await navigator.locks.query().finally(() => (isAsking = false))
    const now = performance.now()
    for (const [name, { at, state }] of last) {
      if (now - at > REMEMBERED) last.delete(name)
      else if (state !== 'let go') last.set(name, { at, state: 'let go' })
    }
    for (const [locks, state] of [
      [held, 'held'],
      [pending, 'waiting'],
    ] as const) {
      for (const { name } of locks) if (name?.startsWith('bestbefore:')) last.set(name, { state, at: now })
    }
    render()
  }

  function render(): void {
    const rows = [...last].slice(-SHOWN).reverse()
    list.replaceChildren(
      ...rows.map(([name, { state }]) =>
        el('li', { attrs: { 'data-state': state } }, el('code', { text: label(name) }), el('span', { text: state })),
      ),
    )
    if (rows.length === 0) list.append(el('li', { class: 'none', text: 'None: locks are held while a tab loads or sweeps.' }))
  }

  render()
  return { sample: () => void sample().catch(() => {}) }
}

/** Of `database key` what tells one from another. */
function label(name: string): string {
  const rest = name.slice(name.indexOf(' ') + 1)
  return nameOfKey(rest).path.replace(/^api\//, '')
}
