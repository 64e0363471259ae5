// What removes stored responses, each way that there is, and GETs that it comes upon.

import type { CachedFetch } from '../../src/http/index.ts'
import type { Cache } from '../../src/index.ts'
import type { Deferred } from '../helpers/deferred.ts'
import type { Answering, Page } from './serving.ts'
import type { Standing } from './standing.ts'

type Removing = (fetch: CachedFetch, page: Page, cache: Cache<never>) => Promise<unknown>

export const REMOVALS: readonly (readonly [how: string, remove: Removing])[] = [
  ['clear()', (fetch) => fetch.clear()],
  ['clear(partition)', (fetch) => fetch.clear('me')],
  ['invalidate by URL', (fetch, page) => fetch.invalidate({ url: page.url, partition: 'me' })],
  ['invalidate by prefix', (fetch, page) => fetch.invalidate({ prefix: page.url.slice(0, -1), partition: 'me' })],
  ['invalidate by group', (fetch) => fetch.invalidate({ group: 'lists', partition: 'me' })],
  ['invalidate by partition', (fetch) => fetch.invalidate({ partition: 'me' })],
  ['a mutation', (fetch, page) => fetch(page.url, { method: 'PUT', body: 'x' })],
  ['destroy', (_fetch, _page, cache) => cache.destroy()],
]

/** When the answer comes, and whether it is its rest alone that comes then. */
export const LATENESS = [['answered after it', false], ['answered before it, but in full only after', true]] as const

/** The first answer, or the rest of it, waits for the gate. @param mutated status of the answer to other methods */
export function answerHeld(gate: Deferred, rest: boolean, mutated = 204): Answering {
  return async ({ number, method }, response) => {
    const fields = { 'Cache-Control': 'max-age=60', 'Cache-Groups': '"lists"', ETag: `"${number}"` }
    if (method !== 'GET') return { status: mutated }
    if (number > 1) return { fields, body: `v${number}` }
    if (!rest) await gate.promise
    response.writeHead(200, fields).write('v')
    await gate.promise
    return void response.end('1')
  }
}

/** Begins a GET, removes, and lets the answer come: its text. */
export async function overtaken({ fetch }: Pick<Standing, 'fetch'>, page: Page, gate: Deferred, rest: boolean, remove: () => Promise<unknown>): Promise<string> {
  const asking = fetch(page.url)
  await page.visit()
  if (rest) await asking
  await remove()
  gate.resolve()
  return (await asking).text()
}
