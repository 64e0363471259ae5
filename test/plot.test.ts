import { parseSync } from 'vite'
import { expect, test } from 'vitest'
import { drawPlot, type Plot } from './bench/plot.ts'

const PLOT: Plot = {
  title: 'Cost & size',
  x: 'entries',
  y: 'ns per operation',
  panels: [
    {
      title: 'hit',
      series: [
        { name: 'Map', points: [[1_000, 10], [10_000, 20], [100_000, 40]] },
        { name: 'a<b>', points: [[1_000, 20], [100_000, 80]] },
      ],
    },
  ],
}

/** The corners of each line, in the order of the legend and then of the panels. */
function linesOf(svg: string): number[][][] {
  const paths = [...svg.matchAll(/class="line" d="M([^"h]+)"/g)]
  return paths.map(([, path]) => path!.split('L').map((place) => place.split(' ').map(Number)))
}

test('drawPlot() gives each series a line with all its points, larger values further right and further up', () => {
  const lines = linesOf(drawPlot(PLOT))
  expect(lines.map((line) => line.length)).toEqual([3, 2])
  const [[first, second, third]] = lines as [[number[], number[], number[]]]
  expect(first[0]).toBeLessThan(second[0]!)
  expect(first[1]).toBeGreaterThan(third[1]!)
})

test('drawPlot() uses logarithmic axes: the same factor is the same distance', () => {
  const [[first, second, third]] = linesOf(drawPlot(PLOT)) as [[number[], number[], number[]]]
  expect(second[0]! - first[0]!).toBeCloseTo(third[0]! - second[0]!, 0)
  expect(second[1]! - first[1]!).toBeCloseTo(third[1]! - second[1]!, 0)
})

test('panels share the axes: the same point has the same place in each', () => {
  const series = [{ name: 'Map', points: [[1_000, 10]] as const }]
  const [one, , other] = linesOf(drawPlot({ ...PLOT, panels: [{ series }, { series: [{ name: 'Map', points: [[100_000, 500]] }] }, { series }] }))
  expect(other![0]![0]).toBe(one![0]![0])
  expect(other![0]![1]).toBeGreaterThan(one![0]![1]!)
})

test('drawPlot() names title, axes and series, and escapes what they say', () => {
  const svg = drawPlot(PLOT)
  for (const words of ['>Cost &amp; size<', '>entries<', '>ns per operation<', '>Map<', '>a&lt;b&gt;<', '>10k<']) expect(svg).toContain(words)
  expect(svg).not.toContain('a<b>')
})

test('drawPlot() has colours for a dark page and loads nothing', () => {
  const svg = drawPlot(PLOT)
  expect(svg).toContain('prefers-color-scheme:dark')
  expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|url\(|@import/)
})

test('drawPlot() writes well-formed markup', () => {
  // JSX of lower-case elements, attributes in quotes and text without braces is XML.
  const markup = drawPlot(PLOT).replace(/<style>.*<\/style>/, '')
  expect(parseSync('plot.jsx', `(${markup})`).errors).toEqual([])
})

test.each([
  ['no points', []],
  ['a zero', [[1, 0]]],
  ['a negative number', [[-1, 1]]],
  ['NaN', [[NaN, 1]]],
] as const)('drawPlot() throws a RangeError for %s', (_, points) => {
  expect(() => drawPlot({ ...PLOT, panels: [{ series: [{ name: 'Map', points }] }] })).toThrow(RangeError)
})

test('drawPlot() draws one single point', () => {
  expect(linesOf(drawPlot({ ...PLOT, panels: [{ series: [{ name: 'Map', points: [[1_000, 1_000]] }] }] }))).toHaveLength(1)
})
