// The benchmark of the disk tier: suite after suite in one engine after the other, prints what it measured and judges it.
// `npm run bench:browser -- --suite writes --engine chromium --rounds 1` is a quick run; `--help` lists the options.

import { parseArgs } from 'node:util'
import { ENGINE_NAMES, findEngine } from '../../browser/engines.ts'
import { endurance } from './endurance/suite.ts'
import { firstGet } from './first-get/suite.ts'
import { reads } from './reads/suite.ts'
import { measure, type Plan } from './shared/measure.ts'
import { print, save } from './shared/report.ts'
import { buildPages } from './shared/serve.ts'
import type { Suite } from './shared/suite.ts'
import { sweep } from './sweep/suite.ts'
import { writes } from './writes/suite.ts'

const SUITES: readonly Suite[] = [writes, reads, sweep, firstGet, endurance]
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

/** @returns the exit code: 1 when a target is missed. */
export async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (options === undefined) {
    console.log(HELP)
    return 0
  }
  const { suites, engines, plan, complete } = options
  const scripts = await buildPages(SUITE_NAMES)
  let failed = 0
  for (const suite of suites) {
    for (const engine of engines ?? suite.engines ?? ENGINE_NAMES) {
      if (findEngine(engine) === undefined) {
        console.log(`!!! NOT MEASURED: ${suite.name} in ${engine}, which is not installed`)
        continue
      }
      const run = await measure(suite, engine, { ...plan, rounds: suite.rounds ?? plan.rounds }, scripts)
      print(run)
      failed += run.verdicts.filter(({ passed }) => !passed).length
      const path = save(run, complete)
      if (path !== undefined) console.log(`written: ${path}`)
    }
  }
  console.log(failed === 0 ? '\nall targets met' : `\n${failed} targets missed`)
  return failed === 0 ? 0 : 1
}

function readOptions(args: string[]) {
  const list = { type: 'string', multiple: true } as const
  const { values } = parseArgs({
    args,
    options: { suite: list, engine: list, rounds: { type: 'string', default: '3' }, size: list, share: list, bytes: list, only: list, help: { type: 'boolean' } },
  })
  if (values.help) return undefined
  const names = namesOf('--suite', values.suite, SUITE_NAMES)
  const choice = {
    sizes: integers('--size', values.size, 1_000_000),
    shares: integers('--share', values.share, 100),
    bytes: integers('--bytes', values.bytes, 100_000),
  }
  const only = namesOf('--only', values.only, CONTESTANT_NAMES)
  const plan: Plan = { rounds: integer('--rounds', values.rounds, 100), choice, only: only ?? [] }
  return {
    suites: SUITES.filter(({ name }) => names?.includes(name) ?? true),
    engines: namesOf('--engine', values.engine, ENGINE_NAMES),
    plan,
    complete: [only, ...Object.values(choice)].every((narrowed) => narrowed === undefined),
  }
}

function split(lists: readonly string[]): string[] {
  return lists.flatMap((list) => list.split(',')).filter(Boolean)
}

/** Undefined for an option that is not given. */
function namesOf<T extends string>(option: string, lists: readonly string[] | undefined, known: readonly T[]): T[] | undefined {
  return lists && split(lists).map((name) => {
    const found = known.find((other) => other === name)
    if (found === undefined) throw new RangeError(`${option} must be of ${known.join(', ')}: received ${name}`)
    return found
  })
}

function integers(option: string, lists: readonly string[] | undefined, most: number): number[] | undefined {
  return lists && split(lists).map((text) => integer(option, text, most))
}

function integer(option: string, text: string, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > most) throw new RangeError(`${option} must be 1 to ${most}: received ${text}`)
  return value
}
