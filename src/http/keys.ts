// The keys of responses in the cache. `http NUL partition NUL url` holds a URL's variants; without a partition, `NUL @user` follows for
// a user with credentials; another NUL and what follows is the key of a body. So a prefix finds a partition, all URLs that begin
// alike, and a URL's responses to all users.

import { check } from '../options.ts'
import { variantId, type StoredResponse } from './variants.ts'

export const ALL = 'http\0'

/** The prefix of a partition's keys. @throws TypeError for a partition whose keys could be another's */
export function prefixOf(partition: string): string {
  check(typeof partition === 'string' && !partition.includes('\0'), 'fetch', 'partition', 'a string without NUL', partition)
  return `${ALL}${partition}\0`
}

export function bodyKeyOf(key: string, selectors: StoredResponse['selectors']): string {
  return `${key}\0${variantId(selectors)}`
}

/** The URL whose variants a key lists; undefined for any other key. */
export function urlOf(key: string): string | undefined {
  return /^http\0[^\0]*\0([^\0]*)(\0@[^\0]*)?$/.exec(key)?.[1]
}

/** The tag of a group of one origin (RFC 9875, section 2) or, without an origin, of a group by its name alone. */
export function groupTag(prefix: string, group: string, origin = ''): string {
  return `${prefix}${origin}\0${group}`
}
