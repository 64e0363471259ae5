// Judges what a crash has left on disk, by what was acknowledged before it. Of each lane, all that was acknowledged must be there,
// and of the one operation that may have been under way everything or nothing. Nothing else may be there.

import { apply, isAtomic, laneOf, LIVES, operationOf, type LaneState } from './plan.ts'

/** What a page tells: that an operation has resolved, or what went wrong. */
export type Note = { readonly lane: string; readonly n: number; readonly began: number; readonly ended: number } | { readonly fault: string }

export interface DiskRow {
  readonly key: string
  /** The operation that has written its value. */
  readonly n: number | undefined
  /** Whether the value is whole. */
  readonly intact: boolean
  readonly createdAt: number
  readonly expiresAt: number | undefined
  readonly tags: readonly string[]
}

export interface OnDisk {
  readonly rows: readonly DiskRow[]
  /** Index key and primary key of each row. */
  readonly byExpiry: readonly (readonly [IDBValidKey, string])[]
  readonly byTag: readonly (readonly [IDBValidKey, string])[]
  /** Records of the log of changes. */
  readonly changes: readonly { readonly id: number; readonly count: number | undefined }[]
  /** Keys in localStorage. */
  readonly marks: readonly string[]
  readonly now: number
}

export interface LaneNotes {
  /** As the last crash has left it. */
  readonly before: LaneState
  /** The first operation after that. */
  readonly first: number
  /** Operations that were acknowledged, from the first on. */
  readonly acknowledged: number
  /** When each of them had resolved. */
  readonly endedAt: ReadonlyMap<number, number>
}

export interface Verdict {
  readonly faults: readonly string[]
  /** What each lane has kept. */
  readonly states: ReadonlyMap<string, LaneState>
  /** Of the operations that may have been under way and change anything: how many had reached the disk, and how many not. */
  readonly reached: number
  readonly missed: number
}

/** ms by which a cache's reading of the clock may be behind. */
const CLOCK_SLACK = 100
const AGE_LIMIT = 3_600_000

/** @param sweptAt when the last sweep began that was acknowledged; 0 for none */
export function judge(seed: number, lanes: ReadonlyMap<string, LaneNotes>, disk: OnDisk, sweptAt: number): Verdict {
  const faults = indexFaults(disk)
  const states = new Map<string, LaneState>()
  let reached = 0
  let missed = 0
  const strays = disk.rows.filter(({ key }) => !lanes.has(laneOf(key))).map(({ key }) => key)
  if (strays.length > 0) faults.push(`rows of no lane: ${strays}`)

  for (const [lane, notes] of lanes) {
    let state = notes.before
    const end = notes.first + notes.acknowledged
    for (let n = notes.first; n < end; n++) state = apply(state, operationOf(seed, lane, n))
    const operation = operationOf(seed, lane, end)
    const after = apply(state, operation)
    const rows = new Map(disk.rows.filter(({ key }) => laneOf(key) === lane).map((row) => [row.key, row]))
    const left = new Map<string, 'old' | 'new'>()
    for (const key of new Set([...state.keys(), ...after.keys(), ...rows.keys()])) {
      const row = rows.get(key)
      const [old, next] = [state.get(key), after.get(key)]
      const moment = [old, next].some((kept) => kept?.life === 'moment')
      if (moment) {
        const written = row && [old, next].find((kept) => kept?.n === row.n)
        if (row && !written) faults.push(`${key}: ${told(row)} where ${told(old)} or ${told(next)} was written`)
        else if (row && sweptAt - CLOCK_SLACK > Math.max(endedAt(notes, row.n!), row.expiresAt!)) faults.push(`${key}: ${told(row)} was to be swept`)
        continue
      }
      const isOld = matches(row, old)
      if (old !== next && isOld !== matches(row, next)) left.set(key, isOld ? 'old' : 'new')
      else if (!isOld && !matches(row, next)) faults.push(`${key}: ${told(row)} where ${told(old)}${old === next ? '' : ` or ${told(next)}`} belongs`)
    }
    const ways = new Set(left.values())
    if (isAtomic(operation) && ways.size > 1) faults.push(`${lane}: ${operation.method} ${end} is torn: ${JSON.stringify([...left])}`)
    if (left.size > 0) ways.has('new') ? reached++ : missed++
    states.set(lane, new Map([...rows.values()].map(({ key, n }) => [key, [after, state].map((each) => each.get(key)).find((kept) => kept?.n === n)!])))
    for (const row of rows.values()) faults.push(...rowFaults(row, disk.now))
  }
  return { faults, states, reached, missed }
}

/** Of an operation that is not known to have resolved, never. */
function endedAt({ first, endedAt }: LaneNotes, n: number): number {
  return n < first ? 0 : (endedAt.get(n) ?? Infinity)
}

function matches(row: DiskRow | undefined, kept: ReturnType<LaneState['get']>): boolean {
  if (!row || !kept) return !row && !kept
  return row.n === kept.n && String(row.tags) === String(kept.tags) && (row.expiresAt !== undefined) === (LIVES[kept.life] !== undefined)
}

function rowFaults({ key, intact, createdAt, expiresAt }: DiskRow, now: number): string[] {
  const found: string[] = []
  if (!intact) found.push(`${key}: its value is not whole`)
  if (!(createdAt <= now && createdAt > now - AGE_LIMIT)) found.push(`${key}: created at ${createdAt}, now it is ${now}`)
  if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt <= now + LIVES.hour!)) found.push(`${key}: expires at ${expiresAt}`)
  return found
}

/** Each row has its index rows, and nothing else has any; the log can be read. */
function indexFaults({ rows, byExpiry, byTag, changes, marks }: OnDisk): string[] {
  const faults: string[] = []
  const compare = (index: string, found: OnDisk['byTag'], expected: OnDisk['byTag']) => {
    const [left, right] = [found, expected].map((list) => list.map((row) => JSON.stringify(row)).sort())
    if (String(left) !== String(right)) faults.push(`the index ${index} has ${left}, the rows say ${right}`)
  }
  compare('expiresAt', byExpiry, rows.flatMap(({ key, expiresAt }) => (expiresAt === undefined ? [] : [[expiresAt, key] as const])))
  compare('tags', byTag, rows.flatMap(({ key, tags }) => tags.map((tag) => [tag, key] as const)))
  changes.forEach(({ id, count }, place) => {
    if (count === undefined || !(id > (changes[place - 1]?.id ?? -1))) faults.push(`the log's record ${id} cannot be read`)
  })
  if (changes.length === 0) faults.push('the log is empty')
  if (marks.length > 0) faults.push(`marks are left: ${marks}`)
  return faults
}

function told(row: { readonly n: number | undefined; readonly tags?: readonly string[]; readonly expiresAt?: number | undefined } | undefined): string {
  return row ? `value ${row.n} [${row.tags}]${row.expiresAt === undefined ? '' : ` until ${row.expiresAt}`}` : 'nothing'
}
