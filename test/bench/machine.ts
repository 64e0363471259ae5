// What a benchmark runs on: figures of a machine that others use, too, are worth less.

import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const WATCHED_MS = 2_000

export interface Machine {
  readonly cpu: string
  readonly cores: number
  /** Cores that others keep busy just now: more than a few tenths disturb a run. */
  readonly busyCores: number
}

export async function watchMachine(): Promise<Machine> {
  const idle = () => cpus().reduce((sum, { times }) => sum + times.idle, 0)
  const [idleBefore, start] = [idle(), performance.now()]
  await sleep(WATCHED_MS)
  const cores = cpus().length
  const busy = cores - (idle() - idleBefore) / (performance.now() - start)
  return { cpu: cpus()[0]?.model ?? 'unknown', cores, busyCores: Math.max(0, Number(busy.toFixed(1))) }
}
