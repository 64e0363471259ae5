// `npm run bench`, `bench:browser` and `picture` start here: Node 20 cannot read TypeScript, so vite reads main.ts for it.

import { join } from 'node:path'
import { runnerImport } from 'vite'

// Engines are ended when this process exits, which by a signal alone it does not say.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

const [folder, ...args] = process.argv.slice(2)
const { module } = await runnerImport(join(import.meta.dirname, folder, 'main.ts'), { configFile: false, logLevel: 'error' })
process.exitCode = await module.main(args)
