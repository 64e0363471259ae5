// What a suite is. It says what is measured and judges what came of it; how pages are opened and in which order is the
// runner's business (measure.ts). Types only: pages import them too.

import type { EngineName } from '../../../browser/engines.ts'

/** One thing that all contestants of a suite do. Suites add what their pages must know. */
export interface Work {
  /** For tables and files, and its own in the suite. */
  readonly label: string
}

/** What one page load is asked for. */
export interface Step<W extends Work = Work> {
  readonly suite: string
  readonly phase: string
  readonly contestant: string
  /** Index of the round, and the seed of its entries. */
  readonly round: number
  readonly work: W
}

/** What one page load answers: numbers by what they are of, such as ms. */
export type Series = Readonly<Record<string, readonly number[]>>

/** One contestant at one work in one round: what the pages of all its phases answered. */
export interface Sample<W extends Work = Work> {
  readonly contestant: string
  readonly round: number
  readonly work: W
  readonly series: Series
}

/** One row of a suite's table and of its file. */
export interface Line {
  readonly work: string
  readonly contestant: string
  /** By column; what does not apply is left out. */
  readonly figures: Readonly<Record<string, number>>
  /** The figure of each round that the first column is the median of. */
  readonly perRound: readonly number[]
}

/** A target, and whether it is met. */
export interface Verdict {
  readonly text: string
  readonly passed: boolean
}

/** What the command line narrows; undefined leaves it to the suite. */
export interface Choice {
  readonly sizes: readonly number[] | undefined
  readonly shares: readonly number[] | undefined
  readonly bytes: readonly number[] | undefined
}

/** What is drawn over the column `entries` of a suite's file. */
export interface Growth {
  readonly title: string
  readonly y: string
  /** The column of the figure. */
  readonly figure: string
  /** The contestants that are drawn, and their names there. */
  readonly series: Readonly<Record<string, string>>
  /** What other columns must hold. */
  readonly where?: Readonly<Record<string, number>>
}

export interface Suite<W extends Work = Work> {
  readonly name: string
  /** What each contestant does, in words. */
  readonly contestants: Readonly<Record<string, string>>
  /** Page loads per contestant, work and round, in their order. */
  readonly phases: readonly string[]
  /** The column in which runs are compared: a ratio, so that another machine's compare too. */
  readonly comparedBy: string
  /** Where it runs unless the command line says otherwise; everywhere if left out. */
  readonly engines?: readonly EngineName[]
  /** Rounds that it takes whatever the command line says. */
  readonly rounds?: number
  /** More switches for Chromium's command line. */
  readonly switches?: readonly string[]
  readonly growth?: Growth
  works(choice: Choice): readonly W[]
  /** Those that take part in a work. */
  contestantsOf(work: W): readonly string[]
  /** The table's rows, from the samples of all rounds. */
  summarize(samples: readonly Sample<W>[]): Line[]
  /** The targets that apply to what was measured. */
  judge(lines: readonly Line[], engine: EngineName): Verdict[]
}
