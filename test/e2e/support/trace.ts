// How long the page's main thread was busy, as the browser traces it: in processor time, which a busy machine does not stretch.

import type { Page } from 'playwright-core'

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  /** Processor time, µs. */
  readonly tdur?: number
  readonly args: { readonly name?: string }
}

/** Processor time (ms) of every task that pages' main threads had during `work`. */
export async function tasksDuring(page: Page, work: () => Promise<void>): Promise<number[]> {
  const session = await page.context().newCDPSession(page)
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])))
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve))
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel'] } })
  await work()
  // A task is traced when it ends, and the one that answered last may not have.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)))
  await session.send('Tracing.end')
  await complete
  await session.detach()
  const mains = new Set(events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(threadOf))
  return events.filter((event) => event.ph === 'X' && event.name.endsWith('RunTask') && mains.has(threadOf(event))).map(({ tdur = 0 }) => tdur / 1_000)
}

function threadOf({ pid, tid }: TraceEvent): string {
  return `${pid}/${tid}`
}
