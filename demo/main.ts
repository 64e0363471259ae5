// Wires the demo together: one client over one cache, two views that the address chooses between, and the panel.

import { createAnswerLog } from './answer-log.ts'
import { connectControls, say } from './controls.ts'
import { byId } from './dom.ts'
import { IconsClient } from './icons-client.ts'
import { createIconView } from './icon-view.ts'
import { createListView } from './list-view.ts'
import { createPanel } from './panel.ts'
import { formatRoute, navigate, pageTitle, parseRoute, type ListRoute, type Route } from './router.ts'
import { readTtl, writeTtl } from './settings.ts'

let ttl = readTtl()
const log = createAnswerLog()
const client = new IconsClient({
  ttl: () => ttl,
  onAnswer(answer) {
    log.add(answer)
    panel.refresh()
  },
  onFailure: (key) => log.fail(key),
  onPending: (pending) => log.setPending(pending),
  onStorageError: (error) => say(`Storage: ${error.message}`),
})
const panel = createPanel(client)
connectControls({
  client,
  ttl,
  onTtl(chosen) {
    ttl = chosen
    writeTtl(chosen)
  },
  async prefetch() {
    const page = lastList.page + 1
    const { value } = await client.list(lastList.query, page)
    return `Page ${page} is ready: ${value.items.length} icons.`
  },
  onChange: (change) => panel.refresh(change),
})
const list = createListView(client)
const icon = createIconView(client)

const listSection = byId('list', HTMLElement)
const iconSection = byId('icon', HTMLElement)
const back = byId('back', HTMLAnchorElement)
let current: Route | undefined
let lastList: ListRoute = { type: 'list', query: '', page: 1 }
let scrollBefore = 0
let isOpenedFromList = false

async function show(route: Route): Promise<void> {
  const previous = current
  current = route
  listSection.hidden = route.type !== 'list'
  iconSection.hidden = route.type !== 'icon'
  if (route.type === 'icon') {
    isOpenedFromList = previous?.type === 'list'
    if (isOpenedFromList) scrollBefore = scrollY
    scrollTo({ top: 0 })
    return icon.show(route.slug, list.find(route.slug))
  }
  lastList = route
  back.href = formatRoute(route)
  document.title = pageTitle(route.query || 'Icons')
  icon.hide()
  await list.show(route)
  if (previous?.type === 'icon' && current === route) {
    scrollTo({ top: scrollBefore })
    list.focusIcon(previous.slug)
  }
}

addEventListener('hashchange', () => void show(parseRoute(location.hash)))
addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || current?.type !== 'icon') return
  if (isOpenedFromList) history.back()
  else navigate(lastList)
})
// In-page jumps move the focus without touching the address, which belongs to the router.
for (const [link, target] of [['skip', 'main'], ['jump', 'cache']] as const) {
  byId(link, HTMLAnchorElement).addEventListener('click', (event) => {
    event.preventDefault()
    const element = byId(target, HTMLElement)
    element.focus({ preventScroll: true })
    element.scrollIntoView()
  })
}
void show(parseRoute(location.hash))
