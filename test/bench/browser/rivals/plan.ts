// Who competes where entries are written and read, and what they are asked for. The runner and the pages import it.

import type { Choice, Work } from '../shared/suite.ts'

/** What each contestant does, for the tables: the quickest that its interface offers for the same work. */
export const RIVALS = {
  raw: 'raw IndexedDB: one transaction, relaxed, commit(), indexes',
  'raw-log': 'as raw, with a record of what changed for other tabs',
  bestbefore: 'bestbefore createCache({ name, ttl }): set, get',
  'idb-keyval': 'idb-keyval set, get; no indexes',
  localforage: 'localForage setItem, getItem; no indexes',
  dexie: 'Dexie put, get; relaxed, indexes',
  'idb-keyval-bulk': 'idb-keyval setMany, getMany; no indexes',
  'dexie-bulk': 'Dexie bulkPut, bulkGet; relaxed, indexes',
} as const
export type RivalName = keyof typeof RIVALS
export const RIVAL_NAMES = Object.keys(RIVALS) as RivalName[]

/** Each rival's object store. */
export const STORES: Readonly<Record<RivalName, string>> = {
  raw: 'entries',
  'raw-log': 'entries',
  bestbefore: 'entries',
  'idb-keyval': 'keyval',
  localforage: 'keyvaluepairs',
  dexie: 'entries',
  'idb-keyval-bulk': 'keyval',
  'dexie-bulk': 'entries',
}

export type Manner = 'concurrent' | 'sequential'

export interface RivalWork extends Work {
  readonly manner: Manner
  /** Calls at once, or one after the other. */
  readonly count: number
  /** Length of a value. */
  readonly bytes: number
}

/** The values that the targets are for. */
export const TARGET_BYTES = 400

/** How often a page does its work, each time with other keys; the median counts, and what it is slow at first does not. */
export const REPEATS = 5

const BYTES = [400, 4_096, 65_536]
/** From this length on there are fewer values. */
const LARGE = 65_536

/** What is called, and how. */
export interface Calls {
  readonly call: string
  readonly manner: Manner
  /** How many calls, and how many for large values. */
  readonly counts: readonly [number, number]
}

export function worksOf({ bytes = BYTES }: Pick<Choice, 'bytes'>, { call, manner, counts: [count, few] }: Calls): RivalWork[] {
  return bytes.map((length) => {
    const calls = length < LARGE ? count : few
    return { label: `${calls} ${manner} ${call}, ${length} bytes`, manner, count: calls, bytes: length }
  })
}

/** The label of the work that the targets are for. */
export function targetOf(calls: Calls): string {
  return worksOf({ bytes: [TARGET_BYTES] }, calls)[0]!.label
}

/** Keys that a page has for its work and, a tenth of it, for warming up. */
export function keysOf({ count }: RivalWork): { readonly warmUp: number; readonly all: number } {
  const warmUp = Math.ceil(count / 10)
  return { warmUp, all: warmUp + REPEATS * count }
}
