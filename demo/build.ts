// What the demo's build adds to Vite's: the app's icons, the list of files that the service worker keeps, and, in the static
// build, the catalogue and its drawings as files.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin, Rolldown, UserConfig } from 'vite'
import { drawAppIcon } from './app-icons.ts'
import { commonParts } from './parts/common-parts.ts'
import { readIconSource } from './server/icons.ts'

const ROOT = import.meta.dirname
const MANIFEST = 'manifest.webmanifest'
/** Files of the build that the worker need not have: itself, and what its server reads. */
const NOT_IN_SHELL = /^(sw\.js|icons\.json|images\/)/

/**
 * Every page of the demo, and the service worker as `sw.js`.
 *
 * @param mode `development`: without the worker; `served`: with a server; else the worker plays the server
 */
export function demoBuild(mode: string): UserConfig {
  const hasWorker = mode !== 'development'
  const isStatic = hasWorker && mode !== 'served'
  const pages = readdirSync(ROOT).filter((name) => name.endsWith('.html'))
  const entries = pages.map((page) => [page.replace('.html', ''), join(ROOT, page)] as const)
  return {
    base: './',
    define: { __STATIC__: JSON.stringify(isStatic), __WORKER__: JSON.stringify(hasWorker) },
    plugins: [commonParts(), files(isStatic)],
    build: {
      target: 'es2022',
      rolldownOptions: {
        input: { ...Object.fromEntries(entries), sw: join(ROOT, 'worker/sw.ts') },
        output: { entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js') },
      },
    },
  }
}

function files(isStatic: boolean): Plugin {
  return {
    name: 'demo-files',
    apply: 'build',
    enforce: 'post',
    async buildStart() {
      for (const size of [192, 512]) this.emitFile({ type: 'asset', fileName: `app-icon-${size}.png`, source: drawAppIcon(size) })
      if (!isStatic) return
      const { icons, drawings } = await readIconSource()
      this.emitFile({ type: 'asset', fileName: 'icons.json', source: JSON.stringify(icons) })
      for (const [slug, svg] of drawings) this.emitFile({ type: 'asset', fileName: `images/${slug}.svg`, source: svg })
    },
    generateBundle: {
      // After the pages have their final form.
      order: 'post',
      handler: (_, bundle) => listShell(bundle),
    },
  }
}

/** Tells the worker its files, and a digest of them: where one changes, so does the worker, which is how browsers find out. */
function listShell(bundle: Rolldown.OutputBundle): void {
  const worker = bundle['sw.js']
  if (worker?.type !== 'chunk') throw new Error('The build has no sw.js')
  const outputs = Object.values(bundle).filter(({ fileName }) => !NOT_IN_SHELL.test(fileName))
  const digest = createHash('sha256').update(readFileSync(join(ROOT, 'public', MANIFEST)))
  for (const output of outputs) digest.update(output.fileName).update(output.type === 'chunk' ? output.code : output.source)
  const shell = { version: digest.digest('hex').slice(0, 12), files: [...outputs.map(({ fileName }) => fileName), MANIFEST] }
  worker.code = worker.code.replaceAll('__SHELL__', JSON.stringify(shell))
}
