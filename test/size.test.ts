// What each door of the library costs an app: bundled alone with what it needs, minified, gzip -9. `npm run size` prints it.
// A ceiling moves only in the commit that needs it.

import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'

/** Each export of src/index.ts and the bytes that it may cost. */
const CEILINGS: Readonly<Record<string, number>> = {
  createMemoryCache: 2614,
  createCache: 18_749,
}
/** What createCachedFetch of src/http may add to createCache. */
const HTTP_CEILING = 8_597

/** The app's only module, which exists only in memory. */
const ENTRY = join(import.meta.dirname, 'app.ts')

const from = (names: string, path: string): string => `export { ${names} } from ${JSON.stringify(join(import.meta.dirname, '../src', path))}\n`

/** The gzipped size of an app that has this source and nothing else. */
async function sizeOf(source: string): Promise<number> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'app',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? source : null),
      },
    ],
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: ENTRY, preserveEntrySignatures: 'strict' },
    },
  })
  const [bundle, ...others] = Array.isArray(result) ? result : [result]
  if (others.length > 0 || bundle === undefined || !('output' in bundle)) throw new Error('Cannot measure: not one bundle')
  const code = bundle.output.map((file) => (file.type === 'chunk' ? file.code : '')).join('')
  return gzipSync(code, { level: 9 }).length
}

for (const [name, ceiling] of Object.entries(CEILINGS)) {
  const size = await sizeOf(from(name, 'index.ts')).catch((error: unknown) => error)
  test(`${name} alone: ${typeof size === 'number' ? size : 'none'} of ${ceiling} bytes`, () => {
    if (typeof size !== 'number') throw size
    expect(size).toBeLessThanOrEqual(ceiling)
  })
}

const cacheAlone = await sizeOf(from('createCache', 'index.ts'))
const added = (await sizeOf(from('createCache', 'index.ts') + from('createCachedFetch', 'http/index.ts'))) - cacheAlone
test(`createCachedFetch adds ${added} of ${HTTP_CEILING} bytes to createCache`, () => {
  expect(added).toBeLessThanOrEqual(HTTP_CEILING)
})
