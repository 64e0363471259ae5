// Builds the stored record of an answer, without its body, or updates the stored one: RFC 9111, sections 3.1, 3.2, 4.3.3 to 4.3.5.

import { call } from '../errors.ts'
import { parseDate } from './dates.ts'
import type { Task } from './exchange.ts'
import { groupsIn } from './groups.ts'
import { groupTag } from './keys.ts'
import type { HttpSettings } from './options.ts'
import { readPolicy } from './policy.ts'
import { selectorsOf, type StoredResponse } from './variants.ts'

/**
 * Whether a 304 is about the stored response (RFC 9111, section 4.3.4). A later Last-Modified does not speak against that: a server that
 * went by it would not have sent a 304, and some put the present time there. An earlier one tells of an older version.
 */
export function isConfirmed(stored: Headers, told: Headers, now: number): boolean {
  const modified = (headers: Headers): number => parseDate(headers.get('last-modified'), now)!
  return isAbout(stored, told, ['etag']) && (told.has('etag') || !(modified(told) < modified(stored)))
}

/** Whether an answer is about the stored response: none of these fields differs. */
export function isAbout(stored: Headers, told: Headers, names: readonly string[]): boolean {
  // ETags are compared weakly.
  const valueOf = (headers: Headers, name: string): string | undefined => headers.get(name)?.replace(/^W\//, '')
  return names.every((name) => !told.has(name) || valueOf(told, name) === valueOf(stored, name))
}

/**
 * The fields to store after an answer.
 * @param confirmed those of the stored response, if the answer confirms it
 */
export function fieldsAfter(told: Headers, confirmed?: Headers): Headers {
  const headers = new Headers(confirmed)
  const news = [...told].filter(([name]) => !(confirmed && /^content-(encoding|length|range)$/.test(name)))
  for (const [name] of [['date'], ...news]) headers.delete(name!)
  for (const [name, value] of news) headers.append(name, value)
  return headers
}

/** The fields without those that every answer sets itself. */
export function lasting(headers: Headers): [name: string, value: string][] {
  return [...headers].filter(([name]) => !/^(age|cache-status)$/.test(name))
}

/**
 * The record of an answer.
 *
 * @param headers its fields, or those of the stored response after it
 * @param requestTime epoch ms
 * @param responseTime epoch ms
 * @param confirmed the stored response, if the answer confirms it: its body stays
 */
export function recordOf(
  response: Response,
  headers: Headers,
  { ask, user, prefix, background }: Task,
  settings: HttpSettings,
  requestTime: number,
  responseTime: number,
  confirmed?: StoredResponse,
): StoredResponse {
  const { status, statusText } = confirmed ?? response
  const { life, keeps } = readPolicy(status, headers, requestTime, responseTime, settings)
  const url = response.url || ask.url
  const cacheStatus = response.headers.get('cache-status')
  const selectors =
    confirmed && !response.headers.has('vary')
      ? confirmed.selectors
      : selectorsOf(ask, user, response.type === 'cors' && !headers.has('vary') ? undefined : headers.get('vary'))
  return {
    ...life,
    // Browsers hide cookies from scripts, so only the origin knows whether they are the same.
    ...(ask.own !== undefined &&
      !settings.partition &&
      selectors.some(([name]) => name === 'cookie') && { matchesNone: true, mayBeStale: false }),
    form: 1,
    url,
    type: response.type,
    status,
    statusText,
    headers: lasting(headers).filter(([name]) => keeps(name)),
    selectors,
    requestTime,
    responseTime,
    stamp: confirmed?.stamp ?? Math.random(),
    bytes: confirmed?.bytes,
    cacheStatus: cacheStatus ? `${cacheStatus}, ` : '',
    tags: [...new Set([...(confirmed?.tags ?? []), ...tagsOf(response, new URL(url).origin, prefix, settings)])],
    changed: background ? !confirmed : undefined,
  }
}

/** The tags of a response's groups: for each in Cache-Groups one of its origin and one by name, for each that the app names one by name. */
function tagsOf(response: Response, origin: string, prefix: string, settings: HttpSettings): string[] {
  const groups = groupsIn(response.headers.get('cache-groups'))
  const tags = groups.map((group) => groupTag(prefix, group, origin))
  // If the app's function throws, the answer is stored without the app's groups.
  call(() => groups.push(...(settings.groups?.(response) ?? [])), [])
  return [...tags, ...groups.map((group) => groupTag(prefix, group))]
}
