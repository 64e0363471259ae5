// The error state of both views: what went wrong, in the server's words, and a way to try again.

import { el } from '../dom.ts'
import { ApiError } from './client.ts'

export function problem(error: unknown, onRetry: () => void): HTMLElement {
  const retry = el('button', { text: 'Try again', attrs: { type: 'button' } })
  retry.addEventListener('click', onRetry)
  const isMissing = error instanceof ApiError && error.status === 404
  return el(
    'div',
    { class: 'problem', attrs: { role: 'alert' } },
    el('h2', { text: isMissing ? 'Not here' : 'No answer' }),
    el('p', { text: error instanceof ApiError ? error.message : 'Something went wrong on this page.' }),
    isMissing ? el('a', { text: 'See all icons', attrs: { href: '#/' } }) : retry,
  )
}
