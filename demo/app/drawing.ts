// An icon's drawing: a file that takes the colour of the page, as a mask. It is asked for once the service worker can keep it.

import { el } from '../dom.ts'

/** @param ready resolves when drawings may be asked for */
export function createDrawing(slug: string, ready: Promise<unknown>): HTMLElement {
  const root = el('span', { class: 'drawing', attrs: { 'aria-hidden': 'true' } })
  const url = new URL(`images/${encodeURIComponent(slug)}.svg`, document.baseURI).href
  void ready.then(() => root.style.setProperty('mask-image', `url("${url}")`))
  return root
}
