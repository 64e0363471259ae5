// Profiles that outlive their browser, for faults that come from files: a test ends the browser, changes what it has left and
// starts it again. Every test has a profile and an origin of its own.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { EngineName } from '../../browser/engines.ts'
import { Api } from '../../tabs/support/api.ts'
import { bundleSide, launchBrowser, type RunningBrowser } from '../../tabs/support/browser.ts'
import { Tab, type OpenOptions } from '../../tabs/support/tabs.ts'

export const BACKENDS = (process.env['BACKENDS'] ?? 'chromium,chromium-sqlite').split(',') as readonly EngineName[]

export class Profile {
  /** The directory with all the browser's files. */
  readonly home: string
  readonly origin: string
  /** What its pages have complained of. */
  readonly problems: string[] = []
  readonly #engine: EngineName
  #browser: RunningBrowser | undefined

  constructor(engine: EngineName, origin: string, home: string) {
    this.#engine = engine
    this.origin = origin
    this.home = home
  }

  /** Where the engine keeps its databases; it need not be there. */
  get databases(): string {
    return join(this.home, 'Default/IndexedDB')
  }

  /** Paths of the files of all databases. */
  files(): string[] {
    const files = readdirSync(this.databases, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    return files.map(({ parentPath, name }) => join(parentPath, name))
  }

  /** A tab, in the browser that runs or in a new one. */
  async open(options: OpenOptions = {}): Promise<Tab> {
    this.#browser ??= await launchBrowser(this.#engine, this.home)
    const [page] = await this.#browser.openPages(1, true)
    const tab = new Tab('A', page!)
    tab.hear(this.problems)
    await tab.visit(this.origin, options)
    return tab
  }

  /** Ends the browser. What was acknowledged is on disk. */
  async kill(): Promise<void> {
    await this.#browser?.kill()
    this.#browser = undefined
  }
}

/** Makes profiles for the tests of a group, and removes them. */
export function useProfiles(engine: EngineName): { make(): Profile; makeOnDisk(megabytes: number): Profile } {
  let api: Api
  let made: Profile[] = []
  const mounted = new Set<Profile>()
  beforeAll(async () => {
    api = await Api.start({ '/side.js': await bundleSide() })
  })
  afterAll(() => api?.close())
  afterEach(async () => {
    const profiles = made
    made = []
    for (const profile of profiles) {
      await profile.kill()
      // Its last processes may not have let go yet.
      if (mounted.delete(profile)) mount('umount', '--lazy', profile.home)
      rmSync(profile.home, { recursive: true, force: true, maxRetries: 5 })
    }
    expect(profiles.flatMap(({ problems }) => problems), 'what pages complained of').toEqual([])
  })
  const make = (): Profile => {
    const profile = new Profile(engine, api.newOrigin(), mkdtempSync(join(tmpdir(), `bestbefore-${engine}-`)))
    made.push(profile)
    return profile
  }
  return {
    make,
    /** On a disk of its own of that size. */
    makeOnDisk(megabytes) {
      const profile = make()
      mount('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', profile.home)
      mounted.add(profile)
      return profile
    },
  }
}

/** Whether this process may mount a small disk. */
export function canMount(): boolean {
  const home = mkdtempSync(join(tmpdir(), 'bestbefore-mount-'))
  try {
    mount('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', home)
    mount('umount', home)
    return true
  } catch {
    return false
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** @throws Error with what the command says. */
function mount(command: 'mount' | 'umount', ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error ?? stderr}`)
}
