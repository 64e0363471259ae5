// The race itself: round after round, in each every library does every task, and each time another begins.

import { loadContestants, NAMES, type Name } from './contestant.ts'
import type { Task } from './tasks.ts'

/** What the databases' names have in common. */
const PREFIX = 'demo-race'

export interface Lap {
  readonly task: Task
  readonly name: Name
  readonly round: number
  readonly ms: number
}

export interface RaceOptions {
  readonly tasks: readonly Task[]
  readonly rounds: number
  readonly signal: AbortSignal
  /** Told before each lap, with the share of the race that is done. */
  readonly onStart: (task: Task, name: Name, round: number, share: number) => void
  readonly onLap: (lap: Lap) => void
}

/** @throws the signal's reason; Error for a library that did not do its work */
export async function race({ tasks, rounds, signal, onStart, onLap }: RaceOptions): Promise<void> {
  const contestants = await loadContestants()
  const laps = rounds * tasks.length * NAMES.length
  let done = 0
  for (let round = 0; round < rounds; round++) {
    for (const task of tasks) {
      const order = NAMES.map((_, index) => NAMES[(index + round) % NAMES.length]!)
      for (const name of order) {
        signal.throwIfAborted()
        onStart(task, name, round, done / laps)
        try {
          const ms = await task.run(contestants.get(name)!, `${PREFIX}-${name}-${done}`)
          onLap({ task, name, round, ms })
        } catch (error) {
          throw new Error(`${name} did not finish “${task.title}”: ${error instanceof Error ? error.message : error}`, { cause: error })
        }
        done++
      }
    }
  }
}

/** Deletes what a race has left that was cut short, as by a reload. */
export async function removeLeftovers(): Promise<void> {
  for (const { name = '' } of (await indexedDB.databases?.()) ?? []) if (name.includes(PREFIX)) indexedDB.deleteDatabase(name)
}
