// Entries to edit and delete. Every keystroke is a `set`; what other panes write shows as soon as the cache tells of it.

import type { Cache } from '../../src/index.ts'
import { byId, el } from '../dom.ts'

const GOODS = { milk: '2 litres', bread: '1 loaf', coffee: '500 g' }

export function createShelf(cache: Cache<unknown>): void {
  for (const [key, value] of Object.entries(GOODS)) {
    byId('shelf', HTMLUListElement).append(createRow(cache, key, value))
    // Of all panes that open one puts it there.
    void cache.add(key, value)
  }
}

function createRow(cache: Cache<unknown>, key: string, value: string): HTMLLIElement {
  const input = el('input', { attrs: { id: key, type: 'text', maxlength: '40', autocomplete: 'off', spellcheck: 'false' } })
  const button = el('button', { text: 'Delete', attrs: { type: 'button' } })
  const row = el('li', { class: 'row' }, el('label', { text: key, attrs: { for: key } }), input, button)

  async function show(): Promise<void> {
    const current = ((await cache.get(key)) ?? '') as string
    if (input.value !== current) input.value = current
    input.placeholder = 'deleted'
    button.textContent = current === '' ? 'Put back' : 'Delete'
    button.setAttribute('aria-label', `${button.textContent} ${key}`)
  }

  input.addEventListener('input', () => void (input.value === '' ? cache.delete(key) : cache.set(key, input.value)))
  button.addEventListener('click', () => void (input.value === '' ? cache.set(key, value) : cache.delete(key)))
  cache.subscribe(key, ({ local }) => {
    row.classList.remove('is-told')
    void show().then(() => requestAnimationFrame(() => row.classList.toggle('is-told', !local)))
  })
  // While storage did not answer, what lies there did not show.
  cache.subscribe(({ type }) => type === 'status' && void show())
  void show()
  return row
}
