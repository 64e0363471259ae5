// Puts together what several pages, or one again and again, have measured.

import type { Series } from './suite.ts'

/** The same series of several answers, one after the other. */
export function joined(answers: readonly Series[]): Series {
  const names = new Set(answers.flatMap((answer) => Object.keys(answer)))
  return Object.fromEntries([...names].map((name) => [name, answers.flatMap((answer) => answer[name] ?? [])]))
}
