// Dots on a canvas: hundreds that move cost a page too much as elements. They are marked as tiers are everywhere: full, half
// full, empty. They glide while they are in sight; where the visitor wants less motion they are drawn once a second.

import { el } from '../dom.ts'

const STATES = ['memory', 'disk', 'stale', 'expired'] as const
export type DotState = (typeof STATES)[number]

export interface Dot {
  /** Shares of the width and the height. */
  readonly x: number
  readonly y: number
  readonly state: DotState
}

export interface Dots<T> {
  show(items: ReadonlyMap<string, T>): void
  /** Once a second. */
  tick(): void
}

/** ms from one picture to the next, as seldom as looks smooth. */
const FRAME = 30
/** ms in which a dot that jumps has gone most of its way, and in which one that is removed fades. */
const GLIDE = 250
/** Share of the width that is no jump. */
const NEAR = 0.005
const FADE = 400
const RADIUS = 3.5

interface Leaving {
  readonly dot: Dot
  readonly at: number
}

/** @param dotOf where an item is now */
export function createDots<T>(root: HTMLElement, dotOf: (item: T) => Dot): Dots<T> {
  const canvas = el('canvas')
  const context = canvas.getContext('2d')!
  const reduced = matchMedia('(prefers-reduced-motion: reduce)')
  const shown = new Map<string, number>()
  let items: ReadonlyMap<string, T> = new Map()
  let leaving: Leaving[] = []
  let colours = readColours(root)
  let isSeen = false
  let isDrawn = true
  let last = 0
  root.prepend(canvas)

  function draw(now: number): void {
    const step = reduced.matches ? 1 : 1 - Math.exp((last - now) / GLIDE)
    last = now
    leaving = leaving.filter(({ at }) => now - at < FADE)
    isDrawn = items.size > 0 || leaving.length > 0
    const dots = Array.from(items, ([key, item]): Dot => {
      const dot = dotOf(item)
      const before = shown.get(key) ?? dot.x
      const x = Math.abs(dot.x - before) < NEAR ? dot.x : before + (dot.x - before) * step
      shown.set(key, x)
      return { ...dot, x }
    })
    paint(
      context,
      (state) => colours.get(state) ?? '',
      dots,
      leaving.map(({ dot, at }) => ({ dot, alpha: 1 - (now - at) / FADE })),
    )
  }

  function frame(now: number): void {
    if (!isSeen || reduced.matches) return
    if (isDrawn && now - last >= FRAME) draw(now)
    requestAnimationFrame(frame)
  }

  new ResizeObserver(() => {
    canvas.width = root.clientWidth * devicePixelRatio
    canvas.height = root.clientHeight * devicePixelRatio
    draw(performance.now())
  }).observe(root)
  new IntersectionObserver((entries) => {
    const was = isSeen
    isSeen = entries.at(-1)?.isIntersecting ?? false
    if (isSeen && !was) requestAnimationFrame(frame)
  }).observe(root)

  return {
    show(next) {
      const now = performance.now()
      for (const [key, item] of items) {
        if (next.has(key)) continue
        const dot = dotOf(item)
        if (isSeen && !reduced.matches) leaving.push({ dot: { ...dot, x: shown.get(key) ?? dot.x }, at: now })
        shown.delete(key)
      }
      items = next
      isDrawn = true
    },
    tick() {
      colours = readColours(root)
      if (reduced.matches || !isSeen) draw(performance.now())
    },
  }
}

/** As the page's legend has them, in whatever scheme is in force. */
function readColours(root: HTMLElement): Map<DotState, string> {
  const legend = root.parentElement ?? root
  return new Map(
    STATES.map((state) => {
      const mark = legend.querySelector(`[data-tier="${state}"] > .tier-mark`)
      return [state, mark ? getComputedStyle(mark).borderTopColor : 'gray']
    }),
  )
}

function paint(
  context: CanvasRenderingContext2D,
  colourOf: (state: DotState) => string,
  dots: readonly Dot[],
  leaving: readonly { dot: Dot; alpha: number }[],
): void {
  const { width, height } = context.canvas
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
  context.clearRect(0, 0, width, height)
  context.lineWidth = 1.5
  const [w, h] = [width / devicePixelRatio, height / devicePixelRatio]
  const paintAll = (some: readonly Dot[], state: DotState, alpha: number): void => {
    const rings = new Path2D()
    const fills = new Path2D()
    for (const { x, y } of some) {
      rings.moveTo(x * w + RADIUS, y * h)
      rings.arc(x * w, y * h, RADIUS, 0, 2 * Math.PI)
      if (state === 'expired') continue
      const from = state === 'memory' ? 0 : -Math.PI / 2
      fills.moveTo(x * w, y * h)
      fills.arc(x * w, y * h, RADIUS, from, state === 'memory' ? 2 * Math.PI : Math.PI / 2)
    }
    context.globalAlpha = alpha
    context.strokeStyle = context.fillStyle = colourOf(state)
    context.stroke(rings)
    context.fill(fills)
  }
  for (const state of STATES)
    paintAll(
      dots.filter((dot) => dot.state === state),
      state,
      1,
    )
  for (const { dot, alpha } of leaving) paintAll([dot], dot.state, Math.max(0, alpha))
}
