// Prints a run and keeps it: the table, the verdicts, the file of results, and how a run compares with the one that is kept.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { LEAST_ROUNDS, RESULTS } from '../../kept.ts'
import { printTable } from '../../table.ts'
import type { Run } from './measure.ts'
import type { Line, Verdict } from './suite.ts'

/** A run as it is kept. */
export interface Kept {
  readonly command: string
  readonly date: string
  readonly engine: string
  readonly userAgent: string
  readonly cores: number
  readonly busyCores: number
  readonly targets: readonly Verdict[]
  readonly results: readonly Readonly<Record<string, unknown>>[]
}

export function print(run: Run): void {
  const { suite, engine, rounds, userAgent, cores, busyCores, lines, verdicts } = run
  console.log(`\n${suite.name} in ${engine}, median of ${rounds}\n${userAgent}\n${busyCores} of ${cores} cores busy before the run`)
  const columns = [...new Set(lines.flatMap(({ figures }) => Object.keys(figures)))]
  for (const work of new Set(lines.map((line) => line.work))) {
    const own = lines.filter((line) => line.work === work)
    const rows = own.map(({ contestant, figures }) => [suite.contestants[contestant]!, ...columns.map((column) => String(figures[column] ?? ''))])
    console.log(`\n${work}`)
    printTable([['', ...columns], ...rows])
  }
  compare(run)
  console.log('')
  for (const { text, passed } of verdicts) console.log(`${passed ? 'PASS' : 'FAIL'} ${engine}, ${suite.name}: ${text}`)
}

/** Whether a run has enough rounds; with fewer it is for trying. */
export function isWorthKeeping({ suite, rounds }: Run): boolean {
  return rounds >= (suite.rounds ?? LEAST_ROUNDS)
}

/** Keeps a run; returns the file's path. */
export function save(run: Run): string {
  const { suite, engine, rounds, userAgent, cores, busyCores, lines, verdicts } = run
  const content: Kept = {
    command: `npm run bench:browser -- --suite ${suite.name} --engine ${engine} --rounds ${rounds}`,
    date: new Date().toISOString().slice(0, 10),
    engine,
    userAgent,
    cores,
    busyCores,
    targets: verdicts,
    results: lines.map(({ work, contestant, figures, perRound }) => ({ work, contestant, ...figures, perRound })),
  }
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(pathOf(run), `${JSON.stringify(content, null, 2)}\n`)
  return relative(process.cwd(), pathOf(run))
}

/** Says what this run's ratios were when they were last kept. */
function compare(run: Run): void {
  if (!existsSync(pathOf(run))) return
  // A file that save() wrote.
  const { date, results } = JSON.parse(readFileSync(pathOf(run), 'utf8')) as Kept
  const column = run.suite.comparedBy
  const ratioOf = ({ work, contestant }: Line) => results.find((kept) => kept['work'] === work && kept['contestant'] === contestant)?.[column]
  const rows = run.lines.flatMap((line) => {
    const [now, before] = [line.figures[column], ratioOf(line)]
    return now === undefined || typeof before !== 'number' ? [] : [[`${line.work}, ${line.contestant}`, String(before), String(now)]]
  })
  if (rows.length === 0) return
  console.log('')
  printTable([[column, date, 'now'], ...rows])
}

function pathOf({ suite, engine }: Run): string {
  return join(RESULTS, `${suite.name}-${engine}.json`)
}
