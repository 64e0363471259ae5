// The benchmark of the disk tier: suite after suite in one engine after the other, prints what it measured and judges it.
// `npm run bench:browser -- --suite writes --engine chromium --rounds 1` is a quick run; `--help` lists the options.

import { parseArgs } from 'node:util'
import { ENGINE_NAMES, findEngine } from '../../browser/engines.ts'
import { integerOf, namesOf } from '../arguments.ts'
import { endurance } from './endurance/suite.ts'
import { firstGet } from './first-get/suite.ts'
import { http } from './http/suite.ts'
import { reads } from './reads/suite.ts'
import { saveGrowth } from './shared/growth.ts'
import { measure, type Plan } from './shared/measure.ts'
import { isWorthKeeping, print, save } from './shared/report.ts'
import { buildPages } from './shared/serve.ts'
import type { Suite } from './shared/suite.ts'
import { sweep } from './sweep/suite.ts'
import { writes } from './writes/suite.ts'

const SUITES: readonly Suite[] = [writes, reads, sweep, firstGet, http, endurance]
const SUITE_NAMES = SUITES.map(({ name }) => name)
const CONTESTANT_NAMES = [...new Set(SUITES.flatMap(({ contestants }) => Object.keys(contestants)))]

const HELP = `npm run bench:browser -- [options]
  --suite NAMES    of ${SUITE_NAMES.join(', ')}; default: all
  --engine NAMES   of ${ENGINE_NAMES.join(', ')}; default: all that are installed
  --rounds N       interleaved rounds, default 3
  --size N,N       entries in the database; default: what the suite needs
  --share N,N      expired entries in %; default: what the suite needs
  --bytes N,N      length of a value that is written and read; default 400,4096,65536
  --only NAMES     of ${CONTESTANT_NAMES.join(', ')}; default: all
Lists are separated by commas. A run of at least 3 rounds that nothing else narrows writes test/bench/results.`

/** @returns the exit code: 1 when a target is missed or a run fails. */
export async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (options === undefined) {
    console.log(HELP)
    return 0
  }
  const { suites, engines, plan, complete } = options
  const scripts = await buildPages(SUITE_NAMES)
  let missed = 0
  let broken = 0
  for (const suite of suites) {
    for (const engine of engines ?? suite.engines ?? ENGINE_NAMES) {
      if (findEngine(engine) === undefined) {
        console.log(`!!! NOT MEASURED: ${suite.name} in ${engine}, which is not installed`)
        continue
      }
      try {
        const run = await measure(suite, engine, { ...plan, rounds: suite.rounds ?? plan.rounds }, scripts)
        print(run)
        missed += run.verdicts.filter(({ passed }) => !passed).length
        if (complete && isWorthKeeping(run)) console.log(`written: ${[save(run), ...saveGrowth(suite)].join(', ')}`)
      } catch (error) {
        // The other suites and engines have their own to tell.
        console.error(`!!! FAILED: ${suite.name} in ${engine}:`, error)
        broken++
      }
    }
  }
  console.log(`\n${missed} targets missed, ${broken} runs failed`)
  return missed + broken === 0 ? 0 : 1
}

function readOptions(args: string[]) {
  const list = { type: 'string', multiple: true } as const
  const { values } = parseArgs({
    args,
    options: { suite: list, engine: list, rounds: { type: 'string', default: '3' }, size: list, share: list, bytes: list, only: list, help: { type: 'boolean' } },
  })
  if (values.help) return undefined
  const integersOf = (option: 'size' | 'share' | 'bytes', most: number) =>
    values[option]?.flatMap((texts) => texts.split(',')).map((text) => integerOf(`--${option}`, text, 1, most))
  const choice = { sizes: integersOf('size', 1_000_000), shares: integersOf('share', 100), bytes: integersOf('bytes', 100_000) }
  const names = namesOf('--suite', values.suite ?? [], SUITE_NAMES)
  const plan: Plan = { rounds: integerOf('--rounds', values.rounds, 1, 100), choice, only: values.only && namesOf('--only', values.only, CONTESTANT_NAMES) }
  return {
    suites: SUITES.filter(({ name }) => names.includes(name)),
    engines: values.engine && namesOf('--engine', values.engine, ENGINE_NAMES),
    plan,
    complete: [values.only, ...Object.values(choice)].every((narrowed) => narrowed === undefined),
  }
}
