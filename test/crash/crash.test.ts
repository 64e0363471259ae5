// F26: the whole browser is killed at a random moment while three pages write, again and again on one profile. After each crash all that
// was acknowledged is there, no batch is torn, nothing removed is back, and the database is sound. CRASH_ROUNDS=<number> makes
// more of them (`npm run test:crash`), TABS_ENGINE takes one backend alone, SEED=<number> tries other ones.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { join } from 'node:path'
import { BACKENDS } from '../engines/support/profiles.ts'
import { Api } from '../tabs/support/api.ts'
import { bundleSide } from '../tabs/support/browser.ts'
import { runRounds } from './rounds.ts'

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 10)
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
/** ms, at most. */
const ROUND_MS = 15_000

let api: Api

beforeAll(async () => {
  api = await Api.start({ '/side.js': await bundleSide(join(import.meta.dirname, 'page.ts')) })
})

afterAll(() => api?.close())

test.each(BACKENDS.map((engine, place) => [engine, Math.floor((ROUNDS + place) / BACKENDS.length)] as const))(
  `F26: %s, killed %i times, has all that was acknowledged and nothing by halves, seed ${SEED}`,
  { timeout: ROUNDS * ROUND_MS },
  async (engine, rounds) => {
    const { acknowledged, reached, missed, torn } = await runRounds({ engine, seed: SEED, rounds, url: `${api.newOrigin()}/` })
    const underWay = `of those under way ${reached} were on disk and ${missed} were not`
    console.log(`${engine}: ${rounds} kills, ${acknowledged} acknowledged operations; ${underWay}; ${torn} torn logs; seed ${SEED}`)
    // It did kill under load.
    expect(acknowledged).toBeGreaterThan(5 * rounds)
    expect(reached + missed).toBeGreaterThan(rounds)
  },
)
