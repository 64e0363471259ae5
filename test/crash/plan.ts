// What pages write in the kill test. A lane is one chain of operations on keys of its own: the next one begins when the one
// before is acknowledged, so at any moment at most one of a lane is under way. Which operation is the nth follows from the
// seed alone: the page that runs it and the test that judges what is left know it without telling each other.

import { random } from '../helpers/property.ts'

export type Life = 'endless' | 'hour' | 'moment'

/** What an operation leaves under a key. */
export interface Kept {
  /** The operation's number in its lane; its value is made of it. */
  readonly n: number
  readonly life: Life
  readonly tags: readonly string[]
}

export type Method = 'set' | 'sets' | 'setMany' | 'add' | 'update' | 'take' | 'delete' | 'deletes' | 'deletePrefix' | 'deleteTag' | 'sweep'

export interface Operation {
  readonly n: number
  readonly method: Method
  /** Those it is called with: none, or one of `deletePrefix` or `deleteTag`, or keys. */
  readonly names: readonly string[]
  readonly life: Life
  readonly tags: readonly string[]
}

/** What lies under the keys of a lane. */
export type LaneState = ReadonlyMap<string, Kept>

/** ms; undefined for none. */
export const LIVES: Readonly<Record<Life, number | undefined>> = { endless: undefined, hour: 3_600_000, moment: 60 }
/** Keys of each of a lane's two groups, and those that live for a moment. */
const GROUP = 6
const MOMENTS = 30

/** Methods and how often each is called. */
const SHARES: readonly (readonly [Method, number])[] = [
  ['set', 20], ['sets', 12], ['setMany', 25], ['add', 6], ['update', 6], ['take', 4], ['delete', 8], ['deletes', 5], ['deletePrefix', 4], ['deleteTag', 4], ['sweep', 2],
]
const TOTAL = SHARES.reduce((sum, [, share]) => sum + share, 0)

/** Keys that a lane may hold for longer than a moment. */
export function lastingKeys(lane: string): string[] {
  return ['a', 'b'].flatMap((group) => Array.from({ length: GROUP }, (_, place) => `${lane}/${group}/${place}`))
}

/** The lane of a key or a tag. */
export function laneOf(name: string): string {
  return name.slice(0, name.indexOf('/'))
}

export function operationOf(seed: number, lane: string, n: number): Operation {
  const next = random([...`${seed} ${lane} ${n}`].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5))
  let dice = next() * TOTAL
  const [method] = SHARES.find(([, share]) => (dice -= share) < 0)!
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)]!
  const keys = lastingKeys(lane).map((key) => ({ key, place: next() })).sort((one, other) => one.place - other.place).map(({ key }) => key)
  const some = keys.slice(0, 2 + Math.floor(next() * 7))
  const tags = pick([[], [], [`${lane}/0`], [`${lane}/1`], [`${lane}/0`, `${lane}/1`]])
  const base = { n, method, life: pick<Life>(['endless', 'hour']), tags }
  switch (method) {
    case 'sets':
    case 'setMany':
      // Every third batch is of entries that a sweep will find.
      if (method === 'setMany' && next() < 0.3) return { ...base, life: 'moment', names: Array.from({ length: MOMENTS }, (_, place) => `${lane}/m/${place}`) }
      return { ...base, names: some }
    case 'deletes':
      return { ...base, names: some }
    case 'deletePrefix':
      return { ...base, names: [`${lane}/${pick(['a', 'b'])}/`] }
    case 'deleteTag':
      return { ...base, names: [`${lane}/${pick([0, 1])}`] }
    case 'sweep':
      return { ...base, names: [] }
    default:
      return { ...base, names: keys.slice(0, 1) }
  }
}

/** Whether all that an operation does is there after a crash, or nothing of it. Calls of one tick are not bound to each other. */
export function isAtomic({ method }: Operation): boolean {
  return method !== 'sets' && method !== 'deletes'
}

export function apply(state: LaneState, { n, method, names, life, tags }: Operation): LaneState {
  const after = new Map(state)
  const [name] = names
  switch (method) {
    case 'set':
    case 'sets':
    case 'setMany':
      for (const key of names) after.set(key, { n, life, tags })
      break
    case 'add':
      if (!state.has(name!)) after.set(name!, { n, life, tags })
      break
    case 'update':
      if (state.has(name!)) after.set(name!, { ...state.get(name!)!, n })
      break
    case 'take':
    case 'delete':
    case 'deletes':
      for (const key of names) after.delete(key)
      break
    case 'deletePrefix':
      for (const key of state.keys()) if (key.startsWith(name!)) after.delete(key)
      break
    case 'deleteTag':
      for (const [key, kept] of state) if (kept.tags.includes(name!)) after.delete(key)
      break
    case 'sweep':
  }
  return after
}

/** The value that the nth operation of a lane gives a key. One in thirty is too large for Chromium to keep beside its key. */
export function valueOf(key: string, n: number): { readonly key: string; readonly n: number; readonly text: string } {
  const next = random([...`${key} ${n}`].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), n))
  const length = next() < 1 / 30 ? 80_000 : Math.floor(2_000 * next() ** 3)
  let text = ''
  while (text.length < length) text += next().toString(36).slice(2)
  return { key, n, text }
}
