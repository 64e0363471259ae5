// The static build, from a server that knows files alone, in a folder below its root, in each engine. The app runs in a frame
// whose page, of the same origin, uses it and reports what it sees, as only Chromium is driven from outside.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findEngine } from '../browser/engines.ts'
import { launchEngine } from '../browser/launch.ts'
import { startStaticDemo, type Site } from './support/demo.ts'

const BASE = '/somewhere/demo/'
const PROBE = readFileSync(join(import.meta.dirname, 'support/probe.js'), 'utf8')

let site: Site
let report: (text: string) => void = () => {}

beforeAll(async () => {
  site = await startStaticDemo(BASE, (request, response) => void answer(request, response))
})

afterAll(() => site?.stop())

/** The probe's page, its script and its report; nothing else is there. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/probe') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>probe</title><script src="/probe.js"></script>')
  } else if (request.url === '/probe.js') {
    response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(PROBE)
  } else if (request.url === '/report') {
    let text = ''
    for await (const chunk of request) text += chunk
    report(text)
    response.end()
  } else {
    response.writeHead(404).end()
  }
}

test('has an index, a worker, a manifest with icons, and keeps its data out of the scripts', () => {
  for (const name of ['index.html', 'sw.js', 'manifest.webmanifest', 'app-icon-192.png', 'app-icon-512.png', 'icons.json', 'images/abb.svg']) {
    expect(existsSync(join(site.folder, name)), name).toBe(true)
  }
  const page = readFileSync(join(site.folder, 'index.html'), 'utf8')
  const scripts = Array.from(page.matchAll(/(?:src|href)="\.\/([^"]+\.js)"/g), ([, path]) => readFileSync(join(site.folder, path!), 'utf8'))
  const code = scripts.join('')
  expect(code).toContain('api/')
  expect(code).not.toContain('simple-icons')
  expect(code.length).toBeLessThan(120_000)
})

test.for((['chromium', 'firefox', 'webkit'] as const).filter((name) => findEngine(name)))('the app works in %s: its worker, or the page itself, plays the server', { timeout: 90_000 }, async (engine) => {
  const reported = new Promise<string>((resolve) => (report = resolve))
  const running = launchEngine(engine, `http://127.0.0.1:${site.port}/probe#${BASE}`)
  try {
    const text = await Promise.race([reported, running.ended])
    expect(JSON.parse(text)).toEqual({
      first: 'Network icons?page=1',
      tiles: 24,
      icon: 'Network icons/abb',
      edited: ['Asea', 'Asea'],
      again: 'Disk icons/abb',
      title: 'Asea',
      left: 'Nothing of Ada is left, in any tab: 0 rows in IndexedDB, 0 in the cache.',
      other: 'ABB',
    })
  } finally {
    await running.stop()
  }
})
