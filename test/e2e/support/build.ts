// Builds the demo once for all end-to-end tests: as `npm start` serves it, and as static files.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import type { TestProject } from 'vitest/node'
import { temporaryFolder } from './browser.ts'

const CONFIG = join(import.meta.dirname, '../../../vite.config.ts')

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the build. */
    servedDemo: string
    staticDemo: string
  }
}

export default async function setup({ provide }: TestProject): Promise<() => void> {
  const folders = [temporaryFolder(), temporaryFolder()] as const
  const [served, files] = folders
  await Promise.all([buildDemo('served', served), buildDemo('production', files)])
  provide('servedDemo', served)
  provide('staticDemo', files)
  return () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }))
}

async function buildDemo(mode: string, outDir: string): Promise<void> {
  await build({ configFile: CONFIG, mode, logLevel: 'error', build: { outDir } })
}
