// A cachedFetch in front of one resource, in a state that a test names: what the modes of a request are tried on.

import { afterAll, afterEach, beforeAll } from 'vitest'
import { ManualClock, SECOND } from '../helpers/clock.ts'
import type { Arrangement, Standing } from './arrangements.ts'
import { startVersions, type Resource, type Validator, type Versions } from './versions.ts'

/** What is stored of the resource when the test begins: its version 1, unless it is `nothing`. */
export type Held = 'nothing' | 'fresh' | 'gone stale' | 'stale on arrival' | 'without a lifetime'

export interface Asking {
  readonly clock: ManualClock
  readonly resource: Resource
  readonly fetch: typeof fetch
  /** Makes a request and reads its body. */
  ask(cache: RequestCache, init?: RequestInit): Promise<{ readonly status: number; readonly text: string }>
  /** The body that is stored, whatever its age; undefined where none is that fits. */
  stored(headers?: Record<string, string>): Promise<string | undefined>
}

const MINUTE_FRESH = { 'Cache-Control': 'max-age=60' }
const EXPIRED = { Expires: 'Thu, 01 Jan 2015 00:00:00 GMT' }

let versions: Versions
let open: Standing[] = []
let count = 0

beforeAll(async () => {
  versions = await startVersions()
})
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  open = []
})
afterAll(() => versions.close())

/** @param fields of the stored response and those after it, besides its lifetime @param init of the request that stored it */
export async function asking(arrangement: Arrangement, validator: Validator, held: Held, fields: Record<string, string> = {}, init?: RequestInit): Promise<Asking> {
  const clock = new ManualClock()
  const standing = arrangement.open(clock, `asking ${count++}`, { heuristic: 0 })
  open.push(standing)
  const resource = versions.resource(clock, validator)
  const { url } = resource
  const ask: Asking['ask'] = async (cache, more) => {
    const response = await standing.fetch(url, modeInit(cache, more))
    return { status: response.status, text: await response.text() }
  }
  resource.fields = { ...(held === 'stale on arrival' ? EXPIRED : held === 'without a lifetime' ? {} : MINUTE_FRESH), ...fields }
  if (held !== 'nothing') await ask('default', init)
  clock.advance((held === 'gone stale' ? 100 : 10) * SECOND)
  resource.fields = { ...MINUTE_FRESH, ...fields }
  resource.visits()
  const stored: Asking['stored'] = async (headers = {}) => {
    const found = await ask('only-if-cached', { headers }).catch((error: unknown) => {
      if (error instanceof TypeError) return undefined
      throw error
    })
    return found?.text
  }
  return { clock, resource, fetch: standing.fetch, ask, stored }
}

/** The Fetch standard has the mode only-if-cached for requests of the same origin alone. */
function modeInit(cache: RequestCache, init: RequestInit = {}): RequestInit {
  return { cache, ...(cache === 'only-if-cached' && { mode: 'same-origin' as const }), ...init }
}
