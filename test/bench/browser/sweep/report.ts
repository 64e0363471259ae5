// Makes numbers of the samples: medians and percentiles, the table, the targets, and the file that is kept.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { EngineName } from '../../../browser/engines.ts'
import { CONTESTANT_NAMES, CONTESTANTS, type Answer, type ContestantName, type Plan } from './plan.ts'

export interface Run extends Answer {
  readonly engine: EngineName
  readonly plan: Plan
  readonly cores: number
  /** Cores that others kept busy just before the run: more than a few tenths disturb it. */
  readonly busy: number
}

/** How many times faster than the baseline a sweep must be, where 90 % of 20,000 entries expired. */
const LEAST_RATIO: Readonly<Record<EngineName, number>> = { chromium: 7, 'chromium-sqlite': 7, firefox: 25, webkit: 2.4 }
/** ms within which 99 % of the gets during a sweep must be answered. */
const MOST_P99 = 100
/** Runs with fewer rounds are for trying, not for keeping. */
const LEAST_ROUNDS = 3
const RESULTS = join(import.meta.dirname, '../../results')

interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

interface Line {
  /** Median of the rounds. */
  readonly ms: number
  readonly perRound: readonly number[]
  readonly usPerExpired: number
  /** Baseline's time / this one's, the median of each round's own ratio; absent without a baseline. */
  readonly timesFaster?: number
  /** Of all rounds together. */
  readonly reads?: Percentiles
  readonly idleReads?: Percentiles
}

function summarize({ samples, expired }: Run): Map<ContestantName, Line> {
  const lines = new Map<ContestantName, Line>()
  const baseline = new Map(samples.filter(({ contestant }) => contestant === 'cursor').map(({ round, ms }) => [round, ms]))
  for (const name of CONTESTANT_NAMES) {
    const own = samples.filter(({ contestant }) => contestant === name)
    if (own.length === 0) continue
    const ms = median(own.map((sample) => sample.ms))
    const ratios = own.flatMap((sample) => (baseline.get(sample.round) ?? NaN) / sample.ms).filter(Number.isFinite)
    const reads = own.flatMap((sample) => sample.reads)
    lines.set(name, {
      ms: round(ms),
      perRound: own.map((sample) => round(sample.ms)),
      usPerExpired: round((ms * 1_000) / expired),
      ...(ratios.length > 0 && { timesFaster: round(median(ratios), 2) }),
      ...(reads.length > 0 && { reads: percentiles(reads), idleReads: percentiles(own.flatMap((sample) => sample.idleReads)) }),
    })
  }
  return lines
}

export function print(run: Run): void {
  const { engine, plan, expired, userAgent, cores, busy } = run
  console.log(`\n${engine}: ${plan.size} entries, ${expired} expired (${plan.share} %), median of ${plan.rounds}\n${userAgent}`)
  console.log(`${busy.toFixed(1)} of ${cores} cores busy before the run`)
  const rows = [['', 'ms', 'µs each', 'x faster', 'gets', 'p50', 'p99', 'max', 'idle p50', 'idle max']]
  for (const [name, { ms, usPerExpired, timesFaster, reads, idleReads }] of summarize(run)) {
    const latencies = [reads?.count, reads?.p50, reads?.p99, reads?.max, idleReads?.p50, idleReads?.max]
    rows.push([CONTESTANTS[name], ...[ms, usPerExpired, timesFaster, ...latencies].map((value) => String(value ?? ''))])
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  for (const row of rows) {
    console.log(row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '))
  }
}

/** The targets that apply to a run, and whether it meets them. */
export function judge(run: Run): { text: string; passed: boolean }[] {
  const { engine, plan } = run
  const lines = summarize(run)
  const verdicts: { text: string; passed: boolean }[] = []
  const timesFaster = lines.get('sweep')?.timesFaster
  if (timesFaster !== undefined && plan.share === 90 && plan.size === 20_000) {
    const least = LEAST_RATIO[engine]
    verdicts.push({ text: `sweep() is ${timesFaster} times faster than the value cursor, target ${least}`, passed: timesFaster >= least })
  }
  for (const name of ['gets', 'gets-10ms'] as const) {
    const reads = lines.get(name)?.reads
    if (reads) verdicts.push({ text: `${CONTESTANTS[name]}: p99 ${reads.p99} ms of ${reads.count}, target < ${MOST_P99}`, passed: reads.p99 < MOST_P99 })
  }
  return verdicts
}

/** Keeps the numbers of a full run; returns the file's path, or undefined for a run that is not to be kept. */
export function save(run: Run): string | undefined {
  const { engine, plan, userAgent, cores, busy, expired } = run
  if (plan.rounds < LEAST_ROUNDS || plan.contestants.length < CONTESTANT_NAMES.length) return undefined
  const path = join(RESULTS, `sweep-${engine}-${plan.size}-${plan.share}.json`)
  const content = {
    command: `npm run bench:browser -- --engine ${engine} --size ${plan.size} --share ${plan.share} --rounds ${plan.rounds}`,
    date: new Date().toISOString().slice(0, 10),
    engine,
    userAgent,
    cores,
    busyCores: round(busy),
    entries: plan.size,
    expired,
    targets: judge(run),
    results: Object.fromEntries(summarize(run)),
  }
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`)
  return relative(process.cwd(), path)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** By nearest rank: with fewer than 100 values, p99 is the largest. */
function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => round(sorted[Math.ceil(share * sorted.length) - 1]!)
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}
