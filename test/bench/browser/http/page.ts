// The page that is given responses: out of memory, or, each once, out of a database that the page before has filled.

import { createCachedFetch, type HttpEntry } from '../../../../src/http/index.ts'
import { createCache } from '../../../../src/index.ts'
import { answerOf, checkAnswer, fetchFrom, HELD, MANNERS, originOf, respond, urlOf, type Answer, type Call } from '../../answers.ts'
import { createEntriesStore, done, openDatabaseOf, remove, transact } from '../page/database.ts'
import { nameOf, runStep } from '../page/steps.ts'
import { TTL_MS, type Pair } from '../page/workload.ts'
import { measurePairs, pairsOf } from '../rivals/page.ts'
import { keysOf } from '../rivals/plan.ts'
import type { Series, Step } from '../shared/suite.ts'
import type { HttpWork } from './plan.ts'

interface Answerer {
  fetch(...call: Call): Promise<Response>
  close(): unknown
}

/** A record as bestbefore stores an entry. */
interface Row {
  readonly key: string
  readonly value: Answer
  readonly createdAt: number
  readonly expiresAt: number
}

/** @param name of a database; undefined for memory alone @param origin what it may ask the origin for, each once */
type OpenAnswerer = (name: string | undefined, origin: readonly Pair[]) => Promise<Answerer>

const openBestbefore: OpenAnswerer = async (name, origin) => {
  const cache = createCache<HttpEntry>(name === undefined ? { maxEntries: Infinity } : { name, maxEntries: 2 })
  const fetch = createCachedFetch(cache, { fetch: originOf(origin) })
  for (const { key } of origin) await (await fetch(urlOf(key))).text()
  return { fetch, close: () => cache.close() }
}

const openRaw: OpenAnswerer = async (name, origin) => {
  const answers = new Map(await Promise.all(origin.map(async ({ key, value }) => [urlOf(key), await answerOf(value)] as const)))
  if (name === undefined) return { fetch: fetchFrom(answers), close() {} }
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => createEntriesStore(request.result)
  const database = await done(request)
  const now = Date.now()
  const put = (entries: IDBObjectStore): void => answers.forEach((value, key) => void entries.put({ key, value, createdAt: now, expiresAt: now + TTL_MS }))
  if (answers.size > 0) await transact(database, 'readwrite', put)
  return {
    async fetch(input) {
      const row: Row = await done(database.transaction('entries', 'readonly').objectStore('entries').get(input as string))
      return respond(row.value)
    },
    close: () => database.close(),
  }
}

async function answer(step: Step<HttpWork>): Promise<Series> {
  const { contestant, phase, work } = step
  const [onDisk, fills] = [work.from === 'disk', phase === 'fill']
  if (fills && !onDisk) return {}
  const pairs = onDisk ? pairsOf(step) : pairsOf(step).slice(0, HELD)
  const open = contestant === 'raw' ? openRaw : openBestbefore
  const { fetch, close } = await open(onDisk ? nameOf(step) : undefined, fills === onDisk ? pairs : [])
  const series = fills ? {} : await measure(step, fetch, pairs)
  await close()
  if (onDisk && !fills) await remove(await openDatabaseOf(nameOf(step)))
  return series
}

/** ms of answers before the clock starts, as in Node. */
const WARM_UP_MS = 300

async function measure(step: Step<HttpWork>, fetch: Answerer['fetch'], pairs: readonly Pair[]): Promise<Series> {
  const calls = pairs.map(({ key }) => MANNERS[step.work.asked](urlOf(key)))
  const { warmUp } = keysOf(step.work)
  for (const [place, { value }] of pairs.slice(0, warmUp).entries()) await checkAnswer(await fetch(...calls[place]!), value)
  let asked = 0
  const until = performance.now() + WARM_UP_MS
  while (performance.now() < until) await fetch(...calls[asked++ % calls.length]!)
  return measurePairs(step, async ({ length }) => {
    let last: Response
    for (const end = asked + length; asked < end; asked++) last = await fetch(...calls[asked % calls.length]!)
    await checkAnswer(last!, pairs[(asked - 1) % pairs.length]!.value)
  })
}

void runStep(answer)
