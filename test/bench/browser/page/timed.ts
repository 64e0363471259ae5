// Times work, and watches what it does to the main thread.

import type { Series } from '../shared/suite.ts'
import { sleep } from './steps.ts'

/** ms in which what the work left behind, such as messages to other tabs, is done too. */
const TAIL_MS = 50
/** ms in which an engine has told of a task. */
const TOLD_MS = 50

/**
 * Runs work in a task of its own.
 *
 * @returns `ms` until it resolved; `longTasks`, the ms of each task over 50 ms meanwhile and shortly after, where the
 *   engine can tell
 */
export async function timed(work: () => Promise<unknown>): Promise<Series> {
  await sleep(0)
  const tasks: PerformanceEntry[] = []
  const observer = observeLongTasks((seen) => tasks.push(...seen))
  const start = performance.now()
  await work()
  const end = performance.now()
  if (observer === undefined) return { ms: [end - start] }
  await sleep(TAIL_MS + TOLD_MS)
  tasks.push(...observer.takeRecords())
  observer.disconnect()
  const own = tasks.filter(({ startTime, duration }) => startTime + duration > start && startTime < end + TAIL_MS)
  return { ms: [end - start], longTasks: own.map(({ duration }) => duration) }
}

function observeLongTasks(onTasks: (tasks: PerformanceEntryList) => void): PerformanceObserver | undefined {
  if (!PerformanceObserver.supportedEntryTypes.includes('longtask')) return undefined
  const observer = new PerformanceObserver((list) => onTasks(list.getEntries()))
  observer.observe({ type: 'longtask' })
  return observer
}
