// One request to the origin for all callers that ask for the same. It runs as a load of the cache, which shares it among tabs and
// does not store what was overtaken. The caller that runs it gets the response as it arrives; the others get what was stored.

import type { Cache, LoadOptions } from '../contract.ts'
import { call } from '../errors.ts'
import type { Ask } from './ask.ts'
import type { ExtendableEventLike } from './contract.ts'
import { createLoader } from './loader.ts'
import type { HttpSettings } from './options.ts'
import type { Found } from './responses.ts'
import type { HttpEntry, User } from './variants.ts'

/** A request to the origin, and what is stored: to be revalidated, and perhaps to be served if the origin fails. */
export interface Task extends Found {
  readonly ask: Ask
  /** The prefix of the keys of its partition. */
  readonly prefix: string
  /** What follows the URL in the keys of this user's responses. */
  readonly whose: string
  readonly key: string
  readonly user: User
  /** Whether the stored response was served already, so that nobody will read the answer. */
  background: boolean
  readonly event: ExtendableEventLike | undefined
  /** For Cache-Status: why the origin is asked. */
  readonly why: string
  /** When the caller asked, epoch ms. */
  readonly asked: number
  /**
   * Whether a removal since the call concerns it.
   * @param tags of the stored response; absent for the answer to come, whose tags are unknown
   */
  readonly isOvertaken: (tags?: readonly string[]) => boolean
}

/**
 * @param refresh asks the origin even if another caller has stored a fresh response
 * @returns undefined if another caller has asked, and may have stored a response that answers this request too
 */
export function exchange(cache: Cache<HttpEntry>, settings: HttpSettings, task: Task, refresh: boolean): Promise<Response | undefined> {
  const { ask, key, event } = task
  const leaving = new AbortController()
  const leave = (): void => {
    // A caller that was served already does not abort the request.
    if (!task.background) leaving.abort(ask.signal!.reason)
  }
  let give!: (response?: Response) => void
  let fail!: (error: unknown) => void
  const answer = new Promise<Response | undefined>((resolve, reject) => ([give, fail] = [resolve, reject]))
  const load = createLoader(cache, settings, task, refresh, give, () => done)

  ask.signal?.addEventListener('abort', leave)
  if (ask.signal?.aborted) leave()
  /** A failure after the response was given has no effect here: the caller sees it in the body. */
  const done = cache
    .getOrLoad(key, (context) => load(context).catch(fail as () => undefined), { refresh, signal: leaving.signal } as LoadOptions)
    .then(() => give(), fail)
    .finally(() => ask.signal?.removeEventListener('abort', leave))
  // `waitUntil` throws once the event is over.
  call(() => event?.waitUntil(done.then(() => cache.flush()).catch(() => {})), [])
  return answer
}
