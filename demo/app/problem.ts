// The error state of both views: what went wrong, in the server's words, and a way to try again, or out where that cannot help.

import { el } from '../dom.ts'
import { ApiError } from './client.ts'
import { formatRoute } from './router.ts'

/** @param query that the way out leads to */
export function problem(error: unknown, onRetry: () => void, query = ''): HTMLElement {
  const retry = el('button', { text: 'Try again', attrs: { type: 'button' } })
  retry.addEventListener('click', onRetry)
  const isRefused = error instanceof ApiError && error.status >= 400 && error.status < 500
  const out = el('a', {
    text: query === '' ? 'See all icons' : `See all that match “${query}”`,
    attrs: { href: formatRoute({ type: 'list', query, page: 1 }) },
  })
  return el(
    'div',
    { class: 'problem', attrs: { role: 'alert' } },
    el('h2', { text: isRefused ? 'Not here' : 'No answer' }),
    el('p', { text: error instanceof ApiError ? error.message : 'Something went wrong on this page.' }),
    isRefused ? out : retry,
  )
}
