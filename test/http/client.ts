// Plays the client of a case: tells the origin its part, makes the requests in turn through the cache under test, and has
// the outcome judged. Each case has a token, a cache and a clock of its own, so any number can run at once.

import { randomUUID } from 'node:crypto'
import type { Clock } from '../../src/index.ts'
import { ManualClock, SECOND } from '../helpers/clock.ts'
import type { Case, Exchange } from './cases.ts'
import { judge, type Answer, type Verdict } from './judge.ts'
import type { Origin, Seen } from './origin.ts'

const PAUSE = 3 * SECOND
const TIMEOUT = 30 * SECOND
/** Whether pauses are waited for, and every clock is the wall clock. */
export const REAL_CLOCK: boolean = process.env['REAL_CLOCK'] === '1'

/** A cache under test, for one case. */
export interface Session {
  fetch(url: string, init: RequestInit): Promise<Pick<Response, 'status' | 'headers' | 'text'>>
  close?(): Promise<void>
}

/** @param id different for each session */
export type OpenSession = (clock: Clock, id: string) => Session

interface CaseTime {
  readonly clock: Clock
  pause(): Promise<void> | void
}

/** All cases at once. */
export async function runCases(cases: readonly Case[], origin: Origin, open: OpenSession): Promise<Map<string, Verdict>> {
  return new Map(await Promise.all(cases.map(async (each) => [each.id, await runCase(each, origin, open)] as const)))
}

export async function runCase(each: Case, origin: Origin, open: OpenSession): Promise<Verdict> {
  const token = randomUUID()
  const time = caseTime()
  origin.setClock(token, time.clock)
  await fetch(`${origin.url}/config/${token}`, { method: 'PUT', body: JSON.stringify(each.requests) })
  const session = open(time.clock, token)
  try {
    const answers: Answer[] = []
    for (const [index, exchange] of each.requests.entries()) {
      answers.push(await request(session, `${origin.url}/test/${token}`, each.id, exchange, index + 1))
      if (exchange.pause_after) await time.pause()
    }
    const seen = (await (await fetch(`${origin.url}/state/${token}`)).json()) as Seen[]
    return judge(each.requests, answers, seen, token)
  } catch (error) {
    return { outcome: 'failed', why: `A fetch rejected: ${String(error)}` }
  } finally {
    await session.close?.()
  }
}

function caseTime(): CaseTime {
  if (REAL_CLOCK) return { clock: { now: () => Date.now() }, pause: () => new Promise((resolve) => setTimeout(resolve, PAUSE)) }
  // Half a second past a full one: fields of a date leave the rest out.
  const clock = new ManualClock(1_700_000_000_500)
  return { clock, pause: () => clock.advance(PAUSE) }
}

async function request(session: Session, url: string, id: string, exchange: Exchange, number: number): Promise<Answer> {
  const { filename, request_method, request_headers = [], request_body, cache } = exchange
  const response = await session.fetch(filename === undefined ? url : `${url}/${filename}`, {
    headers: [...request_headers, ['Test-ID', id], ['Req-Num', String(number)]] as [string, string][],
    signal: AbortSignal.timeout(TIMEOUT),
    ...(request_method !== undefined && { method: request_method }),
    ...(request_body !== undefined && { body: request_body }),
    ...(cache !== undefined && { cache }),
  })
  const { status, headers } = response
  return { status, headers, text: await response.text() }
}
