// The table in README.md and the tests are in step.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const FAULTS = 42

interface Proof {
  /** Relative to the project's root. */
  readonly file: string
  readonly title: string
}

interface Row {
  readonly fault: string
  readonly happens: string
  readonly proofs: readonly Proof[]
}

function rowsOf(table: string): Row[] {
  return table
    .split('\n')
    .filter((line) => /^\| F\d/.test(line))
    .map((line) => {
      const [, name = '', happens = '', proven = ''] = line.split(' | ').join('|').replace(/^\| */, '|').split('|')
      const proofs = proven.split('<br>').map((proof) => {
        const [file = '', ...title] = proof.split(' › ')
        return { file: file.startsWith('test/') ? file.trim() : `test/faults/${file.trim()}`, title: title.join(' › ').trim() }
      })
      return { fault: /^F\d+/.exec(name)?.[0] ?? '', happens: happens.trim(), proofs }
    })
}

/** Titles of the tests of a file, as they are written there. */
function titlesOf(source: string): string[] {
  const titles: string[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, callee, arguments: args } = node as { type?: string; callee?: Node; arguments?: readonly Node[] }
    if (type === 'CallExpression' && args?.[0] && /^(it|test|describe)\b/.test(textOf(callee!))) {
      const title = /^(['"`])(.*)\1$/s.exec(textOf(args[0]))?.[2]
      if (title !== undefined) titles.push(title)
    }
    for (const child of Object.values(node)) visit(child)
  }
  const textOf = ({ start, end }: Node): string => source.slice(start, end)
  const { program, errors } = parseSync('test.ts', source)
  if (errors[0]) throw new Error(errors[0].message)
  visit(program)
  return titles
}

interface Node {
  readonly start: number
  readonly end: number
}

const rows = rowsOf(readFileSync(join(import.meta.dirname, 'README.md'), 'utf8'))
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

it('each fault has one row, which says what happens', () => {
  expect(rows.map(({ fault }) => fault)).toEqual(Array.from({ length: FAULTS }, (_, place) => `F${place + 1}`))
  expect(rows.filter(({ happens }) => happens.length < 10)).toEqual([])
})

it.each(rows.map((row) => [row.fault, row] as const))('%s is proven by tests that exist', (_fault, { proofs }) => {
  expect(proofs.length).toBeGreaterThan(0)
  for (const { file, title } of proofs) {
    expect(existsSync(join(ROOT, file)), file).toBe(true)
    expect(titlesOf(read(file)), file).toContain(title)
  }
})

it('each test that bears the number of a fault is in a file that its row names', () => {
  const folders = ['test/faults', 'test/engines'].filter((folder) => existsSync(join(ROOT, folder)))
  const files = folders.flatMap((folder) => readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.test.ts')).map((name) => `${folder}/${name}`))
  const strays = files.flatMap((file) => {
    return titlesOf(read(file)).flatMap((title) => {
      const fault = /^(F\d+)\b/.exec(title)?.[1]
      const row = rows.find((each) => each.fault === fault)
      return fault === undefined || row?.proofs.some((proof) => proof.file === file) ? [] : [`${file}: ${title}`]
    })
  })
  expect(strays).toEqual([])
})

it('the check itself reads rows and titles as they are written', () => {
  const [row] = rowsOf('| F1: x | what happens | open.test.ts › F1: a<br>test/x.test.ts › b › c |')
  expect(row).toEqual({ fault: 'F1', happens: 'what happens', proofs: [{ file: 'test/faults/open.test.ts', title: 'F1: a' }, { file: 'test/x.test.ts', title: 'b › c' }] })
  const source = "it('a', f); it.each<[x: string]>([['not this']])('b %s `c`', f); test(`d`, { timeout: 1 }, f); describe(\"e\", () => { it.each(X)(\n'f',\nf) }); expect('g')"
  expect(titlesOf(source)).toEqual(['a', 'b %s `c`', 'd', 'e', 'f'])
})
