// After a race: did all do the same work? Those that evict exactly the least recently used entry must have found exactly the
// same values and hold as many entries, and gets of what is there must have found it, whoever was asked.

import { CONTESTANTS, type RaceTask, type Sample, type Task } from './plan.ts'

/** @throws Error that names two contestants that differ */
export function checkAgreement(samples: readonly Sample[]): void {
  const first = new Map<string, { name: string; value: number }>()
  for (const { round, task, answer } of samples) {
    if (!isRace(task)) continue
    const { contestant, keys, entries, weighted, workloads } = task
    const { exactLru, slow } = CONTESTANTS[contestant]
    for (const workload of workloads) {
      if (slow || !(exactLru || workload === 'hit')) continue
      for (const what of ['found', 'size']) {
        const place = `round ${round}, ${workload}, ${keys}, ${entries} entries${weighted ? ', with weights' : ''}: ${what}`
        const value = answer[`${workload} ${what}`]
        if (value === undefined) throw new Error(`${place}: ${contestant} tells nothing`)
        const other = first.get(place) ?? { name: contestant, value }
        if (other.value !== value) throw new Error(`${place}: ${contestant} ${value}, ${other.name} ${other.value}`)
        first.set(place, other)
      }
    }
  }
}

function isRace(task: Task): task is RaceTask {
  return task.type === 'race'
}
