// Prints a run and keeps it: the table, the verdicts, the file of results, and how a run compares with the one that is kept.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Run } from './measure.ts'
import { round } from './statistics.ts'
import type { Line, Verdict } from './suite.ts'

const RESULTS = join(import.meta.dirname, '../../results')
/** Runs with fewer rounds are for trying, not for keeping. */
const LEAST_ROUNDS = 3

/** A run as it is kept. */
interface Kept {
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
  const { suite, engine, rounds, userAgent, cores, busy, lines, verdicts } = run
  console.log(`\n${suite.name} in ${engine}, median of ${rounds}\n${userAgent}\n${busy.toFixed(1)} of ${cores} cores busy before the run`)
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

/** Keeps a run that has all contestants and works and enough rounds; returns the file's path, or undefined for another. */
export function save(run: Run, complete: boolean): string | undefined {
  const { suite, engine, rounds, userAgent, cores, busy, lines, verdicts } = run
  if (!complete || rounds < (suite.rounds ?? LEAST_ROUNDS)) return undefined
  const content: Kept = {
    command: `npm run bench:browser -- --suite ${suite.name} --engine ${engine} --rounds ${rounds}`,
    date: new Date().toISOString().slice(0, 10),
    engine,
    userAgent,
    cores,
    busyCores: round(busy),
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

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  for (const row of rows) {
    console.log(row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '))
  }
}
