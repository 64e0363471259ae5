// The history checker: what several tabs did to one cache and were answered, judged together. It relies on values that are
// written once, and on one clock; where two operations overlapped, it takes no side.
//
// A read may not give a value from before a change of its key that was acknowledged STALE_MS earlier, nor from before one that
// its own tab made, or has seen through an event or a newer read. And what was written and not removed is not missing, where
// storage does not fail.

/** One operation of a tab, or an event that it was told of. */
export interface Step {
  readonly tab: string
  readonly what: 'set' | 'delete' | 'deletePrefix' | 'get' | 'peek' | 'event' | 'load'
  /** What an event tells of. */
  readonly of?: 'set' | 'delete' | 'deletePrefix'
  readonly key?: string
  readonly prefix?: string
  /** Written by a set, or brought by a loader, and then kept or not; what a get or peek found, absent for nothing. */
  value?: string
  /** Epoch ms of the call. */
  readonly begun: number
  /** Epoch ms of the answer; Infinity where none came. */
  ended: number
  /** Places of call and answer in the order of things in the tab. */
  readonly from: number
  to: number
}

/** The set of each value. */
type Sources = ReadonlyMap<string, Step>

/** ms in which another tab may still answer with what was before a change. */
export const STALE_MS = 500
/** ms by which the clocks of two processes may disagree. */
const CLOCK_MS = 2

export interface CheckOptions {
  /** Storage fails now and then: a read may find nothing, and that proves nothing. */
  readonly faults?: boolean
}

/** What is wrong with a history, a line each; nothing where it is right. */
export function check(history: readonly Step[], { faults = false }: CheckOptions = {}): string[] {
  const written = history.filter(({ what, value }) => (what === 'set' || what === 'load') && value !== undefined)
  const sources: Sources = new Map(written.map((step) => [step.value!, step]))
  const keys = new Set(history.flatMap(({ key }) => (key === undefined ? [] : [key])))
  return [...keys].flatMap((key) => {
    const steps = history.filter((step) => step.key === key || (step.prefix !== undefined && key.startsWith(step.prefix)))
    const changes = steps.filter(({ what }) => what === 'set' || what === 'delete' || what === 'deletePrefix')
    const reads = steps.filter(({ what, value }) => (what === 'get' || what === 'peek') && !(faults && value === undefined))
    const events = steps.filter(({ what }) => what === 'event')
    return reads.flatMap((read) => {
      const fault = read.value === undefined ? missing(read, changes) : outdated(read, sources, changes, reads, events)
      return fault === undefined ? [] : [`${tell(read)}: ${fault}`]
    })
  })
}

/** Why a read may not give the value it gave. */
function outdated(read: Step, sources: Sources, changes: readonly Step[], reads: readonly Step[], events: readonly Step[]): string | undefined {
  const source = sourceOf(read, sources)
  if (!source || source.key !== read.key) return 'nobody has set it'
  if (before(read, source)) return `it was set later: ${tell(source)}`
  const later = changes.filter((change) => before(source, change))

  const acknowledged = later.find((change) => change.ended + STALE_MS <= read.begun)
  if (acknowledged) return `acknowledged long before: ${tell(acknowledged)}`
  const own = later.find((change) => change.tab === read.tab && change.from < read.from)
  if (own) return `its own tab had already done: ${tell(own)}`

  const earlier = (step: Step): boolean => step.tab === read.tab && step.to < read.from
  const newer = reads.filter(earlier).find((other) => {
    if (other.value !== undefined) return later.includes(sourceOf(other, sources) ?? source)
    return other.what === 'get' && source.ended + STALE_MS <= other.begun
  })
  if (newer) return `its own tab had already read: ${tell(newer)}`
  const told = events.filter(earlier).find((event) => {
    const candidates = changes.filter((change) => mayTell(event, change))
    return candidates.length > 0 && candidates.every((change) => later.includes(change))
  })
  return told && `its own tab had already been told: ${tell(told)}`
}

/** Why a read should have found something. A peek looks into memory alone, which may forget. */
function missing(read: Step, changes: readonly Step[]): string | undefined {
  if (read.what === 'peek') return undefined
  const lost = changes.find((set) => {
    if (set.what !== 'set') return false
    const known = set.tab === read.tab ? set.from < read.from : set.ended + STALE_MS <= read.begun
    return known && !changes.some((other) => other.what !== 'set' && !before(other, set) && !before(read, other))
  })
  return lost && `nothing has removed: ${tell(lost)}`
}

function sourceOf({ value = '' }: Step, sources: Sources): Step | undefined {
  return sources.get(value)
}

/** Whether one step surely came before another. Within a tab, changes count in the order of their calls. */
function before(one: Step, other: Step): boolean {
  if (one.tab !== other.tab) return one.ended + CLOCK_MS < other.begun
  return one.what === 'get' ? one.to < other.from : one.from < other.from
}

/** Whether an event may be about a change: of several that it fits, nobody knows which. */
function mayTell(event: Step, change: Step): boolean {
  const fits = event.of === change.what && event.tab !== change.tab && event.key === change.key && event.prefix === change.prefix
  return fits && change.begun <= event.begun + CLOCK_MS && change.ended + STALE_MS >= event.begun
}

function tell({ tab, what, of, key, prefix, value, begun, ended }: Step): string {
  const name = of === undefined ? what : `${what} of ${of}`
  return `${tab}: ${name} ${JSON.stringify(key ?? prefix)}${value === undefined ? '' : ` ${JSON.stringify(value)}`} [${begun}, ${ended}]`
}
