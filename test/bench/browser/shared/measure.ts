// Runs a suite in one engine: a fresh profile, then round after round each work, with its contestants in rotating order.

import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineName } from '../../../browser/engines.ts'
import { launchEngine } from '../../../browser/launch.ts'
import { watchMachine, type Machine } from '../../machine.ts'
import { joined } from './series.ts'
import { servePages, type Scripts } from './serve.ts'
import type { Choice, Line, Sample, Series, Step, Suite, Verdict } from './suite.ts'

/** ms in which an engine has done what it does when it has started. */
const SETTLE_MS = 3_000
/** ms that one page may take. */
const TIME_LIMIT_MS = 15 * 60_000

export interface Plan {
  readonly rounds: number
  readonly choice: Choice
  /** Contestants to measure; undefined for all. */
  readonly only: readonly string[] | undefined
}

export interface Run extends Machine {
  readonly suite: Suite
  readonly engine: EngineName
  readonly rounds: number
  readonly userAgent: string
  readonly lines: readonly Line[]
  readonly verdicts: readonly Verdict[]
}

export async function measure(suite: Suite, engine: EngineName, { rounds, choice, only }: Plan, scripts: Scripts): Promise<Run> {
  const machine = await watchMachine()
  const server = await servePages(scripts)
  const running = launchEngine(engine, server.url, { switches: engine.startsWith('chromium') ? (suite.switches ?? []) : [] })
  const ended = running.ended.then((words) => Promise.reject(new Error(`${engine} ended early: ${words}`)))
  ended.catch(() => {})
  const samples: Sample[] = []
  try {
    await sleep(SETTLE_MS)
    for (let round = 0; round < rounds; round++) {
      for (const work of suite.works(choice)) {
        const contestants = suite.contestantsOf(work).filter((name) => only?.includes(name) ?? true)
        // Each round begins with another contestant, so that no place in the order is anyone's own.
        for (let turn = 0; turn < contestants.length; turn++) {
          const contestant = contestants[(turn + round) % contestants.length]!
          const answers: Series[] = []
          for (const phase of suite.phases) {
            const step: Step = { suite: suite.name, phase, contestant, round, work }
            answers.push(await Promise.race([server.run(step), ended, timeLimit(step)]))
          }
          const sample: Sample = { contestant, round, work, series: joined(answers) }
          samples.push(sample)
          process.stderr.write(`${engine}: ${suite.name}, round ${round + 1} of ${rounds}: ${describe(sample)}\n`)
        }
      }
    }
  } finally {
    await running.stop()
    server.close()
  }
  const lines = suite.summarize(samples)
  return { suite, engine, rounds, userAgent: server.userAgent, ...machine, lines, verdicts: suite.judge(lines, engine) }
}

async function timeLimit({ contestant, phase, work }: Step): Promise<Series> {
  await sleep(TIME_LIMIT_MS, undefined, { ref: false })
  throw new Error(`${contestant}, ${work.label}, ${phase} takes longer than ${TIME_LIMIT_MS} ms`)
}

function describe({ contestant, work, series: { ms = [] } }: Sample): string {
  return `${work.label}, ${contestant} ${ms.map((each) => each.toFixed(1)).join(' ')} ms`
}
