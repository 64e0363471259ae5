// The child process: does the one task that it is given as an argument and prints the answer.

import type { Answer, Task } from './plan.ts'

const [task] = process.argv.slice(2)
console.log(JSON.stringify(await perform(JSON.parse(task ?? ''))))

/** Each import is a chunk of its own: a process loads only what it measures. */
async function perform(task: Task): Promise<Answer> {
  switch (task.type) {
    case 'check':
      return (await import('./check.ts')).check(task.contestant)
    case 'race':
      return (await import('./race.ts')).race(task)
    case 'footprint':
      return (await import('./footprint.ts')).footprint(task.contestant, task.entries)
    case 'expiry':
      return (await import('./expiry.ts')).expire(task)
    case 'pauses':
      return (await import('./expiry.ts')).pause(task)
    case 'door':
      return (await import('./doors.ts')).enter(task.door, task.seed)
    case 'http':
      return (await import('./http.ts')).answer(task.manner, task.seed)
  }
}
