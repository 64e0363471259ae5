// Apps that are compiled against the declarations of the package, with libraries checked too: in a page, on a server, and as the
// README's recipes stand there.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const MODULES = join(ROOT, 'node_modules')
const PAGE = { lib: ['es2022', 'dom'], types: [] }
const SERVER = { lib: ['es2022'], types: ['node'] }

let folder: string

/** What tsc says; nothing, if all is well. */
function compile(...args: string[]): Promise<string> {
  return new Promise((resolve) => execFile(join(MODULES, '.bin/tsc'), args, (_error, said) => resolve(said)))
}

/** What tsc says of an app of these files. */
async function app(name: string, options: object, files: Record<string, string>): Promise<string> {
  const place = join(folder, name)
  mkdirSync(place)
  writeFileSync(join(place, 'package.json'), '{ "type": "module" }')
  for (const [file, code] of Object.entries(files)) writeFileSync(join(place, file), code)
  const compilerOptions = { target: 'es2022', module: 'nodenext', strict: true, noEmit: true, skipLibCheck: false, ...options }
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }))
  return compile('-p', place)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bestbefore-types-'))
  const place = join(folder, 'node_modules/bestbefore')
  mkdirSync(place, { recursive: true })
  symlinkSync(join(MODULES, '@types'), join(folder, 'node_modules/@types'))
  writeFileSync(join(place, 'package.json'), readFileSync(join(ROOT, 'package.json')))
  expect(await compile('-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(place, 'dist'))).toBe('')
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

it('an app of a page needs no more than es2022 and dom', async () => {
  const code = `
    import { createCache, createMemoryCache } from 'bestbefore'
    import { createCachedFetch, type HttpEntry } from 'bestbefore/http'
    export const memory = createMemoryCache<string>()
    export const cache = createCache<HttpEntry>({ name: 'app' })
    export const fetching: typeof fetch = createCachedFetch(cache)
    void cache[Symbol.asyncDispose]()
  `
  expect(await app('page', PAGE, { 'app.ts': code })).toBe('')
})

it('an app of a server needs no dom', async () => {
  const code = `
    import { createCache } from 'bestbefore'
    import { createCachedFetch, type HttpEntry } from 'bestbefore/http'
    const app = { fetch: (request: Request, _env?: object): Response | Promise<Response> => new Response(request.url) }
    createCachedFetch(createCache<HttpEntry>(), app)
    createCachedFetch(createCache<HttpEntry>(), { fetch: async (request) => new Response(request.url) })
    const cachedFetch = createCachedFetch(createCache<HttpEntry>(), { fetch })
    const response = await cachedFetch(new URL('https://api.example/items'), { headers: { accept: 'text/plain' } })
    export const text: string = await response.text()
  `
  expect(await app('server', SERVER, { 'app.ts': code })).toBe('')
})

it('the examples of the README for other libraries compile with those libraries', async () => {
  const [, examples] = readFileSync(join(ROOT, 'README.md'), 'utf8').split(/^### (?=With the library you have$)/m)
  const [, first] = /begin with `(.+?)`/.exec(examples!)!
  const blocks = [...examples!.split(/^### /m)[0]!.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code!)
  expect(blocks.length).toBeGreaterThan(5)
  const begin = `
    import { createCache } from 'bestbefore'
    import { createCachedFetch, type HttpEntry } from 'bestbefore/http'
    const cache = createCache<HttpEntry>({ name: 'api' })
    const userId = '42'
  `
  const files = Object.fromEntries(blocks.map((code, nth) => [`example${nth}.ts`, begin + (code.includes('createCachedFetch(') ? code : `${first}\n${code}`)]))
  const tanstack = `
    declare module '@tanstack/react-query' {
      export function useQuery<T>(options: { queryKey: string[]; queryFn: (context: { signal: AbortSignal }) => Promise<T> }): { data: T | undefined }
      export function useMutation<V>(options: { mutationFn: (value: V) => Promise<void>; onSuccess: () => Promise<void> }): { mutate(value: V): void }
      export function useQueryClient(): { invalidateQueries(filter: { queryKey: string[] }): Promise<void> }
    }
  `
  for (const name of ['ky', 'ofetch', 'axios', '@reduxjs']) symlinkSync(join(MODULES, name), join(folder, 'node_modules', name))
  expect(await app('examples', { ...PAGE, skipLibCheck: true }, { ...files, 'tanstack.d.ts': tanstack })).toBe('')
})

it('the recipes of the README compile with the import that they are said to begin with', async () => {
  const [, recipes] = readFileSync(join(ROOT, 'README.md'), 'utf8').split(/^## (?=Recipes$)/m)
  const begin = /^All begin with `(import .+)`\.$/m.exec(recipes!)![1]!
  const blocks = [...recipes!.split(/^## /m)[0]!.matchAll(/^```tsx?\n([^]*?)^```$/gm)].map(([, code]) => code!)
  expect(blocks.length).toBeGreaterThan(12)
  const files = Object.fromEntries(blocks.map((code, nth) => [`recipe${nth}.ts`, `${begin}\n${code}`]))
  const frameworks = `
    declare module 'react' {
      export function useMemo<T>(make: () => T, on: unknown[]): T
      export function useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, current: () => T, onServer: () => T): T
    }
    declare module 'vue' {
      export function onScopeDispose(end: () => void): void
      export function shallowRef<T>(): { value: T | undefined }
    }
    declare module 'svelte/store' {
      export function readable<T>(first: T, start: (set: (value: T) => void) => () => void): unknown
    }
  `
  expect(await app('recipes', PAGE, { ...files, 'frameworks.d.ts': frameworks })).toBe('')
})
