// Defaults and validation of createCachedFetch.

import type { Cache } from '../contract.ts'
import { check, checkAmount, checkMs, checkStrings, checkType, optionsOf } from '../options.ts'
import type { CachedFetchOptions } from './contract.ts'
import type { HttpEntry } from './variants.ts'

type WithDefault =
  | 'name'
  | 'revalidate'
  | 'heuristic'
  | 'defaultTtl'
  | 'offlineStale'
  | 'networkTimeout'
  | 'unreachable'
  | 'maxBodyBytes'
  | 'omitHeaders'
  | 'clock'
  | 'fetch'

type Defaults = Required<Pick<CachedFetchOptions, WithDefault>>

/** The options with their defaults; those without one stay as they are. */
export type HttpSettings = Readonly<CachedFetchOptions & Defaults>

const DEFAULTS: Defaults = {
  name: 'bestbefore',
  revalidate: 'auto',
  heuristic: 0.1,
  defaultTtl: 0,
  offlineStale: true,
  networkTimeout: Infinity,
  unreachable: 'throw',
  maxBodyBytes: 5 * 2 ** 20,
  omitHeaders: [],
  clock: { now: () => Date.now() },
  fetch: (request) => fetch(request),
}

const RULES = {
  // A token (RFC 9651, section 3.3.4).
  name: /^[a-z][\w.-]*$/i,
  revalidate: /^(auto|explicit|http-cache)$/,
  unreachable: /^(throw|504)$/,
}

const CREATE = 'create cached fetch'

export function httpSettings(cache: Cache<HttpEntry>, options: CachedFetchOptions | undefined): HttpSettings {
  checkType(CREATE, 'cache.getOrLoad', 'function', cache?.getOrLoad)
  const given = Object.entries(optionsOf(CREATE, options)).filter(([, value]) => value !== undefined)
  const settings: HttpSettings = { ...DEFAULTS, ...Object.fromEntries(given) }
  for (const each of ['fetch', 'partition', 'match', 'groups', 'invalidates', 'onUpdate'] as const)
    if (settings[each] !== undefined) checkType(CREATE, each, 'function', settings[each])
  for (const each of ['defaultTtl', 'networkTimeout', 'staleIfError'] as const)
    if (settings[each] !== undefined) checkMs(CREATE, each, settings[each])
  for (const each of ['heuristic', 'maxBodyBytes'] as const) checkAmount(CREATE, each, settings[each])
  checkType(CREATE, 'clock.now', 'function', settings.clock.now)
  checkStrings(CREATE, 'omitHeaders', settings.omitHeaders)
  for (const [each, rule] of Object.entries(RULES)) {
    const value = settings[each as keyof typeof RULES]
    check(typeof value === 'string' && rule.test(value), CREATE, each, `like ${rule}`, value)
  }
  // The browser's own fetch must not be called as a method of the settings.
  return { ...settings, fetch: settings.fetch.bind(undefined) }
}
