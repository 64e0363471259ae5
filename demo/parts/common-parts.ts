// What all pages of the demo have in common: the head, with the policy they run under and the start of their service worker, and
// the masthead. A page has `<!-- head -->` and `<!-- masthead -->` in their place; they are put in whenever Vite reads a page.

import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Plugin } from 'vite'

const PAGES = { 'index.html': 'App', 'leak.html': 'The leak', 'tabs.html': 'Two tabs', 'race.html': 'Race' } as const

export function commonParts(): Plugin {
  return {
    name: 'demo-common-parts',
    transformIndexHtml: {
      order: 'pre',
      handler: (html, { filename }) =>
        html.replace('<!-- head -->', readHead).replace('<!-- masthead -->', () => masthead(basename(filename))),
    },
  }
}

function readHead(): string {
  return readFileSync(join(import.meta.dirname, 'head.html'), 'utf8').trim()
}

function masthead(current: string): string {
  const links = Object.entries(PAGES).map(([file, title]) => {
    const address = file === 'index.html' ? './' : `./${file}`
    return `<a href="${address}"${file === current ? ' aria-current="page"' : ''}>${title}</a>`
  })
  return `<a class="wordmark" href="./"><span class="wordmark-mark" aria-hidden="true"></span><span>bestbefore</span></a>
      <nav class="nav" aria-label="Demo">${links.join('')}</nav>`
}
