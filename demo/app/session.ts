// Who is logged in, in all tabs: a pretence, without passwords. The name is the partition of the user's responses.

export type User = 'ada' | 'ben'

export const USERS: Readonly<Record<User, string>> = { ada: 'Ada', ben: 'Ben' }

const KEY = 'bestbefore-demo:user'
const NOBODY = 'nobody'

export interface Session {
  readonly user: User | undefined
  /** Logs in, or with undefined out. */
  set(user: User | undefined): void
}

/** @param onChange told when this tab or another has changed it */
export function openSession(onChange: () => void): Session {
  let user = read()
  addEventListener('storage', ({ key }) => {
    if (key !== KEY) return
    user = read()
    onChange()
  })
  return {
    get user() {
      return user
    },
    set(chosen) {
      user = chosen
      try {
        localStorage.setItem(KEY, chosen ?? NOBODY)
      } catch {
        // Without storage it lasts as long as the page.
      }
      onChange()
    },
  }
}

/** A newcomer is Ada, so that there is something to see. */
function read(): User | undefined {
  try {
    const stored = localStorage.getItem(KEY) ?? 'ada'
    return stored === 'ada' || stored === 'ben' ? stored : undefined
  } catch {
    return 'ada'
  }
}
