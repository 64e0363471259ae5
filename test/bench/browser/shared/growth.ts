// Draws how a suite's cost grows with what is stored, from the runs that are kept: a panel for each engine.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ENGINE_NAMES } from '../../../browser/engines.ts'
import { RESULTS } from '../../kept.ts'
import { drawPlot } from '../../plot.ts'
import type { Kept } from './report.ts'
import type { Suite } from './suite.ts'

/** @returns the paths of what it drew: none for a suite whose works do not differ in what is stored */
export function saveGrowth({ name, growth }: Suite): string[] {
  if (growth === undefined) return []
  const { title, y, figure, series, where } = growth
  const panels = ENGINE_NAMES.flatMap((engine) => {
    const file = join(RESULTS, `${name}-${engine}.json`)
    if (!existsSync(file)) return []
    // A file that save() wrote.
    const { results } = JSON.parse(readFileSync(file, 'utf8')) as Kept
    const pointsOf = (contestant: string) =>
      results
        .filter((row) => row['contestant'] === contestant && Object.entries(where ?? {}).every(([column, value]) => row[column] === value))
        .map((row) => [Number(row['entries']), Number(row[figure])] as const)
        .sort(([one], [other]) => one - other)
    return [{ title: engine, series: Object.entries(series).map(([contestant, words]) => ({ name: words, points: pointsOf(contestant) })) }]
  })
  const path = join(RESULTS, `${name}-growth.svg`)
  writeFileSync(path, drawPlot({ title, x: 'entries stored', y, panels }))
  return [relative(process.cwd(), path)]
}
