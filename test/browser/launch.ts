// Starts an engine as a process group of its own, and ends it again: without a trace, or so that it finds its files again.
// An engine is many processes (zygote, network, content, X server), so only the whole group is ever signalled.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  /** Kills the whole process group at once, as a crash of the browser does. Its files stay until `stop`. */
  kill(): Promise<void>
  /** Ends the whole process group, and removes its files unless their place was given. */
  stop(): Promise<void>
}

export interface LaunchOptions {
  /** More of them for the engine's command line. */
  readonly switches?: readonly string[]
  /** The directory with all its files, which outlives it. By default a fresh one. */
  readonly home?: string
}

/** @throws Error when the engine is not installed. */
export function launchEngine(name: EngineName, url: string, { switches = [], home: given }: LaunchOptions = {}): RunningEngine {
  const { files, command } = requireEngine(name)
  const home = given ?? mkdtempSync(join(tmpdir(), `bestbefore-${name}-`))
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

  const removeFiles = () => {
    if (given === undefined) rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
  const abandon = () => {
    signal(group, 'SIGKILL')
    removeFiles()
  }
  const kill = async () => {
    signal(group, 'SIGKILL')
    await groupEnd(group, GRACE_MS)
  }
  process.once('exit', abandon)
  return {
    home,
    ended,
    kill,
    async stop() {
      process.off('exit', abandon)
      signal(group, 'SIGTERM')
      await groupEnd(group, GRACE_MS)
      await kill()
      removeFiles()
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
  while (signal(group, 0) && isRunning(group!) && Date.now() < deadline) await sleep(20)
}

/** Whether any process of a group runs, or may run. Dead ones stay in it until their parent, often a lazy init, has noticed. */
function isRunning(group: number): boolean {
  if (!existsSync('/proc/self/stat')) return true
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      // The name before the last bracket may hold anything.
      const [state, , pgrp] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
      return Number(pgrp) === group && state !== 'Z' && state !== 'X'
    } catch {
      return false
    }
  })
}
