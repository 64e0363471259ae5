// Rounds of the kill test: pages write, the whole browser is killed, the next browser finds what is left, and the next round goes on
// from there.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import type { EngineName } from '../browser/engines.ts'
import { random } from '../helpers/property.ts'
import { launchBrowser } from '../tabs/support/browser.ts'
import { isTorn } from './leveldb-log.ts'
import { judge, type LaneNotes, type Note, type OnDisk } from './judge.ts'
import type { CrashPage } from './page.ts'
import { lastingKeys, operationOf, type LaneState } from './plan.ts'

export interface RoundsOptions {
  readonly engine: EngineName
  readonly seed: number
  readonly rounds: number
  readonly url: string
}

export interface Tally {
  acknowledged: number
  /** Of the operations that may have been under way: how many had reached the disk, and how many not. */
  reached: number
  missed: number
  /** Crashes after which the engine has yet to lose the database, and which therefore end their profile. */
  torn: number
}

const PAGES = 3
const LANES = 6
/** The latest kill: after so many operations of a round, */
const MOST_OPERATIONS = 160
/** and so many ms. */
const MOST_MS = 20
/** ms after the pages began to load, for a kill before anything is acknowledged; or after which no more operations are waited for. */
const EARLY_MS = 300
const PATIENCE_MS = 12_000

/** Rounds on one profile, at most. */
const ON_ONE_PROFILE = 10

const NOTHING: OnDisk = { rows: [], byExpiry: [], byTag: [], changes: [{ id: 0, count: 0 }], marks: [], now: Date.now() }

/** @throws Error that names the round and all that is wrong with what it has left. */
export async function runRounds({ engine, seed, rounds, url }: RoundsOptions): Promise<Tally> {
  const next = random(seed)
  const tally: Tally = { acknowledged: 0, reached: 0, missed: 0, torn: 0 }
  let profile = newProfile()
  try {
    for (let round = 1; round <= rounds; round++) {
      // One in five is killed while its pages load or open the database.
      const moment: Moment = next() < 0.2 ? { operations: 0, ms: EARLY_MS * next() } : { operations: Math.ceil(MOST_OPERATIONS * next()), ms: MOST_MS * next() }
      const { home, firsts } = profile
      const notes = await runAndKill(engine, home, url, seed, firsts, moment)
      const torn = hasTornLog(home)
      const found = await inspect(engine, home, url)
      const lanes = new Map<string, LaneNotes>()
      for (const { lane } of allLanes()) {
        const endedAt = notes.ended.get(lane) ?? new Map<number, number>()
        lanes.set(lane, { before: profile.states.get(lane) ?? new Map(), first: firsts.get(lane) ?? 0, acknowledged: endedAt.size, endedAt })
      }
      const verdict = judge(seed, lanes, found.disk ?? NOTHING, notes.sweptAt)
      const faults = [...notes.faults, ...verdict.faults, ...useFaults(found)]
      if (faults.length > 0) throw new Error(`${engine}, seed ${seed}, round ${round}, killed ${JSON.stringify(moment)}:\n${faults.slice(0, 20).join('\n')}`)
      profile.states = verdict.states
      for (const [lane, { first, acknowledged }] of lanes) {
        firsts.set(lane, first + acknowledged + 1)
        tally.acknowledged += acknowledged
      }
      tally.reached += verdict.reached
      tally.missed += verdict.missed
      if (torn) tally.torn++
      if (torn || round % ON_ONE_PROFILE === 0) {
        remove(profile)
        profile = newProfile()
      }
    }
    return tally
  } finally {
    remove(profile)
  }
}

/** When to kill: so many ms after so many operations were acknowledged. */
interface Moment {
  readonly operations: number
  readonly ms: number
}

interface CrashProfile {
  readonly home: string
  states: ReadonlyMap<string, LaneState>
  /** The first operation of each lane in the next round; one that a crash has cut off is not repeated. */
  readonly firsts: Map<string, number>
}

function newProfile(): CrashProfile {
  return { home: mkdtempSync(join(tmpdir(), 'bestbefore-crash-')), states: new Map(), firsts: new Map() }
}

function remove({ home }: CrashProfile): void {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
}

function hasTornLog(home: string): boolean {
  const databases = join(home, 'Default/IndexedDB')
  if (!existsSync(databases)) return false
  const logs = readdirSync(databases, { encoding: 'utf8', recursive: true }).filter((path) => /\.leveldb\/(\d+\.log|MANIFEST-\d+)$/.test(path))
  return logs.some((path) => isTorn(readFileSync(join(databases, path))))
}

function allLanes(): { readonly lane: string; readonly page: number }[] {
  return Array.from({ length: PAGES * LANES }, (_, number) => ({ lane: `lane ${number}`, page: number % PAGES }))
}

interface Notes {
  /** By lane and operation, when it had resolved. */
  readonly ended: Map<string, Map<number, number>>
  /** Of all lanes. */
  count: number
  readonly faults: string[]
  /** When the last sweep began that has resolved. */
  sweptAt: number
}

async function runAndKill(engine: EngineName, home: string, url: string, seed: number, firsts: ReadonlyMap<string, number>, moment: Moment): Promise<Notes> {
  const browser = await launchBrowser(engine, home)
  const notes: Notes = { ended: new Map(), count: 0, faults: [], sweptAt: 0 }
  try {
    const pages = await browser.openPages(PAGES, true)
    const running = pages.map((page, number) => {
      const lanes = Object.fromEntries(allLanes().filter((lane) => lane.page === number).map(({ lane }) => [lane, firsts.get(lane) ?? 0]))
      return write(page, url, seed, lanes, notes)
    })
    // They end with the browser, unless they fail before.
    const patience = Date.now() + PATIENCE_MS
    const enough = async () => {
      while (notes.count < moment.operations && notes.faults.length === 0 && Date.now() < patience) await sleep(1)
      await sleep(moment.ms)
    }
    await Promise.race([enough(), ...running])
    for (const each of running) each.catch(() => {})
  } finally {
    await browser.kill()
  }
  return notes
}

/** Opens a page that runs lanes, and notes what it tells. Never resolves. */
async function write(page: Page, url: string, seed: number, lanes: Readonly<Record<string, number>>, notes: Notes): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.enable')
  await session.send('Runtime.addBinding', { name: 'acknowledge' })
  session.on('Runtime.bindingCalled', ({ payload }) => {
    const note: Note = JSON.parse(payload)
    if ('fault' in note) return void notes.faults.push(note.fault)
    const { lane, n, began, ended } = note
    if (!notes.ended.has(lane)) notes.ended.set(lane, new Map())
    notes.ended.get(lane)!.set(n, ended)
    notes.count++
    if (operationOf(seed, lane, n).method === 'sweep') notes.sweptAt = Math.max(notes.sweptAt, began)
    session.send('Runtime.evaluate', { expression: `page.confirm(${JSON.stringify(lane)})` }).catch(() => {})
  })
  await page.goto(url)
  await page.evaluate(`page.run(${seed}, ${JSON.stringify(lanes)})`)
}

interface Found {
  readonly disk: OnDisk | undefined
  readonly use: Awaited<ReturnType<CrashPage['use']>>
}

/** What a new browser on the profile finds, without the library and then with it. */
async function inspect(engine: EngineName, home: string, url: string): Promise<Found> {
  const browser = await launchBrowser(engine, home)
  try {
    const [page] = (await browser.openPages(1, true)) as [Page]
    const session = await page.context().newCDPSession(page)
    await session.send('Runtime.addBinding', { name: 'acknowledge' })
    await page.goto(url)
    const disk = (await page.evaluate('page.look()')) as Found['disk']
    const keys = allLanes().flatMap(({ lane }) => lastingKeys(lane))
    return { disk, use: (await page.evaluate(`page.use(${JSON.stringify(keys)})`)) as Found['use'] }
  } finally {
    // Its own writes are acknowledged too, so they need no orderly end.
    await browser.kill()
  }
}

/** The library finds what lies on disk, and can be used. */
function useFaults({ disk, use: { found, works, faults } }: Found): string[] {
  const lasting = new Set(allLanes().flatMap(({ lane }) => lastingKeys(lane)))
  const rows = (disk?.rows ?? []).filter(({ key }) => lasting.has(key))
  const missing = rows.filter(({ key, n }) => found[key] !== n).map(({ key, n }) => `the cache reads ${found[key]} of ${key}, where ${n} lies`)
  if (Object.keys(found).length > rows.length) missing.push('the cache finds more than there is')
  const size = Object.keys(found).length
  if (JSON.stringify(works) !== JSON.stringify([0, true, null, size, 'indexeddb'])) missing.push(`the cache does not work: ${JSON.stringify(works)}`)
  return [...missing, ...faults]
}
