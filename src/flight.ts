// Work in flight for a key. A change of the key takes the work out of its map: later callers do not join it, and its result is not kept.

import { concerns, type Change } from './change.ts'
import { LONGEST_DELAY } from './options.ts'
import type { Recent } from './recent.ts'

/** One read, load or change under way. */
export interface Flight {
  /**
   * Only for work that a change by another tab leaves in its map: whether one was announced. Only the log (store/log.ts) knows if it
   * matters.
   */
  told?: boolean
  /** The tags that its result will have; absent while they are not known. */
  tags?: readonly string[] | undefined
  /** The entry that a load may serve meanwhile. */
  found?: { readonly tags?: readonly string[] } | undefined
  /** Set when it is taken out: whether the change certainly concerns the result; false for a removal by tag, where that is uncertain. */
  overtaken?: boolean
  /** Called when a removal takes it out or a later load replaces it: nobody needs to wait for its end any more. */
  over?: (() => void) | undefined
}

/** Flights by key: the part of `Map` that is needed here. */
export interface Flights {
  keys(): Iterable<string>
  get(key: string): Flight | undefined
  delete(key: string): unknown
  readonly size: number
  /** Only for loads, which may get more keys and tags while they run: the changes meanwhile, and whether this tab made them. */
  readonly recent?: Recent<readonly [change: Change, local: boolean]>
}

/** Takes out the flights that a change overtakes. @param local whether this tab made the change */
export function overtake(flights: Flights, change: Change, local = true): void {
  if (flights.size) flights.recent?.add([change, local])
  for (const key of 'key' in change ? [change.key] : flights.keys()) {
    const flight = flights.get(key)
    // The stale entry may be removed by a tag that the load's result will not have.
    if (change.type !== 'set' && flight?.found && concerns(change, key, flight.found.tags ?? [])) flight.found = undefined
    if (!flight || !concerns(change, key, flight.tags)) continue
    if (local || flight.told === undefined) {
      flights.delete(key)
      flight.overtaken = !('tag' in change)
      if (change.type !== 'set') flight.over?.()
    } else flight.told = true
  }
}

/**
 * Waits for a load.
 * @param signal detaches this caller
 * @param timeout ms after which the caller is detached with what `late` gives
 */
export type Join<T> = (signal?: AbortSignal, timeout?: number, late?: () => unknown) => Promise<T>

/** Starts a load that several callers can wait for. It is aborted when all of them have detached. */
export function share<T>(load: (signal: AbortSignal) => Promise<T>): Join<T> {
  const controller = new AbortController()
  let callers = 0
  const loading = load(controller.signal)
  // If all callers have detached, nobody else handles a rejection.
  loading.catch(() => {})

  return (signal, timeout = Infinity, late) => {
    callers++
    if (!signal && timeout > LONGEST_DELAY) return loading
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', leave)
      }
      const detach = (reason: unknown): void => {
        // Signal and timer are both removed, so that a caller detaches only once.
        end()
        reject(reason)
        if (!--callers) controller.abort(reason)
      }
      const leave = (): void => detach(signal!.reason)
      const timer = timeout <= LONGEST_DELAY ? setTimeout(() => detach(late!()), timeout) : undefined
      signal?.addEventListener('abort', leave)
      loading.then(resolve, reject).finally(end)
    })
  }
}
