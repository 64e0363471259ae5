// Counts passes strictly: a case whose `depends_on`, or theirs, did not all pass counts as not passed.

import { kindOf, KINDS, type Case, type Kind } from './cases.ts'
import type { Verdict } from './judge.ts'

export interface Tally {
  readonly passed: number
  readonly of: number
  /** Ids of those that count as not passed, each with the reason. */
  readonly missed: ReadonlyMap<string, string>
}

export type Score = Readonly<Record<Kind, Tally>>

/** Why a case counts as not passed; undefined where it passed. */
export function reasonOf(id: string, cases: readonly Case[], verdicts: ReadonlyMap<string, Verdict>): string | undefined {
  const verdict = verdicts.get(id)
  if (!verdict) throw new Error(`Cannot score case ${id}: it was not run`)
  if (verdict.outcome !== 'pass') return `${verdict.outcome}: ${verdict.why}`
  for (const other of cases.find((each) => each.id === id)?.depends_on ?? []) {
    const reason = reasonOf(other, cases, verdicts)
    if (reason !== undefined) return `depends on ${other}: ${reason}`
  }
  return undefined
}

export function scoreOf(cases: readonly Case[], verdicts: ReadonlyMap<string, Verdict>): Score {
  const tally = (kind: Kind): Tally => {
    const ids = cases.filter((each) => kindOf(each) === kind).map(({ id }) => id)
    const missed = new Map<string, string>()
    for (const id of ids) {
      const reason = reasonOf(id, cases, verdicts)
      if (reason !== undefined) missed.set(id, reason)
    }
    return { passed: ids.length - missed.size, of: ids.length, missed }
  }
  return { required: tally('required'), optimal: tally('optimal'), check: tally('check') }
}

/** `11/78 required, 0/41 optimal, 4/39 check` */
export function lineOf(score: Score): string {
  return KINDS.map((kind) => `${score[kind].passed}/${score[kind].of} ${kind}`).join(', ')
}
