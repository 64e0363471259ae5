// The page about the leak: the same loop on two caches, of which one forgets to forget.

import { byId } from '../dom.ts'
import { formatCount } from '../format.ts'
import type { Lane } from './lanes.ts'
import { Loop } from './loop.ts'
import { History } from './history.ts'
import { countOf, describe, RIGHT, SCENES, type SceneName } from './runs.ts'
import { createView, frameFor } from './view.ts'

/** Keys a second, by the steps of the slider. */
const RATES = [10, 100, 1_000, 4_000]
/** Keys held at which the page pauses by itself, long before anybody's memory is full. */
const ENOUGH = 200_000
/** ms of one frame at most; a page that was hidden does not catch up. */
const LONGEST_FRAME = 100
const SAMPLE = 100
/** Between samples where the visitor wants less motion. */
const SAMPLE_REDUCED = 1_000

const view = createView()
const start = byId('start', HTMLButtonElement)
const freeze = byId('freeze', HTMLButtonElement)
const rate = byId('rate', HTMLInputElement)
const reduced = matchMedia('(prefers-reduced-motion: reduce)')

let lanes: readonly [Lane, Lane]
let loop: Loop
let scene: SceneName
let second: number
let running = false
let lastFrame: number
let lastSample: number

function reset(): void {
  void Promise.all((lanes ?? []).map((lane) => lane.close()))
  scene = chosen('scene') as SceneName
  const { left, model } = SCENES[scene]
  loop = new Loop(SCENES[scene], (clock) => (lanes = [left(clock), RIGHT[chosen('right')]!(clock)]))
  second = 0
  for (const side of [view.left, view.right]) side.history = new History()
  byId('left-model', HTMLElement).textContent = model
  show()
}

function chosen(name: string): string {
  return document.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)!.value
}

function show(): string {
  const [left, right] = lanes.map(countOf) as [ReturnType<typeof countOf>, ReturnType<typeof countOf>]
  for (const [side, { held }] of [
    [view.left, left],
    [view.right, right],
  ] as const)
    side.history.add(second, held)
  const frame = frameFor(second, view.left.history, view.right.history)
  view.left.show(left, second, frame)
  view.right.show(right, second, frame)
  const sentence = describe(scene, { keys: loop.keys, freezes: loop.freezes, left, right })
  view.sentence(sentence)
  if (left.held >= ENOUGH && running) run(false, `Paused at ${formatCount(ENOUGH)} keys; Start begins anew. `)
  return sentence
}

function frame(now: number): void {
  if (!running) return
  const ms = Math.min(now - lastFrame, LONGEST_FRAME)
  lastFrame = now
  second += ms / 1_000
  if (loop.step(ms, RATES[rate.valueAsNumber]!)) {
    for (const side of [view.left, view.right]) side.history.mark(second)
    view.announce(show())
  }
  if (now - lastSample >= (reduced.matches ? SAMPLE_REDUCED : SAMPLE)) {
    lastSample = now
    show()
  }
  requestAnimationFrame(frame)
}

function run(on: boolean, why = ''): void {
  running = on
  start.textContent = on ? 'Pause' : 'Start'
  freeze.disabled = !on
  if (!on) {
    const text = why + show()
    view.announce(text)
    return view.sentence(text)
  }
  if (countOf(lanes[0]).held >= ENOUGH) reset()
  view.announce('Running.')
  lastFrame = lastSample = performance.now()
  requestAnimationFrame(frame)
}

function showRate(): void {
  const text = `${formatCount(RATES[rate.valueAsNumber]!)} keys a second`
  byId('rate-value', HTMLOutputElement).textContent = text
  rate.setAttribute('aria-valuetext', text)
}

start.addEventListener('click', () => run(!running))
freeze.addEventListener('click', () => loop.freeze())
byId('reset', HTMLButtonElement).addEventListener('click', reset)
for (const input of document.querySelectorAll('input[type="radio"]')) input.addEventListener('change', reset)
rate.addEventListener('input', showRate)
addEventListener('pagehide', () => void lanes.forEach((lane) => void lane.close()))
addEventListener('pageshow', ({ persisted }) => persisted && reset())

showRate()
reset()
if (!reduced.matches) run(true)
