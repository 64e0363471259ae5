// The judge of the kill test on disks made by hand: those that a crash may leave, and each kind that it may not.

import { describe, expect, test } from 'vitest'
import { judge, type DiskRow, type LaneNotes, type OnDisk } from './judge.ts'
import { apply, isAtomic, LIVES, operationOf, type LaneState } from './plan.ts'

const SEED = 1
const LANE = 'lane 0'
const NOW = 10_000_000

const stateAfter = (count: number): LaneState => {
  let state: LaneState = new Map()
  for (let n = 0; n < count; n++) state = apply(state, operationOf(SEED, LANE, n))
  return state
}

/** A disk that holds a state, in which a moment has not passed. */
function diskOf(state: LaneState): OnDisk {
  const rows = [...state].map(([key, { n, life, tags }]): DiskRow => {
    const ttl = LIVES[life]
    return { key, n, intact: true, createdAt: NOW, expiresAt: ttl === undefined ? undefined : NOW + ttl, tags }
  })
  return withIndexes({ rows, byExpiry: [], byTag: [], changes: [{ id: 7, count: 0 }, { id: 8, count: 2 }], marks: [], now: NOW })
}

function withIndexes(disk: OnDisk): OnDisk {
  const byExpiry = disk.rows.flatMap(({ key, expiresAt }) => (expiresAt === undefined ? [] : [[expiresAt, key] as const]))
  return { ...disk, byExpiry, byTag: disk.rows.flatMap(({ key, tags }) => tags.map((tag) => [tag, key] as const)) }
}

function faultsOf(acknowledged: number, disk: OnDisk, sweptAt = 0): readonly string[] {
  const endedAt = new Map(Array.from({ length: acknowledged }, (_, n) => [n, NOW]))
  const notes: LaneNotes = { before: new Map(), first: 0, acknowledged, endedAt }
  return judge(SEED, new Map([[LANE, notes]]), disk, sweptAt).faults
}

/** The first operation that changes things in a given way. */
function find(test: (before: LaneState, after: LaneState, n: number) => boolean): { n: number; before: LaneState; after: LaneState } {
  for (let n = 0; ; n++) {
    const [before, after] = [stateAfter(n), stateAfter(n + 1)]
    if (test(before, after, n)) return { n, before, after }
  }
}

const changed = (before: LaneState, after: LaneState) => [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key))
const edit = (disk: OnDisk, change: (row: DiskRow, place: number) => DiskRow | undefined): OnDisk => {
  return withIndexes({ ...disk, rows: disk.rows.flatMap((row, place) => change(row, place) ?? []) })
}

test('the state of all that was acknowledged passes, with and without the operation that was under way', () => {
  for (let n = 0; n < 200; n++) {
    expect(faultsOf(n, diskOf(stateAfter(n)))).toEqual([])
    expect(faultsOf(n, diskOf(stateAfter(n + 1)))).toEqual([])
  }
})

test('what lies further back or ahead does not pass', () => {
  const isSet = (n: number) => operationOf(SEED, LANE, n).method === 'set'
  const { n } = find((_before, _after, at) => at > 20 && isSet(at) && isSet(at + 1) && operationOf(SEED, LANE, at).names[0] !== operationOf(SEED, LANE, at + 1).names[0])
  expect(faultsOf(n + 1, diskOf(stateAfter(n)))).not.toEqual([])
  expect(faultsOf(n - 1, diskOf(stateAfter(n + 1)))).not.toEqual([])
})

test('a batch that is there by half is torn, calls of one tick are not', () => {
  for (const method of ['setMany', 'deletePrefix', 'deleteTag', 'sets', 'deletes'] as const) {
    const { n, before, after } = find((one, other, at) => operationOf(SEED, LANE, at).method === method && changed(one, other).filter((key) => !key.includes('/m/')).length > 1)
    const half = new Map(after)
    const [first] = changed(before, after)
    const old = before.get(first!)
    old ? half.set(first!, old) : half.delete(first!)
    const atomic = isAtomic(operationOf(SEED, LANE, n))
    expect(faultsOf(n, diskOf(half)), method).toEqual(atomic ? [expect.stringContaining('torn')] : [])
  }
})

test('a key that was removed, and whose removal was acknowledged, may not be back', () => {
  const { n, before } = find((one, other) => [...one.keys()].some((key) => !other.has(key) && !key.includes('/m/')))
  const key = changed(before, stateAfter(n + 1))[0]!
  const disk = diskOf(new Map([...stateAfter(n + 1), [key, before.get(key)!]]))
  // The next operation may write it; then it is not the same value.
  expect(faultsOf(n + 1, disk)).not.toEqual([])
})

test('an expired entry may be there or not, but for one that a later sweep has passed', () => {
  const { n, after } = find((before, next) => changed(before, next).some((key) => key.includes('/m/')))
  const rows = diskOf(after)
  const gone = edit(rows, (row) => (row.key.includes('/m/') ? undefined : row))
  expect(faultsOf(n + 1, gone)).toEqual([])
  expect(faultsOf(n + 1, rows, NOW + 10)).toEqual([])
  expect(faultsOf(n + 1, rows, NOW + 1_000)).toContainEqual(expect.stringContaining('swept'))
  expect(faultsOf(n + 1, gone, NOW + 1_000)).toEqual([])
})

describe('it finds', () => {
  const COUNT = find((_, after) => [...after.values()].some(({ tags, life }) => tags.length > 0 && life === 'hour')).n + 1
  const sound = diskOf(stateAfter(COUNT))

  test.each<[string, OnDisk]>([
    ['an older value', edit(sound, (row) => ({ ...row, n: row.n! - 1 }))],
    ['a row that is gone', edit(sound, (row, place) => (place ? row : undefined))],
    ['other tags', edit(sound, (row) => ({ ...row, tags: [...row.tags, `${LANE}/9`] }))],
    ['a life that is not its own', edit(sound, (row) => ({ ...row, expiresAt: row.expiresAt === undefined ? NOW + 1 : undefined }))],
    ['a row that nobody wrote', withIndexes({ ...sound, rows: [...sound.rows, { ...sound.rows[0]!, key: 'other/a/1' }] })],
    ['a value that is cut', edit(sound, (row) => ({ ...row, intact: false }))],
    ['a record from the future', edit(sound, (row) => ({ ...row, createdAt: NOW + 1 }))],
    ['an index row that is missing', { ...sound, byExpiry: sound.byExpiry.slice(1) }],
    ['an index row of nothing', { ...sound, byTag: [...sound.byTag, [`${LANE}/0`, `${LANE}/a/99`]] }],
    ['an index row of another time', { ...sound, byExpiry: sound.byExpiry.map(([time, key]) => [Number(time) - 1, key]) }],
    ['a record of the log that cannot be read', { ...sound, changes: [{ id: 7, count: undefined }] }],
    ['a log without an order', { ...sound, changes: sound.changes.toReversed() }],
    ['an empty log', { ...sound, changes: [] }],
    ['a mark', { ...sound, marks: ['bestbefore'] }],
  ])('%s', (_, disk) => {
    expect(faultsOf(COUNT, sound)).toEqual([])
    expect(faultsOf(COUNT, disk)).not.toEqual([])
  })
})
