// What is raced. Each task prepares a database of its own, times its work alone, and checks that the work was done.

import { formatCount } from '../format.ts'
import type { Contestant, Item, Opened } from './contestant.ts'

const VALUE_LENGTH = 400
const HOUR = 3_600_000
/** Of ten entries those that have expired. */
const EXPIRED_OF_TEN = 9
/** Entries that are written first, for warming up. */
const WARM_UP = 20

export interface Sizes {
  readonly atOnce: number
  readonly awaited: number
  readonly gets: number
  readonly stored: number
}

export interface Task {
  readonly title: string
  /**
   * Runs the task in a new database, which is gone afterwards.
   *
   * @returns ms
   * @throws Error when the work was not done
   */
  run(contestant: Contestant, database: string): Promise<number>
}

export function tasksOf({ atOnce, awaited, gets, stored }: Sizes): readonly Task[] {
  const oneByOne = async (opened: Opened, items: readonly Item[]): Promise<void> => {
    for (const item of items) await opened.set(item)
  }
  return [
    { title: `${formatCount(atOnce)} sets at once`, run: inNewDatabase((open) => writes(open, atOnce, setEach)) },
    { title: `${formatCount(awaited)} sets, each awaited`, run: inNewDatabase((open) => writes(open, awaited, oneByOne)) },
    { title: `${formatCount(gets)} gets, none in memory`, run: inNewDatabase((open) => reads(open, gets)) },
    { title: `Delete what expired among ${formatCount(stored)}`, run: inNewDatabase((open) => expiry(open, stored)) },
  ]
}

/** Opens the task's database, and closes it when the work is done or fails. */
type Open = <T>(now: number, work: (opened: Opened) => Promise<T>) => Promise<T>

function inNewDatabase(task: (open: Open) => Promise<number>): Task['run'] {
  return async (contestant, database) => {
    const open: Open = async (now, work) => {
      const opened = await contestant.open(database, now)
      try {
        return await work(opened)
      } finally {
        await opened.close()
      }
    }
    try {
      return await task(open)
    } finally {
      await contestant.remove(database)
    }
  }
}

async function writes(open: Open, count: number, work: (opened: Opened, items: readonly Item[]) => Promise<unknown>): Promise<number> {
  const now = Date.now()
  const items = createItems(count, now)
  const ms = await open(now, async (opened) => {
    await opened.fill(warmUpItems(now))
    return timed(() => work(opened, items))
  })
  await open(now, (opened) => expectValues(opened, items))
  return ms
}

async function reads(open: Open, count: number): Promise<number> {
  const now = Date.now()
  const items = createItems(count, now)
  const warmUp = warmUpItems(now)
  await open(now, (opened) => opened.fill([...items, ...warmUp]))
  return open(now, async (opened) => {
    await getEach(opened, warmUp)
    let found: readonly (string | undefined)[] = []
    const ms = await timed(async () => (found = await getEach(opened, items)))
    compare(found, items)
    return ms
  })
}

async function expiry(open: Open, count: number): Promise<number> {
  const now = Date.now()
  const items = createItems(count, now).map((item, index) =>
    index % 10 < EXPIRED_OF_TEN ? { ...item, expiresAt: now - 1_000 - index } : item,
  )
  await open(now - HOUR, (opened) => opened.fill(items))
  return open(now, async (opened) => {
    const ms = await timed(() => opened.removeExpired())
    const live = items.filter(({ expiresAt }) => expiresAt > now)
    const left = await opened.keys()
    if (left.length !== live.length) throw new Error(`${left.length} entries are left, not ${live.length}`)
    await expectValues(opened, live)
    return ms
  })
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  // In a task of its own, after what came before has settled.
  await new Promise((resolve) => setTimeout(resolve, 50))
  const start = performance.now()
  await work()
  return performance.now() - start
}

function setEach(opened: Opened, items: readonly Item[]): Promise<unknown> {
  return Promise.all(items.map(opened.set))
}

function getEach(opened: Opened, items: readonly Item[]): Promise<(string | undefined)[]> {
  return Promise.all(items.map(({ key }) => opened.get(key)))
}

async function expectValues(opened: Opened, items: readonly Item[]): Promise<void> {
  compare(await getEach(opened, items), items)
}

function compare(found: readonly (string | undefined)[], items: readonly Item[]): void {
  const wrong = items.filter(({ value }, index) => found[index] !== value).length
  if (wrong > 0) throw new Error(`${wrong} of ${items.length} values are wrong`)
}

/** Keys in no order, values that do not compress away. */
function createItems(count: number, now: number): Item[] {
  const bytes = new Uint8Array(VALUE_LENGTH / 2)
  return Array.from({ length: count }, (_, index) => {
    const value = Array.from(crypto.getRandomValues(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
    return { key: `item:${value.slice(0, 8)}:${index}`, value, expiresAt: now + HOUR }
  })
}

function warmUpItems(now: number): Item[] {
  return Array.from({ length: WARM_UP }, (_, index) => ({ key: `warm-up:${index}`, value: '', expiresAt: now + HOUR }))
}
