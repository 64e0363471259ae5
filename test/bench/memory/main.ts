// The benchmark of the memory tier in Node: builds the worker, checks the contestants, has them race in interleaved rounds,
// each task in a process of its own and none beside another, prints what was measured and judges it.
// `npm run bench -- --part race --only map,bestbefore --rounds 1` is a quick run; `--help` lists the options.

import { parseArgs } from 'node:util'
import { integerOf, namesOf } from '../arguments.ts'
import { LEAST_ROUNDS } from '../kept.ts'
import { watchMachine } from '../machine.ts'
import { checkAgreement } from './agreement.ts'
import { judge } from './judge.ts'
import { CONTESTANT_NAMES, KEY_KINDS, PART_NAMES, WORKLOAD_NAMES, type Sample } from './plan.ts'
import { printReport, printVerdicts } from './report.ts'
import { earlierVerdicts, save } from './results.ts'
import { createRunner, type Runner } from './run.ts'
import { isComplete, tasksOf, type Choice } from './schedule.ts'

const HELP = `npm run bench -- [options]
  --rounds N         interleaved rounds, default 5
  --part NAMES       of ${PART_NAMES.join(', ')}
  --only NAMES       of ${CONTESTANT_NAMES.join(', ')}
  --workload NAMES   of ${WORKLOAD_NAMES.join(', ')}
  --keys NAMES       of ${KEY_KINDS.join(', ')}
Lists are separated by commas; without them all. A run of all with at least 3 rounds writes test/bench/results.`

/** @returns the exit code: 1 when a target is missed. */
export async function main(args: string[]): Promise<number> {
  const choice = readOptions(args)
  if (choice === undefined) {
    console.log(HELP)
    return 0
  }
  const machine = await watchMachine()
  const runner = await createRunner()
  const samples = await measure(choice, runner).finally(runner.close)
  checkAgreement(samples)
  console.log(`\n${process.version}, ${machine.cpu}: ${machine.busyCores} of ${machine.cores} cores busy before the run`)
  printReport(samples)
  const verdicts = judge(samples)
  printVerdicts(verdicts, earlierVerdicts())
  if (isComplete(choice) && choice.rounds >= LEAST_ROUNDS) console.log(`written: ${save(samples, verdicts, choice.rounds, machine).join(', ')}`)
  const missed = verdicts.filter(({ passed }) => !passed).length
  console.log(`\n${missed} of ${verdicts.length} targets missed`)
  return missed === 0 ? 0 : 1
}

async function measure(choice: Choice, runner: Runner): Promise<Sample[]> {
  for (const contestant of choice.contestants) await runner.run({ type: 'check', contestant })
  const samples: Sample[] = []
  for (let round = 0; round < choice.rounds; round++) {
    const start = performance.now()
    for (const task of tasksOf(choice, round)) samples.push({ round, task, answer: await runner.run(task) })
    process.stderr.write(`round ${round + 1} of ${choice.rounds}: ${((performance.now() - start) / 1_000).toFixed(0)} s\n`)
  }
  return samples
}

function readOptions(args: string[]): Choice | undefined {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      part: { type: 'string', multiple: true, default: [] },
      only: { type: 'string', multiple: true, default: [] },
      workload: { type: 'string', multiple: true, default: [] },
      keys: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return {
    rounds: integerOf('--rounds', values.rounds, 1, 100),
    parts: namesOf('--part', values.part, PART_NAMES),
    contestants: namesOf('--only', values.only, CONTESTANT_NAMES),
    workloads: namesOf('--workload', values.workload, WORKLOAD_NAMES),
    keys: namesOf('--keys', values.keys, KEY_KINDS),
  }
}
