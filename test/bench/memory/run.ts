// Builds the worker once, as a user's bundler would build the libraries into an app, and has child processes do the tasks.

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'vite'
import type { Answer, Task } from './plan.ts'

/** ms that one task may take. */
const TIME_LIMIT_MS = 5 * 60_000
/** For a million entries and their keys. */
const NODE_OPTIONS = ['--expose-gc', '--max-old-space-size=3000']

export interface Runner {
  /** Does a task in a process of its own; rejects with what went wrong there. Await each: two at once disturb each other. */
  run(task: Task): Promise<Answer>
  close(): Promise<void>
}

export async function createRunner(): Promise<Runner> {
  const folder = await mkdtemp(join(tmpdir(), 'bestbefore-bench-'))
  // A library is a chunk of its own, loaded by the process that races it.
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: join(import.meta.dirname, 'worker.ts'),
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      minify: true,
      rolldownOptions: { output: { entryFileNames: 'worker.mjs', chunkFileNames: '[name]-[hash].mjs' } },
    },
  })
  return {
    async run(task) {
      const command = [...NODE_OPTIONS, join(folder, 'worker.mjs'), JSON.stringify(task)]
      const { stdout } = await promisify(execFile)(process.execPath, command, { timeout: TIME_LIMIT_MS }).catch(({ message, stderr }) => {
        throw new Error(`${JSON.stringify(task)} failed: ${saidLast(stderr) || message}`)
      })
      return JSON.parse(stdout)
    },
    close: () => rm(folder, { recursive: true }),
  }
}

/** Without the lines of the bundle that node shows: they are very long. */
function saidLast(stderr: string): string {
  return stderr.split('\n').filter((line) => line.length < 300).join('\n').trim()
}
