// A history of three tabs and a reader: random operations on one cache at once, judged by the checker. HISTORY_OPERATIONS=<number> does more
// of them (`npm run test:history`), SEED=<number> others; the seed stands in the test's name.

import { expect, test } from 'vitest'
import { FULL } from '../full.ts'
import { check, STALE_MS, type Step } from './history.ts'
import type { RoamOptions } from './support/roam.ts'
import { useTabs, type OpenOptions } from './support/tabs.ts'

const OPERATIONS = Number(process.env['HISTORY_OPERATIONS'] ?? (FULL ? 2_000 : 1_000))
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const KEYS = Array.from({ length: 30 }, (_, number) => `group ${number % 5}/${number}`)
const MINUTE_MS = 60_000

const tabs = useTabs()

/** @param reader how to open a fourth tab, which only reads, and so learns of changes by being told alone */
async function record(operations: number, seed: number, reader?: OpenOptions): Promise<Step[]> {
  // One tab reads much from disk, the others from memory.
  const writers = [...(await tabs.open(1, { cache: { maxEntries: 8 } })), ...(await tabs.open(2))]
  const places = [...writers, ...(await tabs.open(1, reader))]
  const logs = await Promise.all(
    places.map((place, number) => {
      const own = KEYS.filter((_, place) => place % writers.length === number)
      const roaming: RoamOptions = { seed: seed + number, operations: Math.ceil(operations / places.length), keys: KEYS, own }
      return place.run((side, settings) => side.roam(side, settings), roaming)
    }),
  )
  for (const place of places) expect(await place.run(({ faults }) => faults), `faults in ${place.name}`).toEqual([])
  return logs.flat()
}

test(`three tabs never read what they may not, in ${OPERATIONS} operations, seed ${SEED}`, { timeout: MINUTE_MS + 20 * OPERATIONS }, async () => {
  const history = await record(OPERATIONS, SEED)
  const asked = history.filter(({ what }) => what !== 'event')
  expect(asked.length).toBeGreaterThanOrEqual(OPERATIONS)
  const told = history.length - asked.length
  const hits = asked.filter(({ what, value }) => what === 'peek' && value !== undefined).length
  console.log(`history: ${asked.length} operations, ${told} events, ${hits} peeks that found a value, seed ${SEED}`)
  expect(check(history).slice(0, 10), `seed ${SEED}`).toEqual([])
  expect(told, 'events of other tabs').toBeGreaterThan(OPERATIONS / 10)

  // The same history with one old answer in it is refused: the operations were such that a fault would have shown.
  const spoiled = spoil(history)
  expect(spoiled.length, 'reads that could have been wrong').toBeGreaterThan(OPERATIONS / 20)
  for (const { read, old } of spoiled.slice(0, 20)) {
    const wrong = history.map((step) => (step === read ? { ...step, value: old } : step))
    expect(check(wrong), `a get answered with ${old}`).not.toEqual([])
  }
})

test('a history with a tab that cannot hear the others is refused', async () => {
  const history = await record(1_000, SEED, { missing: ['globalThis.BroadcastChannel'] })
  // Its memory is wrong, as nothing it did has told it so.
  tabs.opened[3]!.silent = true
  const faults = check(history)
  expect(faults.filter((fault) => !fault.startsWith('D: '))).toEqual([])
  expect(faults).not.toEqual([])
})

/** Gets that could have found a value long replaced. */
function spoil(history: readonly Step[]): { read: Step; old: string }[] {
  const sets = history.filter(({ what }) => what === 'set')
  return history.flatMap((read) => {
    if (read.what !== 'get') return []
    const [newer, old] = sets.filter(({ key, ended }) => key === read.key && ended + STALE_MS <= read.begun).sort((a, b) => b.begun - a.begun)
    return newer && old?.value !== undefined && old.ended + 10 < newer.begun ? [{ read, old: old.value }] : []
  })
}
