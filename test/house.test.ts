// Imports within src go one way. This reads every module's import graph and names each import that the table does not allow.
// A room is a folder of src, or a file beside them; within a room anything goes.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { parseSync } from 'vite'
import { expect, test } from 'vitest'

const LEAVES = ['errors', 'clock', 'options', 'change', 'weakly', 'within', 'recent']
const BASE = [...LEAVES, 'entry']

/** Each room and those it may import. A room stands below all that it imports; `type x` allows types alone. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  clock: [],
  change: [],
  weakly: [],
  within: [],
  recent: [],
  options: ['errors', 'clock'],
  entry: LEAVES,
  events: BASE,
  memory: BASE,
  store: BASE,
  codec: [...BASE, 'store'],
  coherence: BASE,
  flight: BASE,
  failures: ['type flight'],
  sweeper: [...BASE, 'store', 'coherence'],
  contract: ['errors', 'type options', 'type change', 'type store', 'type codec'],
  reports: [...BASE, 'events', 'store', 'type contract'],
  'memory-tier': [...BASE, 'memory', 'flight', 'type store'],
  reads: [...BASE, 'type memory-tier', 'type store', 'type contract'],
  decision: [...BASE, 'type memory-tier', 'type store'],
  writes: [...BASE, 'decision', 'type memory-tier', 'type store', 'type contract'],
  tiers: [...BASE, 'events', 'reports', 'memory-tier', 'reads', 'writes', 'store', 'codec', 'coherence', 'sweeper', 'type contract'],
  loads: [...BASE, 'coherence', 'flight', 'failures', 'type reads', 'type tiers', 'type contract'],
  cache: [...BASE, 'store', 'tiers', 'loads', 'type contract'],
  http: [...BASE, 'type contract'],
  index: [...BASE, 'memory', 'store', 'coherence', 'codec', 'contract', 'cache'],
}

/** Each package and the only rooms that may import it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {}

type Sources = Readonly<Record<string, string>>

interface Import {
  readonly from: string
  readonly specifier: string
  readonly typeOnly: boolean
  readonly star: boolean
}

function importsOf(from: string, source: string): Import[] {
  const { module, errors } = parseSync(from, source)
  if (errors[0]) throw new Error(`Cannot read ${from}: ${errors[0].message}`)
  const typeOnly = (entries: readonly { isType: boolean }[]) => entries.length > 0 && entries.every((entry) => entry.isType)
  const imports = module.staticImports.map(({ moduleRequest, entries }) => {
    return { from, specifier: moduleRequest.value, typeOnly: typeOnly(entries), star: false }
  })
  const exports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType, importName }) => {
      if (!moduleRequest) return []
      return [{ from, specifier: moduleRequest.value, typeOnly: isType, star: importName.kind === 'AllButDefault' }]
    }),
  )
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) => {
    return { from, specifier: source.slice(start + 1, end - 1), typeOnly: false, star: false }
  })
  return [...imports, ...exports, ...dynamic]
}

/** The room of a path relative to src. */
function room(path: string): string {
  return path.split(sep)[0]?.replace(/\.ts$/, '') ?? ''
}

function fault({ from, specifier, typeOnly, star }: Import, sources: Sources): string | undefined {
  const own = room(from)
  if (star) return 'exports a list it does not name'
  if (!specifier.startsWith('.')) return PACKAGES[specifier]?.includes(own) ? undefined : `${own} may not import packages`
  const target = normalize(join(dirname(from), specifier))
  if (!(target in sources)) return 'is no module of src'
  const other = room(target)
  const allowed = MAY_IMPORT[own] ?? []
  if (own === other || allowed.includes(other) || (typeOnly && allowed.includes(`type ${other}`))) return undefined
  return `${own} may not import ${allowed.includes(`type ${other}`) ? 'values of ' : ''}${other}`
}

function violations(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([path, source]) => {
    if (!(room(path) in MAY_IMPORT)) return [`${path}: is in no known room`]
    return importsOf(path, source).flatMap((item) => {
      const what = fault(item, sources)
      return what === undefined ? [] : [`${path}: '${item.specifier}': ${what}`]
    })
  })
}

test('every import in src goes one way', () => {
  const src = join(import.meta.dirname, '../src')
  const paths = readdirSync(src, { encoding: 'utf8', recursive: true }).filter((path) => path.endsWith('.ts'))
  expect(paths).toContain('index.ts')
  expect(violations(Object.fromEntries(paths.map((path) => [path, readFileSync(join(src, path), 'utf8')])))).toEqual([])
})

test('the table itself has no way back: each room imports only rooms above it', () => {
  const rooms = Object.keys(MAY_IMPORT)
  for (const [own, allowed] of Object.entries(MAY_IMPORT)) {
    for (const other of allowed) expect(rooms.indexOf(other.replace('type ', '')), `${own} -> ${other}`).toBeLessThan(rooms.indexOf(own))
  }
})

test.each([
  ['memory/lru.ts', "import { a } from '../store/db.ts'", 'memory may not import store'],
  ['store/db.ts', "import type { A } from '../memory/lru.ts'", 'store may not import memory'],
  ['store/db.ts', "import('../coherence/channel.ts')", 'store may not import coherence'],
  ['entry.ts', "import './cache.ts'", 'entry may not import cache'],
  ['http/index.ts', "import { type Cache, createCache } from '../cache.ts'", 'http may not import cache'],
  ['http/index.ts', "import { type Cache, other } from '../contract.ts'", 'http may not import values of contract'],
  ['http/index.ts', "export { get } from '../memory/lru.ts'", 'http may not import memory'],
  ['cache.ts', "import { openDB } from 'idb'", 'cache may not import packages'],
  ['store/db.ts', "import { readFileSync } from 'node:fs'", 'store may not import packages'],
  ['index.ts', "export * from './cache.ts'", 'exports a list it does not name'],
  ['index.ts', "export { x } from './missing.ts'", 'is no module of src'],
  ['utils.ts', '', 'is in no known room'],
])('a violation in %s is found: %s', (path, source, expected) => {
  const house = Object.fromEntries(['contract.ts', 'cache.ts', 'memory/lru.ts', 'store/db.ts', 'coherence/channel.ts'].map((name) => [name, '']))
  expect(violations({ ...house, [path]: source })).toEqual([expect.stringContaining(expected)])
})

test('what the table allows is no violation', () => {
  const house = {
    'errors.ts': '',
    'cache.ts': "import { CacheError } from './errors.ts'\nimport { openStore } from './store/db.ts'",
    'store/db.ts': "import { sweep } from './sweep.ts'",
    'store/sweep.ts': "// import { a } from '../memory/lru.ts'",
    'contract.ts': '',
    'http/index.ts': "import type { Cache } from '../contract.ts'",
    'index.ts': "export { createCache, type Cache } from './cache.ts'",
  }
  expect(violations(house)).toEqual([])
})
