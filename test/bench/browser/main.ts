// The sweep benchmark: builds the page, opens it in one engine after the other, prints what it measured and judges it.
// `npm run bench:browser -- --engine chromium --rounds 1` is the quickest run; `--help` lists the options.

import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ENGINE_NAMES, findEngine, type EngineName } from '../../browser/engines.ts'
import { launchEngine } from '../../browser/launch.ts'
import { judge, print, save, type Run } from './sweep/report.ts'
import { buildPage, servePage } from './sweep/serve.ts'
import { CONTESTANT_NAMES, type ContestantName, type Plan } from './sweep/plan.ts'

const HELP = `npm run bench:browser -- [options]
  --engine NAMES   of ${ENGINE_NAMES.join(', ')}; default: all that are installed
  --rounds N       interleaved rounds, default 3
  --size N         entries, default 20000
  --share N,N      expired entries in %, default 90
  --only NAMES     of ${CONTESTANT_NAMES.join(', ')}; default: all
Lists are separated by commas. A run with all contestants and at least 3 rounds writes test/bench/results.`

/** ms that one engine may take for one share. */
const TIME_LIMIT_MS = 30 * 60_000

/** @returns the exit code: 1 when a target is missed. */
export async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (options === undefined) {
    console.log(HELP)
    return 0
  }
  const script = await buildPage()
  let failed = 0
  for (const engine of options.engines) {
    for (const share of options.shares) {
      const plan: Plan = { rounds: options.rounds, size: options.size, share, contestants: options.contestants }
      const run = await measure(engine, plan, script)
      print(run)
      for (const { text, passed } of judge(run)) {
        console.log(`${passed ? 'PASS' : 'FAIL'} ${engine}, ${share} % expired: ${text}`)
        if (!passed) failed++
      }
      const path = save(run)
      if (path !== undefined) console.log(`written: ${path}`)
    }
  }
  console.log(failed === 0 ? '\nall targets met' : `\n${failed} targets missed`)
  return failed === 0 ? 0 : 1
}

async function measure(engine: EngineName, plan: Plan, script: string): Promise<Run> {
  const machine = await machineState()
  const page = await servePage(script, plan, (line) => process.stderr.write(`${engine}: ${line}\n`))
  const running = launchEngine(engine, page.url)
  try {
    const early = running.ended.then((words) => Promise.reject(new Error(`${engine} ended early: ${words}`)))
    const late = new Promise<never>((_resolve, reject) => {
      setTimeout(() => reject(new Error(`${engine} takes longer than ${TIME_LIMIT_MS} ms`)), TIME_LIMIT_MS).unref()
    })
    return { engine, plan, ...machine, ...(await Promise.race([page.result, early, late])) }
  } finally {
    await running.stop()
    page.close()
  }
}

/** The cores, and how many of them others keep busy just now. */
async function machineState(): Promise<{ cores: number; busy: number }> {
  const idle = () => cpus().reduce((sum, { times }) => sum + times.idle, 0)
  const [idleBefore, start] = [idle(), performance.now()]
  await sleep(2_000)
  const cores = cpus().length
  return { cores, busy: Math.max(0, cores - (idle() - idleBefore) / (performance.now() - start)) }
}

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      engine: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: '3' },
      size: { type: 'string', default: '20000' },
      share: { type: 'string', multiple: true, default: ['90'] },
      only: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const named = namesOf<EngineName>('--engine', values.engine, ENGINE_NAMES)
  const engines = (named.length > 0 ? named : ENGINE_NAMES).filter((name) => {
    if (findEngine(name) !== undefined) return true
    console.log(`!!! NOT MEASURED in ${name}: not found`)
    return false
  })
  const only = namesOf<ContestantName>('--only', values.only, CONTESTANT_NAMES)
  return {
    engines,
    rounds: integer('--rounds', values.rounds, 1, 100),
    size: integer('--size', values.size, 1, 1_000_000),
    shares: split(values.share).map((share) => integer('--share', share, 1, 100)),
    contestants: CONTESTANT_NAMES.filter((name) => only.length === 0 || only.includes(name)),
  }
}

function split(lists: readonly string[]): string[] {
  return lists.flatMap((list) => list.split(',')).filter(Boolean)
}

function namesOf<T extends string>(option: string, lists: readonly string[], known: readonly T[]): T[] {
  return split(lists).map((name) => {
    const found = known.find((other) => other === name)
    if (found === undefined) throw new RangeError(`${option} must be of ${known.join(', ')}: received ${name}`)
    return found
  })
}

function integer(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) throw new RangeError(`${option} must be ${least} to ${most}: received ${text}`)
  return value
}
