// Minutes of use in three tabs whose storage fails at one of a hundred operations, in compressed time, judged by the history
// checker. SOAK_MINUTES=<number> makes it longer (`npm run test:soak`: 20), SEED=<number> tries another course.

import { afterEach, expect, it, vi } from 'vitest'
import type { CacheError } from '../../src/index.ts'
import { Network } from '../coherence/support/channel.ts'
import { Locks } from '../coherence/support/locks.ts'
import { turns } from '../helpers/deferred.ts'
import { heapBytes } from '../helpers/heap.ts'
import { faultsOf } from '../helpers/indexed-db.ts'
import { random } from '../helpers/property.ts'
import { check, STALE_MS, type Step } from '../tabs/history.ts'
import { bundlePages } from './support/page.ts'
import { REQUESTS, type ActiveRule, type Rule } from './support/rule.ts'
import { createSite, FULL_DISK, NO_TRANSACTIONS, NO_WRITES, type Site } from './support/site.ts'
import { KEYS, User } from './support/user.ts'

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 2)
const SEED = Number(process.env['SEED'] ?? 20_210_126)
const MINUTE = 60_000
/** ms between two calls, at most. */
const PAUSE = 24
/** Turns of the event loop between two calls, at most. */
const TURNS = 8
/** Bytes by which the heap may differ. */
const HEAP_SLACK = 3_000_000

const openPages = await bundlePages()

/** One fault: how often a call that may meet it does. */
type Fault = readonly [share: number, rule: Rule]

/** What happens to single calls of storage. */
const FAULTS: readonly Fault[] = [
  ...['UnknownError', 'AbortError', 'InvalidStateError', 'TransactionInactiveError', 'ConstraintError', 'DataError', 'TimeoutError'].map(
    (error): Fault => [0.0001, { operation: REQUESTS, phase: 'request', error }],
  ),
  [0.0005, { operation: 'get', phase: 'request', error: 'NotReadableError' }],
  [0.0005, { operation: 'put', phase: 'request', error: 'QuotaExceededError' }],
  ...['UnknownError', 'AbortError', 'QuotaExceededError', null].map((error): Fault => [0.0001, { operation: REQUESTS, phase: 'abort', error }]),
  ...['UnknownError', 'QuotaExceededError', null].map((error): Fault => [0.0005, { operation: 'commit', phase: 'commit', error }]),
  ...['InvalidStateError', 'TransactionInactiveError', 'DataError'].map((error): Fault => [0.0001, { operation: REQUESTS, phase: 'sync', error }]),
  [0.0005, { operation: 'put', phase: 'sync', error: 'DataCloneError' }],
  ...['InvalidStateError', 'UnknownError'].map((error): Fault => [0.0005, { operation: 'transaction', phase: 'sync', error }]),
  [0.00005, { operation: 'transaction', phase: 'sync', error: 'NotFoundError' }],
  [0.0003, { operation: ['commit', 'transaction', 'get', 'put'], phase: 'late', after: 400 }],
  [0.0002, { operation: ['commit', 'transaction', 'get', 'put'], phase: 'late', after: 4_000 }],
  [0.00003, { operation: ['commit', 'transaction', 'get', 'put'], phase: 'late', after: 30_000 }],
  ...['UnknownError', 'AbortError'].map((error): Fault => [0.1, { operation: 'open', phase: 'request', error }]),
  ...['InvalidStateError', 'QuotaExceededError', 'VersionError'].map((error): Fault => [0.01, { operation: 'open', phase: 'request', error }]),
  [0.01, { operation: 'open', phase: 'sync', error: 'SecurityError' }],
  [0.05, { operation: 'open', phase: 'late', after: 700 }],
  [0.02, { operation: 'open', phase: 'late', after: 8_000 }],
  [0.1, { operation: ['deleteDatabase', 'databases'], phase: 'request' }],
]

/** What happens to all of storage for some time. */
const OUTAGES: readonly Rule[] = [FULL_DISK, NO_TRANSACTIONS, NO_WRITES, { operation: 'open', phase: 'request' }, { operation: 'get', phase: 'request' }]

interface Soak {
  readonly site: Site
  readonly network: Network
  readonly locks: Locks
  readonly users: readonly User[]
  readonly history: Step[]
  readonly faults: readonly ActiveRule[]
  readonly roll: () => number
  /** Codes that were told, and how often. */
  readonly told: Record<string, number>
}

const chance = Math.random
afterEach(() => {
  Math.random = chance
})

function begin(): Soak {
  const site = createSite()
  const network = new Network(SEED)
  network.install()
  const locks = new Locks()
  locks.install()
  // One seed, one course.
  Math.random = random(SEED + 1)
  const history: Step[] = []
  const roll = random(SEED)
  const told: Record<string, number> = {}
  const onError = ({ code, fault }: CacheError): void => {
    const kind = `${code} ${fault?.class}`
    told[kind] = (told[kind] ?? 0) + 1
  }
  const openPage = () => openPages(site.factory)
  // One of them reads much from disk.
  const users = ['A', 'B', 'C'].map((name, place) => new User({ name, maxEntries: place ? 1_000 : 6, history, roll, openPage, onError }))
  return { site, network, locks, users, history, faults: [], roll, told }
}

/** Time goes by with calls, and with faults if there are to be any. Resolves to the number of faults. */
async function use({ site: { factory }, network, users, roll }: Soak, ms: number, faulty: boolean): Promise<number> {
  const rules = faulty ? FAULTS.map(([share, rule]) => factory.fail({ ...rule, when: (call) => (rule.when?.(call) ?? true) && roll() < share })) : []
  const end = Date.now() + ms
  let outage: ActiveRule | undefined
  let fired = 0
  for (let step = 0; Date.now() < end; step++) {
    const user = users[Math.floor(roll() * users.length)]!
    if (!user.isAway) user.act()
    if (faulty) {
      if (outage && roll() < 0.003) {
        fired += outage.fired
        outage.end()
        outage = undefined
      } else if (!outage && roll() < 0.0007) outage = factory.fail(OUTAGES[Math.floor(roll() * OUTAGES.length)]!)
      if (roll() < 0.001) user.die()
      if (roll() < 0.0005) user.page.forceClose()
    }
    if (!user.isAway && roll() < 0.001) void user.reload()
    if (roll() < (user.hidden ? 0.1 : 0.001)) {
      user.hidden = !user.hidden
      user.page.tell(user.hidden ? 'pagehide' : 'pageshow')
    }
    for (const each of users) each.look()
    if (step % 50 === 0) {
      factory.forget()
      network.posted.length = 0
    }
    vi.advanceTimersByTime(Math.floor(roll() * PAUSE))
    await turns(Math.floor(roll() * TURNS))
  }
  outage?.end()
  for (const rule of rules) {
    fired += rule.fired
    rule.end()
  }
  return fired + (outage?.fired ?? 0)
}

/** Storage works again, for all. */
async function recover({ site, users }: Soak): Promise<void> {
  site.factory.heal()
  for (const user of users) {
    if (!user.hidden) continue
    user.hidden = false
    user.page.tell('pageshow')
  }
  // The longest rest of the breaker, and what was late.
  for (let waited = 0; waited < 6 * MINUTE; waited += MINUTE / 4) {
    await site.pass(MINUTE / 4)
    for (const user of users) user.look()
  }
  // For some faults there is no way back in the life of a page.
  for (const user of users) if (!user.isHealthy) await site.within(MINUTE, user.reload())
  await site.pass(1_000)
  for (const user of users) user.look()
  await site.within(MINUTE, Promise.all(users.map((user) => user.readAll())))
}

/** What went wrong, in lines. */
function faultsIn({ users, history, network }: Soak): string[] {
  const answers = users.flatMap(({ complaints }) => complaints.splice(0))
  return [...answers, ...network.errors.map((error) => `a handler of messages throws ${String(error)}`), ...check(history, { faults: true })]
}

it(`three tabs, ${MINUTES} minutes of faults, seed ${SEED}: nothing older, nothing made up, nothing stuck, nothing left`, { timeout: 60_000 + 30_000 * MINUTES }, async () => {
  const soak = begin()
  const { site, network, locks, users, history, told } = soak
  try {
    await use(soak, MINUTE / 4, true)
    const heap = await settle(soak)

    const fired = await use(soak, MINUTES * MINUTE, true)
    await recover(soak)
    const steps = history.length
    const longest = users.map(({ longest: [what, ms] }) => `${what} ${ms} ms`)
    console.log(`soak: ${steps} steps, ${fired} faults, told of ${JSON.stringify(told)}, longest ${longest.join(', ')}, seed ${SEED}`)
    expect(faultsIn(soak).slice(0, 10), `seed ${SEED}`).toEqual([])
    expect(fired / steps, 'the share of faults').toBeGreaterThan(0.005)
    expect(KEYS.filter((key) => !history.some((read) => read.what === 'get' && read.key === key && read.value !== undefined)), 'keys never found').toEqual([])

    expectChecked(history)

    for (const user of users) expect(user.cache.status).toEqual({ persistence: 'indexeddb' })
    expect(faultsOf(await site.disk())).toEqual([])
    const grown = (await settle(soak)) - heap
    expect(grown, 'bytes of heap more than before').toBeLessThan(HEAP_SLACK)
    expect(users.map(({ callsUnderWay }) => callsUnderWay), 'calls under way').toEqual([0, 0, 0])
    expect(vi.getTimerCount(), 'timers').toBeLessThanOrEqual(users.length)
    expect({ locks: locks.held, channels: network.open, connected: site.factory.connected.length }).toEqual({ locks: [], channels: 3, connected: 3 })
  } finally {
    site.factory.heal()
    for (const user of users) await site.within(MINUTE, user.cache.close())
  }
})

/** Nothing lies in any tier, and nothing is under way; resolves to the bytes of the heap. */
async function settle(soak: Soak): Promise<number> {
  const { site, network, locks, users, history } = soak
  await recover(soak)
  for (const user of users) await site.within(MINUTE, user.cache.clear())
  await site.within(MINUTE, users[0]!.cache.sweep())
  await site.pass(MINUTE)
  history.length = 0
  site.factory.forget()
  network.posted.length = locks.asked.length = 0
  return site.within(1_000, heapBytes())
}

/** A fault would have shown: the same history with one old answer in it is refused. */
function expectChecked(history: readonly Step[]): void {
  const spoiled = spoil(history)
  expect(spoiled.length, 'reads that could have been wrong').toBeGreaterThan(history.length / 100)
  for (const { read, old } of spoiled.slice(0, 3)) {
    const wrong = history.filter(({ key, prefix }) => key === read.key || prefix !== undefined).map((step) => (step === read ? { ...step, value: old } : step))
    expect(check(wrong, { faults: true }), `a get answered with ${old}`).not.toEqual([])
  }
}

/** Gets that could have found a value long replaced. */
function spoil(history: readonly Step[]): { read: Step; old: string }[] {
  const sets = history.filter(({ what, ended }) => what === 'set' && ended < Infinity)
  return history.flatMap((read) => {
    if (read.what !== 'get' || read.value === undefined) return []
    const [newer, old] = sets.filter(({ key, ended }) => key === read.key && ended + STALE_MS <= read.begun).slice(-2).reverse()
    return newer && old?.value !== undefined && old.ended + 10 < newer.begun ? [{ read, old: old.value }] : []
  })
}
