// The built library on a page with a strict Content-Security-Policy, which the server sends, in every engine that is installed.

import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ENGINE_NAMES, missingEngines } from '../browser/engines.ts'
import { launchEngine } from '../browser/launch.ts'

const POLICY = "default-src 'self'; require-trusted-types-for 'script'"
const INSTALLED = ENGINE_NAMES.filter((name) => !missingEngines().includes(name))
const PATIENCE_MS = 20_000

interface Outcome {
  readonly results: unknown
  readonly status: unknown
  readonly faults: readonly string[]
  readonly violations: readonly string[]
  /** What the policy makes of code in a string. */
  readonly evaluated: string
}

/** A module of the page. */
const PROBE = `
import { createCache, createMemoryCache } from '/index.js'
const violations = []
const faults = []
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => violations.push(violatedDirective + ' ' + blockedURI))
for (const type of ['error', 'unhandledrejection']) addEventListener(type, ({ message, reason }) => faults.push(String(message ?? reason)))
const memory = createMemoryCache()
memory.set('key', 1)
const open = () => createCache({ name: 'policy', ttl: 60_000, sweepInterval: 10, onError: (error) => faults.push(String(error)) })
let cache = open()
await cache.setMany([['a', 1], ['b', { deep: [new Date(0)] }]], { tags: ['tag'] })
const results = [memory.get('key'), await cache.get('a'), await cache.getOrLoad('c', () => 3), await cache.add('a', 2), await cache.take('a')]
await cache.deletePrefix('c')
await cache.sweep()
await cache.close()
cache = open()
results.push(await cache.info('b').then(({ tier }) => tier), await cache.size())
const { status } = cache
await cache.destroy()
const told = [...violations]
let evaluated = 'allowed'
try {
  new Function('return 1')()
} catch ({ name }) {
  evaluated = name
}
await fetch('/report', { method: 'POST', body: JSON.stringify({ results, status, faults, violations: told, evaluated }) })
`

let server: Server
let url: string
let report: (outcome: Outcome) => void

beforeAll(async () => {
  const result = await build({ configFile: join(import.meta.dirname, '../../vite.config.ts'), mode: 'library', logLevel: 'error', build: { write: false } })
  const [bundle] = Array.isArray(result) ? result : [result]
  if (bundle === undefined || !('output' in bundle)) throw new Error('Cannot build the library: there is no output')
  const scripts = new Map([['/probe.js', PROBE]])
  for (const file of bundle.output) if (file.type === 'chunk') scripts.set(`/${file.fileName}`, file.code)
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const script = scripts.get(pathname)
    if (script !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    else if (pathname === '/report') {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        response.writeHead(204).end()
        report(JSON.parse(Buffer.concat(parts).toString()))
      })
    } else {
      const page = '<!doctype html><html lang="en"><title>policy</title><script type="module" src="/probe.js"></script></html>'
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': POLICY }).end(page)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://localhost:${typeof address === 'object' && address ? address.port : 0}/`
})

afterAll(() => {
  server?.closeAllConnections()
  server?.close()
})

test.each(INSTALLED)(`under ${POLICY} the built library works, and violates nothing: %s`, async (name) => {
  const reported = new Promise<Outcome>((resolve) => (report = resolve))
  const engine = launchEngine(name, url)
  try {
    const early = engine.ended.then((words) => Promise.reject(new Error(`${name} ended early: ${words}`)))
    const late = new Promise<never>((_, reject) => setTimeout(reject, PATIENCE_MS, new Error('The page has not reported')).unref())
    const outcome = await Promise.race([reported, early, late])
    expect(outcome).toEqual({
      results: [1, 1, 3, false, 1, 'store', 1],
      status: { persistence: 'indexeddb' },
      faults: [],
      violations: [],
      evaluated: expect.stringMatching(/^(Eval|Type)Error$/),
    })
  } finally {
    await engine.stop()
  }
})
