// The page of the race: starts it, shows it, lets it be cancelled and copied.

import { byId } from '../dom.ts'
import { createChart } from './chart.ts'
import { race, removeLeftovers, type Lap } from './race.ts'
import { resultsOf, toMarkdown } from './results.ts'
import { tasksOf, type Sizes } from './tasks.ts'

const SIZES: Sizes = { atOnce: 1_000, awaited: 300, gets: 1_000, stored: 5_000 }
const ROUNDS = 3
/** For whoever only wants to see that it works: `?quick`. */
const QUICK: Sizes = { atOnce: 50, awaited: 20, gets: 50, stored: 200 }
/** Held while a race runs: two at once would only disturb each other. */
const LOCK = 'demo-race'

const isQuick = new URLSearchParams(location.search).has('quick')
const rounds = isQuick ? 1 : ROUNDS
const tasks = tasksOf(isQuick ? QUICK : SIZES)
const charts = new Map(tasks.map((task) => [task, createChart(task)]))
const start = byId('start', HTMLButtonElement)
const cancel = byId('cancel', HTMLButtonElement)
const copy = byId('copy', HTMLButtonElement)
const progress = byId('progress', HTMLProgressElement)
const step = byId('step', HTMLElement)
const status = byId('status', HTMLElement)
const table = byId('table', HTMLElement)
let laps: Lap[] = []
let racing: AbortController | undefined

async function run(): Promise<void> {
  const controller = new AbortController()
  racing = controller
  laps = []
  for (const chart of charts.values()) chart.show([])
  setRacing(true)
  try {
    await alone(() => race({ tasks, rounds, signal: controller.signal, onStart, onLap }))
    status.textContent = describe()
    table.textContent = toMarkdown(tasks, laps, rounds)
    copy.disabled = false
    progress.value = 1
  } catch (error) {
    status.textContent = controller.signal.aborted
      ? 'Cancelled. What was stored is deleted.'
      : error instanceof Error
        ? error.message
        : String(error)
    progress.value = 0
  }
  setRacing(false)
}

/** Unless another tab has it. Without locks, as on pages without HTTPS, nobody can tell. */
async function alone(work: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return work()
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (!lock) throw new Error('Another tab is racing. Two at once would disturb each other.')
    await removeLeftovers()
    await work()
  })
}

const onStart: Parameters<typeof race>[0]['onStart'] = (task, name, round, share) => {
  progress.value = share
  step.textContent = `Round ${round + 1} of ${rounds}: ${name}, ${task.title}`
}

function onLap(lap: Lap): void {
  laps.push(lap)
  charts.get(lap.task)?.show(resultsOf(lap.task, laps))
}

function describe(): string {
  const won = tasks.filter((task) => resultsOf(task, laps).every(({ ratio }) => ratio >= 1)).length
  return `Done. Every library did all of its work. bestbefore was the fastest in ${won} of ${tasks.length}; what was stored is deleted.`
}

function setRacing(on: boolean): void {
  start.disabled = on
  cancel.disabled = !on
  if (on) copy.disabled = true
  if (on) status.textContent = 'Racing.'
  else step.textContent = ''
  // A button that is disabled loses the focus.
  ;(on ? cancel : start).focus()
}

async function copyTable(): Promise<void> {
  try {
    await navigator.clipboard.writeText(table.textContent)
    status.textContent = 'Copied as a Markdown table.'
  } catch {
    byId('as-text', HTMLDetailsElement).open = true
    getSelection()?.selectAllChildren(table)
    status.textContent = 'The browser does not let this page copy: the table is selected below.'
  }
}

start.addEventListener('click', () => void run())
cancel.addEventListener('click', () => racing?.abort())
copy.addEventListener('click', () => void copyTable())
byId('charts', HTMLElement).append(...[...charts.values()].map(({ root }) => root))
