// A page's way through the benchmark: it takes its step from its address, does it, answers, and goes where the runner says.

import type { Series, Step, Work } from '../shared/suite.ts'

/** Does the step that this page was loaded for; what it throws ends the run. */
export async function runStep<W extends Work>(work: (step: Step<W>) => Promise<Series>): Promise<void> {
  // The runner wrote it, from the works of the page's own suite.
  const step = JSON.parse(new URLSearchParams(location.search).get('step') ?? '') as Step<W>
  try {
    await post('answer', await work(step))
  } catch (error) {
    await post('failure', `${step.contestant}, ${step.work.label}, ${step.phase}: ${(error as Error).stack ?? error}`)
  }
  location.replace(await (await fetch('/next')).text())
}

/** The name of the database, the same in every phase. */
export function nameOf({ suite, contestant, round, work }: Step): string {
  return `bench-${suite}-${contestant}-${round}-${work.label}`
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function post(path: string, body: unknown): Promise<void> {
  await fetch(`/${path}`, { method: 'POST', body: JSON.stringify(body) })
}
