// The static build, from a server that knows files alone, in a folder below its root, in each engine. Its pages run in frames
// of a page of the same origin, which uses them and reports what it sees, as only Chromium is driven from outside.

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
/** By the name of the engine. */
const reports = new Map<string, (text: string) => void>()

beforeAll(async () => {
  site = await startStaticDemo(BASE, (request, response) => void answer(request, response))
})

afterAll(() => site?.stop())

/** The probe's page, its script and its report; nothing else is there. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://static.invalid')
  if (pathname === '/probe') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>probe</title><script src="/probe.js"></script>')
  } else if (pathname === '/probe.js') {
    response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(PROBE)
  } else if (pathname === '/report') {
    let text = ''
    for await (const chunk of request) text += chunk
    reports.get(search.slice(1))?.(text)
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

test.concurrent.for((['chromium', 'firefox', 'webkit'] as const).filter((name) => findEngine(name)))('each page works in %s: the worker, or the page itself, plays the server', { timeout: 180_000 }, async (engine, { expect }) => {
  const reported = new Promise<string>((resolve) => reports.set(engine, resolve))
  const running = launchEngine(engine, `http://127.0.0.1:${site.port}/probe?${engine}#${BASE}`)
  try {
    const text = await Promise.race([reported, running.ended])
    expect(JSON.parse(text)).toEqual({
      app: {
        first: 'Network icons?page=1',
        tiles: 24,
        icon: 'Network icons/abb',
        edited: ['Asea', 'Asea'],
        again: 'Disk icons/abb',
        title: 'Asea',
        left: 'Nothing of Ada is left, in any tab: 0 rows in IndexedDB, 0 in the cache.',
        other: 'ABB',
      },
      leak: { climbs: true, right: 0, sentence: 'n keys were set and removed. The left still holds n; bestbefore holds none.' },
      tabs: {
        milk: '3 litres',
        seat: expect.stringMatching(/^2 panes asked for the seat: (Left got it, Right|Right got it, Left) did not\.$/),
        load: '2 panes have the report; the server was asked once.',
      },
      race: expect.stringMatching(/^Done\. Every library did all of its work\./),
    })
  } finally {
    await running.stop()
  }
})
