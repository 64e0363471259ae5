// The view of somebody who is logged out: what is left of the last user, counted, and the way back in.

import { byId } from '../dom.ts'
import { formatCount, plural } from '../format.ts'
import { countRows } from '../inside/rows.ts'
import type { Client } from './client.ts'
import { onClick } from './controls.ts'
import { CACHE_NAME, responseKey } from './names.ts'
import { pageTitle } from './router.ts'
import { USERS, type User } from './session.ts'

export interface LoginView {
  /** @param last who was logged in, if anybody was */
  show(last: User | undefined): Promise<void>
  hide(): void
}

export function createLoginView({ cache }: Client, onLogin: (user: User) => void): LoginView {
  const leftOver = byId('left-over', HTMLElement)
  onClick('login-ada', () => onLogin('ada'))
  onClick('login-ben', () => onLogin('ben'))

  async function countKeys(prefix: string): Promise<number> {
    let count = 0
    try {
      for await (const key of cache.keys()) if (key.startsWith(prefix)) count++
    } catch {
      // It has been destroyed.
    }
    return count
  }

  let shown: User | undefined

  async function count(user: User): Promise<void> {
    const prefix = responseKey(user, '')
    const [rows, keys] = await Promise.all([countRows(CACHE_NAME, prefix), countKeys(prefix)])
    const what = `${plural(rows, 'row', 'rows')} in IndexedDB, ${formatCount(keys)} in the cache`
    leftOver.textContent =
      rows + keys === 0 ? `Nothing of ${USERS[user]} is left, in any tab: ${what}.` : `Of ${USERS[user]} there is left: ${what}.`
  }

  // Another tab's logout may be heard of before its deletions.
  cache.subscribe(({ type }) => {
    if (shown && type === 'deletePrefix') void count(shown)
  })

  return {
    async show(last) {
      shown = last
      document.title = pageTitle('Logged out')
      byId('login-title', HTMLElement).focus()
      leftOver.textContent = 'Nobody is logged in.'
      if (last) await count(last)
    },
    hide: () => void (shown = undefined),
  }
}
