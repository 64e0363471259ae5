// Where responses are, and how they are asked for. The runner and the page import it.

import { BODY_BYTES, type MannerName } from '../../answers.ts'
import type { RivalName, RivalWork } from '../rivals/plan.ts'

export interface HttpWork extends RivalWork {
  readonly manner: 'sequential'
  readonly from: 'memory' | 'disk'
  readonly asked: MannerName
}

/** Who answers. */
export const ANSWERERS: Readonly<Partial<Record<RivalName, string>>> = {
  raw: 'a Map, or one get of raw IndexedDB, and new Response',
  bestbefore: 'bestbefore createCachedFetch',
}

export function httpWork(from: HttpWork['from'], asked: MannerName, count: number): HttpWork {
  return { label: `${count} responses from ${from}, one after the other, each asked for by ${asked}`, manner: 'sequential', count, bytes: BODY_BYTES, from, asked }
}
