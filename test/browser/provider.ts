// The vitest browser provider: opens vitest's page in an installed engine instead of a downloaded, driven one.
// Pages get no remote control; what a page cannot do itself is tested end to end (../e2e).

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineBrowserProvider } from '@vitest/browser'
import { build } from 'vite'
import type { BrowserCommand, BrowserInstanceOption, BrowserProvider, BrowserProviderOption, TestProject } from 'vitest/node'
import { FULL } from '../full.ts'
import { ENGINE_NAMES, type EngineName } from './engines.ts'
import { launchEngine, type RunningEngine } from './launch.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The engine that a browser project runs in. */
    engine: EngineName
    /** Whether the tests that take minutes run too (see ../full.ts). */
    full: boolean
  }
}
declare module 'vitest/node' {
  interface BrowserCommandContext {
    /** The directory with all the files of the page's engine. */
    home: string
  }
}
declare module 'vitest/browser' {
  // Without a provider package of vitest's own, its module has no types for what it gives a page.
  export const commands: {
    /** The files that the engine keeps IndexedDB data in, relative to its home. */
    databaseFiles(): Promise<string[]>
    /** The library, or another entry of it, as one classic script that defines `bestbefore` or the name given, for documents that may not import modules. */
    bundle(entry?: string, name?: string): Promise<string>
  }
}

/** One browser project per engine, each named for it and told its name. */
export const ENGINE_PROJECTS: BrowserInstanceOption[] = ENGINE_NAMES.map((engine) => ({
  browser: engine,
  name: engine,
  provide: { engine, full: FULL },
}))

const databaseFiles: BrowserCommand = ({ home }) =>
  readdirSync(home, { encoding: 'utf8', recursive: true }).filter((path) => /indexeddb|storage\/default/i.test(path))

const bundle: BrowserCommand<[entry?: string, name?: string]> = async (_, entry = 'index.ts', name = 'bestbefore') => {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: join(import.meta.dirname, '../../src', entry), formats: ['iife'], name },
    },
  })
  const [output] = Array.isArray(result) ? result : [result]
  if (output === undefined || !('output' in output)) throw new Error('Cannot bundle the library: there is no output')
  return output.output[0].code
}

/** What a test in a page may ask of Node, through `commands` of `vitest/browser`. */
export const ENGINE_COMMANDS = { bundle, databaseFiles }

export function engineProvider(): BrowserProviderOption {
  return defineBrowserProvider({
    name: 'engine',
    supportedBrowser: ENGINE_NAMES,
    providerFactory: (project) => new EngineProvider(project),
  })
}

class EngineProvider implements BrowserProvider {
  readonly name = 'engine'
  readonly supportsParallelism = false
  readonly #project: TestProject
  readonly #running = new Map<string, RunningEngine>()

  constructor(project: TestProject) {
    this.#project = project
  }

  getCommandsContext(sessionId: string): Record<string, unknown> {
    return { home: this.#running.get(sessionId)?.home }
  }

  /** Resolves once the page has connected; an engine that ends before that is an error at once, not a time-out later. */
  async openPage(sessionId: string, url: string): Promise<void> {
    const engine = launchEngine(this.#project.config.browser.name as EngineName, url)
    this.#running.set(sessionId, engine)
    let lastWords: string | undefined
    void engine.ended.then((words) => (lastWords = words))
    while (!this.#project.browser?.state.orchestrators.has(sessionId)) {
      if (lastWords !== undefined) throw new Error(`Cannot open page: ${this.#project.name} ended early: ${lastWords}`)
      await sleep(50)
    }
  }

  async close(): Promise<void> {
    const engines = [...this.#running.values()]
    this.#running.clear()
    await Promise.all(engines.map((engine) => engine.stop()))
  }
}
