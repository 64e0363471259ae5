// Draws lines over logarithmic axes as an SVG that needs nothing: how a cost grows with the number of entries. Panels stand
// side by side over the same axes; a series has the same colour and dashes in each. Pure: the same plot gives the same text.

export interface Plot {
  readonly title: string
  /** What the axes show, with the unit. */
  readonly x: string
  readonly y: string
  /** One, or several that share the axes. */
  readonly panels: readonly Panel[]
}

export interface Panel {
  /** Left out where the plot's title says it. */
  readonly title?: string
  readonly series: readonly Series[]
}

export interface Series {
  readonly name: string
  /** Positive numbers, drawn in this order. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** Along one axis: from a value to a place, and the values that get a line. */
interface Scale {
  place(value: number): number
  readonly ticks: readonly number[]
}

interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

const PANEL_WIDTH = 340
const PANEL_HEIGHT = 240
const PANELS_IN_ROW = 2
/** Around the panels: the title and the legend above, the labels of the axes at the left and below. */
const FRAME: Box = { left: 26, top: 62, right: 12, bottom: 30 }
/** Around the lines of a panel: its title above, the values of the ticks at the left and below. */
const MARGIN: Box = { left: 48, top: 26, right: 14, bottom: 24 }
/** Light and dark, by place of the series, told apart without colour by their dashes. */
const COLORS = [
  ['#0a58ca', '#6cb0ff'],
  ['#b3480b', '#ff9d5c'],
  ['#1a7f37', '#56d364'],
  ['#8250df', '#d2a8ff'],
  ['#6e7781', '#a5aeb8'],
  ['#9a6700', '#e3b341'],
] as const
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '4 2', '1 2'] as const

/** @throws RangeError when a number is not positive or there are more series than colours, or none */
export function drawPlot({ title, x, y, panels }: Plot): string {
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))]
  const points = panels.flatMap(({ series }) => series.flatMap((one) => one.points)).map(checked)
  if (points.length === 0 || names.length > COLORS.length) {
    throw new RangeError(`Cannot draw ${title}: there must be 1 to ${COLORS.length} series with points: received ${names.length}`)
  }
  const columns = Math.min(PANELS_IN_ROW, panels.length)
  const rows = Math.ceil(panels.length / columns)
  const width = FRAME.left + columns * PANEL_WIDTH + FRAME.right
  const height = FRAME.top + rows * PANEL_HEIGHT + FRAME.bottom
  const middle = FRAME.top + (rows * PANEL_HEIGHT) / 2
  const xs = points.map(([value]) => value)
  const ys = points.map(([, value]) => value)
  const parts = panels.map((panel, index) => {
    const left = FRAME.left + (index % columns) * PANEL_WIDTH + MARGIN.left
    const top = FRAME.top + Math.floor(index / columns) * PANEL_HEIGHT + MARGIN.top
    const right = left + PANEL_WIDTH - MARGIN.left - MARGIN.right
    const bottom = top + PANEL_HEIGHT - MARGIN.top - MARGIN.bottom
    return drawPanel(panel, names, { left, top, right, bottom }, createScale(xs, left, right), createScale(ys, bottom, top))
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${styles()}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    text(title, FRAME.left, 24, 'class="title"'),
    drawLegend(names),
    ...parts,
    text(x, width / 2, height - 10, 'text-anchor="middle"'),
    text(y, 18, middle, `text-anchor="middle" transform="rotate(-90 18 ${round(middle)})"`),
    '</svg>\n',
  ].join('\n')
}

function checked(point: readonly [x: number, y: number]): readonly [x: number, y: number] {
  for (const value of point) {
    if (!(value > 0 && value < Infinity)) throw new RangeError(`Cannot draw point: both numbers must be positive: received ${point.join(', ')}`)
  }
  return point
}

/** Ends at the 1, 2 or 5 before the least value and after the greatest. */
function createScale(values: readonly number[], from: number, to: number): Scale {
  const steps = Array.from({ length: 60 }, (_, index) => Number(`${[1, 2, 5][index % 3]}e${Math.floor(index / 3) - 9}`))
  const first = Math.max(0, steps.findLastIndex((step) => step <= Math.min(...values)))
  const last = steps.findIndex((step) => step >= Math.max(...values) && step > steps[first]!)
  const inside = steps.slice(first, last < 0 ? undefined : last + 1)
  const [least, most] = [Math.log10(inside[0]!), Math.log10(inside.at(-1)!)]
  const tens = inside.filter((step) => Number.isInteger(Math.log10(step)))
  return {
    place: (value) => from + ((Math.log10(value) - least) / (most - least)) * (to - from),
    // Over a few decades 2 and 5 would only crowd the axis.
    ticks: tens.length > 3 ? tens : inside,
  }
}

function drawPanel({ title, series }: Panel, names: readonly string[], { left, top, right, bottom }: Box, x: Scale, y: Scale): string {
  const lines = [
    ...x.ticks.flatMap((tick) => [
      `<path class="grid" d="M${round(x.place(tick))} ${top}V${bottom}"/>`,
      text(short(tick), x.place(tick), bottom + 16, 'text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap((tick) => [
      `<path class="grid" d="M${left} ${round(y.place(tick))}H${right}"/>`,
      text(short(tick), left - 6, y.place(tick) + 4, 'text-anchor="end"'),
    ]),
    ...series.map(({ name, points }) => {
      const places = points.map(([atX, atY]) => [round(x.place(atX)), round(y.place(atY))] as const)
      const dots = places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3"/>`).join('')
      return `<g class="series-${names.indexOf(name)}"><path class="line" d="M${places.map((place) => place.join(' ')).join('L')}"/>${dots}</g>`
    }),
  ]
  if (title !== undefined) lines.unshift(text(title, left, top - 9, 'class="panel"'))
  return lines.join('\n')
}

function drawLegend(names: readonly string[]): string {
  let at = FRAME.left
  return names
    .map((name, index) => {
      const entry = `<g class="series-${index}"><path class="line" d="M${at} 44h26"/><circle cx="${at + 13}" cy="44" r="3"/></g>${text(name, at + 32, 48)}`
      // The width of a letter is a guess: an SVG cannot ask the font.
      at += 52 + name.length * 7
      return entry
    })
    .join('\n')
}

function styles(): string {
  const colors = (scheme: 0 | 1) =>
    COLORS.map((pair, index) => `.series-${index} .line{stroke:${pair[scheme]};stroke-dasharray:${DASHES[index] || 'none'}}.series-${index} circle{fill:${pair[scheme]}}`).join('')
  return [
    'text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-size:15px;font-weight:600}.panel{font-weight:600}',
    '.page{fill:#fff}.grid{stroke:#d8dee4;fill:none}.line{fill:none;stroke-width:2}',
    colors(0),
    `@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}.grid{stroke:#30363d}${colors(1)}}`,
  ].join('')
}

function text(words: string, x: number, y: number, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${attributes && ` ${attributes}`}>${escape(words)}</text>`
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** 1000 as 1k, 1000000 as 1M. */
function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  return value >= 1e3 ? `${value / 1e3}k` : String(value)
}

function round(value: number): number {
  return Number(value.toFixed(1))
}
