// One configuration for three jobs, told apart by vite's mode: the library (`--mode library`), the tests (`test`),
// and the demo (every other mode: its dev server and its builds).

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { demoApi } from './demo/api.ts'
import { demoBuild } from './demo/build.ts'
import { httpOrigin } from './test/browser/http-origin.ts'
import { ENGINE_COMMANDS, ENGINE_PROJECTS, engineProvider } from './test/browser/provider.ts'
import { FULL } from './test/full.ts'

const root = import.meta.dirname

/** Type declarations beside the bundle. tsc leaves `.ts` in their import paths, which not every compiler resolves. */
const declarations: Plugin = {
  name: 'declarations',
  writeBundle({ dir = '' }) {
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
    for (const name of readdirSync(dir, { encoding: 'utf8', recursive: true }).filter((path) => path.endsWith('.d.ts'))) {
      const path = join(dir, name)
      writeFileSync(path, readFileSync(path, 'utf8').replace(/(from ['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js'))
    }
  },
}

const library: ViteUserConfig = {
  plugins: [declarations],
  build: {
    target: 'es2022',
    sourcemap: true,
    minify: false,
    lib: { entry: { index: join(root, 'src/index.ts'), 'http/index': join(root, 'src/http/index.ts') }, formats: ['es'] },
    rolldownOptions: { output: { chunkFileNames: '[name].js' } },
  },
}

/** In mode `served`, Vite's preview server has the API; else, once built, the service worker plays it. */
const demo = (mode: string): ViteUserConfig => {
  const { build, plugins = [], ...settings } = demoBuild(mode)
  return {
    ...settings,
    root: join(root, 'demo'),
    plugins: [demoApi(), ...plugins],
    build: { ...build, outDir: join(root, mode === 'served' ? 'dist-demo-served' : 'dist-demo'), emptyOutDir: true },
  }
}

const setupFiles = ['test/setup.ts']
/** For tests that wait, on a machine that is slow or busy too: none of these is a promise. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } } }

/** The slowest tests of engines, for which `npm test` has no time unless it is to be full. */
const unhurried = FULL ? [] : ['test/e2e/demo-static.test.ts', 'test/e2e/demo-offline.test.ts', 'test/tabs/rollout.test.ts']

/** Projects of a higher `groupOrder` begin when those before have ended: engines get the whole machine. */
const tests: ViteUserConfig = {
  test: {
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: [['text', { maxCols: 120 }]],
      // What is left is named in test/faults/README.md.
      thresholds: { branches: 98 },
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{browser,e2e,tabs,bench,engines}/**', 'test/crash/crash.test.ts'],
          setupFiles: [...setupFiles, 'test/setup.node.ts'],
          // A process for each file takes a third longer.
          pool: 'threads',
          maxWorkers: 2,
          ...patience,
          sequence: { groupOrder: 1 },
        },
      },
      {
        plugins: [httpOrigin()],
        optimizeDeps: { include: ['fast-check'] },
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          setupFiles,
          ...patience,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            fileParallelism: false,
            api: { host: '127.0.0.1' },
            provider: engineProvider(),
            commands: ENGINE_COMMANDS,
            instances: ENGINE_PROJECTS,
          },
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: unhurried,
          globalSetup: 'test/e2e/support/build.ts',
          setupFiles,
          ...patience,
          testTimeout: 120_000,
          maxWorkers: 2,
          isolate: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'tabs',
          include: ['test/tabs/**/*.test.ts'],
          exclude: unhurried,
          setupFiles,
          ...patience,
          fileParallelism: false,
          isolate: false,
          // Beside the engines, which run one after the other.
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'engines',
          include: ['test/engines/**/*.test.ts', 'test/crash/crash.test.ts'],
          setupFiles,
          ...patience,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
}

export default defineConfig(({ mode }) => (mode === 'library' ? library : mode === 'test' ? tests : demo(mode)))
