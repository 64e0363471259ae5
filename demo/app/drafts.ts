// Edits that are not saved yet: kept for ten minutes, so that a reload or a crash of the tab loses nothing. A plain cache,
// without HTTP.

import { createCache } from '../../src/index.ts'
import type { IconEdit } from '../server/protocol.ts'
import type { User } from './session.ts'

export interface Drafts {
  read(user: User, slug: string): Promise<IconEdit | undefined>
  write(user: User, slug: string, draft: IconEdit): Promise<void>
  drop(user: User, slug: string): Promise<unknown>
  /** Removes all of a user's. */
  forget(user: User): Promise<void>
}

export function openDrafts(onError: (error: Error) => void): Drafts {
  const cache = createCache<IconEdit>({ name: 'demo-drafts', ttl: 600_000, onError })
  return {
    read: (user, slug) => cache.get(`${user}/${slug}`),
    // What storage refuses is told to onError, and memory has it.
    write: (user, slug, draft) => cache.set(`${user}/${slug}`, draft).catch(() => {}),
    drop: (user, slug) => cache.delete(`${user}/${slug}`),
    forget: (user) => cache.deletePrefix(`${user}/`),
  }
}
