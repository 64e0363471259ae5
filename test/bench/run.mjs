// `npm run bench` starts here: Node 20 cannot read TypeScript, so vite reads test/bench/run.ts for it.

import { join } from 'node:path'
import { runnerImport } from 'vite'

const { module } = await runnerImport(join(import.meta.dirname, 'run.ts'), { configFile: false, logLevel: 'error' })
process.exitCode = await module.main(process.argv.slice(2))
