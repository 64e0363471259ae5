// The file that is kept of a complete run, the plot that is drawn from it, and what an earlier run left.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { RESULTS } from '../kept.ts'
import type { Machine } from '../machine.ts'
import { drawPlot } from '../plot.ts'
import { median, round } from '../statistics.ts'
import { figuresOf, middleOf } from './figures.ts'
import type { Verdict } from './judge.ts'
import { ENTRIES, GROWTH_SIZES, TURN, WORKLOAD_NAMES, type Sample } from './plan.ts'

const NUMBERS = join(RESULTS, 'memory.json')
const PLOT = join(RESULTS, 'memory-growth.svg')
const DRAWN = [
  ['map', 'Map'],
  ['bestbefore', 'bestbefore'],
  ['lru-cache', 'lru-cache'],
] as const

/** The verdicts of the run that was kept last; none when there is no such file. */
export function earlierVerdicts(): readonly Verdict[] {
  return existsSync(NUMBERS) ? JSON.parse(readFileSync(NUMBERS, 'utf8')).targets : []
}

/** @returns the paths of what was written */
export function save(samples: readonly Sample[], targets: readonly Verdict[], rounds: number, machine: Machine): string[] {
  const head = {
    command: `npm run bench -- --rounds ${rounds}`,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    ...machine,
    entries: ENTRIES,
    callsPerTurn: TURN,
  }
  mkdirSync(RESULTS, { recursive: true })
  // A line for each: a later run's can be compared with it by eye.
  const lines = (items: readonly object[]) => `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`
  const fields = Object.entries(head).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`)
  writeFileSync(NUMBERS, `{\n${fields.join('')}  "targets": ${lines(targets)},\n  "results": ${lines(summarize(samples))}\n}\n`)
  writeFileSync(PLOT, plotGrowth(samples))
  return [NUMBERS, PLOT].map((path) => relative(process.cwd(), path))
}

/** For each task its figures by name: the median, and that of each round. */
function summarize(samples: readonly Sample[]): object[] {
  const byTask = new Map<string, Sample[]>()
  for (const sample of samples) {
    const name = JSON.stringify({ ...sample.task, seed: undefined, workloads: undefined })
    byTask.set(name, [...(byTask.get(name) ?? []), sample])
  }
  return [...byTask].map(([task, own]) => {
    const names = Object.keys(own[0]!.answer)
    const figures = names.map((name) => {
      const perRound = own.map(({ answer }) => round(answer[name]!, 2))
      return [name, { median: round(median(perRound), 2), perRound }]
    })
    return { ...JSON.parse(task), ...Object.fromEntries(figures) }
  })
}

function plotGrowth(samples: readonly Sample[]): string {
  return drawPlot({
    title: 'Memory operations among more and more entries',
    x: 'entries',
    y: 'ns per operation',
    panels: WORKLOAD_NAMES.map((workload) => ({
      title: workload,
      series: DRAWN.map(([contestant, name]) => ({
        name,
        points: GROWTH_SIZES.flatMap((entries) => {
          const ns = middleOf(figuresOf(samples, { type: 'race', contestant, entries }, workload))
          return ns === undefined ? [] : [[entries, ns] as const]
        }),
      })),
    })),
  })
}
