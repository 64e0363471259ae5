// Where an answer came from, in one word and a reason: read from its Cache-Status (RFC 9211), and, for what was stored, from
// the tier that held it.

import type { EntryInfo } from '../../src/index.ts'

export type Source = 'memory' | 'disk' | 'network' | 'stale' | 'offline'

export const SOURCE_NAMES: Readonly<Record<Source, string>> = {
  memory: 'Memory',
  disk: 'Disk',
  network: 'Network',
  stale: 'Stale',
  offline: 'Offline',
}

export interface Origin {
  readonly source: Source
  /** What there is to say of it; empty for the usual case. */
  readonly reason: string
}

/** @param held what the cache knew of it before it was asked */
export function readSource(cacheStatus: string | null, held: EntryInfo | undefined): Origin {
  const status = cacheStatus ?? ''
  const tier = held?.tier === 'memory' ? 'memory' : 'disk'
  const has = (part: string): boolean => status.includes(part)
  if (has('detail=swr')) return { source: 'stale', reason: `past its date, from ${tier}; the server is being asked` }
  if (has('detail=sie'))
    return { source: 'stale', reason: `past its date, from ${tier}; the server failed with ${/fwd-status=(\d+)/.exec(status)?.[1]}` }
  if (has('detail=offline')) return { source: 'offline', reason: `past its date, from ${tier}; no answer from the server` }
  if (has('; hit')) return { source: tier, reason: '' }
  if (has('fwd-status=304')) return { source: 'network', reason: 'not modified (304): the stored body is fresh again' }
  if (has('collapsed')) return { source: 'network', reason: 'one request for all tabs' }
  if (has('fwd=bypass')) return { source: 'network', reason: 'past the cache, which is closed' }
  return { source: 'network', reason: '' }
}
