// Starts an engine as a process group of its own with a fresh home, and ends it again without a trace.
// An engine is many processes (zygote, network, content, X server), so only the whole group is ever signalled.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EngineName, requireEngine } from './engines.ts'

/** ms a group has to end by itself (Xvfb removes its lock file then) before it is killed. */
const GRACE_MS = 2_000

export interface RunningEngine {
  /** The directory with all its files. */
  readonly home: string
  /** Resolves when the engine ends, to the last it said. */
  readonly ended: Promise<string>
  /** Ends the whole process group and removes its files. */
  stop(): Promise<void>
}

/**
 * @param switches more of them for the engine's command line
 * @throws Error when the engine is not installed.
 */
export function launchEngine(name: EngineName, url: string, ...switches: readonly string[]): RunningEngine {
  const { files, command } = requireEngine(name)
  const home = mkdtempSync(join(tmpdir(), `bestbefore-${name}-`))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(home, path), text)
  const [file, ...args] = command(home, url)

  const child = spawn(file, [...switches, ...args], { detached: true, env: environment(home), stdio: ['ignore', 'pipe', 'pipe'] })
  const group = child.pid
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said.push(text)
      if (said.length > 20) said.shift()
    })
  }
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(String(error)))
    child.on('exit', (code, signal) => resolve(`exit ${code ?? signal}: ${said.join('')}`))
  })

  const abandon = () => {
    signal(group, 'SIGKILL')
    rmSync(home, { recursive: true, force: true })
  }
  process.once('exit', abandon)
  return {
    home,
    ended,
    async stop() {
      process.off('exit', abandon)
      signal(group, 'SIGTERM')
      await groupEnd(group, GRACE_MS)
      signal(group, 'SIGKILL')
      await groupEnd(group, GRACE_MS)
      rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The own environment, with every place for user files moved below `home` and no session bus to talk to. */
function environment(home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: home,
    TMPDIR: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_RUNTIME_DIR: home,
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    NO_AT_BRIDGE: '1',
    MOZ_CRASHREPORTER_DISABLE: '1',
  }
}

/** Signals the group; false when nothing of it is left. */
function signal(group: number | undefined, name: NodeJS.Signals | 0): boolean {
  if (group === undefined) return false
  try {
    return process.kill(-group, name)
  } catch {
    return false
  }
}

async function groupEnd(group: number | undefined, timeout: number): Promise<void> {
  const deadline = Date.now() + timeout
  while (signal(group, 0) && Date.now() < deadline) await sleep(20)
}
