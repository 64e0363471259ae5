// Targets as suites state them: a figure of one contestant at one work, and what it must not pass.

import type { Line, Verdict } from './suite.ts'

export function figureOf(lines: readonly Line[], work: string, contestant: string, column: string): number | undefined {
  return lines.find((line) => line.work === work && line.contestant === contestant)?.figures[column]
}

/** A target that a figure must not exceed; none where it was not measured. */
export function atMost(figure: number | undefined, most: number, text: string): Verdict[] {
  return figure === undefined ? [] : [{ text: `${text}: ${figure}, target <= ${most}`, passed: figure <= most }]
}

/** A target that a figure must reach; none where it was not measured. */
export function atLeast(figure: number | undefined, least: number, text: string): Verdict[] {
  return figure === undefined ? [] : [{ text: `${text}: ${figure}, target >= ${least}`, passed: figure >= least }]
}

/** No task of these contestants may take over 50 ms, where the engine can tell. */
export function noLongTask(lines: readonly Line[], isOwn: (line: Line) => boolean): Verdict[] {
  return lines.filter(isOwn).flatMap(({ work, contestant, figures: { longTasks, longest } }) => {
    if (longTasks === undefined) return []
    return [{ text: `${work}, ${contestant}: ${longTasks} tasks over 50 ms on the main thread, the longest of ${longest} ms, target 0`, passed: longTasks === 0 }]
  })
}
