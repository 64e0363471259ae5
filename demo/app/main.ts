// Wires the app together: one client over one cache, views that the address and the session choose between, the panel and
// the faults.

import { connectFaults } from '../break/faults.ts'
import { byId } from '../dom.ts'
import { createInside } from '../inside/inside.ts'
import { worker } from '../worker/start.ts'
import { createStaticServer } from '../worker/static-server.ts'
import { createAnswerLog } from './answer-log.ts'
import { Client, iconPath, listPath } from './client.ts'
import { connectControls, onClick, say } from './controls.ts'
import { openDrafts } from './drafts.ts'
import { createIconView } from './icon-view.ts'
import { createListView } from './list-view.ts'
import { createLoginView } from './login.ts'
import { formatRoute, navigate, pageTitle, parseRoute, type ListRoute, type Route } from './router.ts'
import { openSession, type User } from './session.ts'
import { readMaxAge, writeMaxAge } from './settings.ts'

/** Whether the service worker plays the server. Put in by the build. */
declare const __STATIC__: boolean

/** Where there is no server, and no worker either. */
const standIn = __STATIC__ ? createStaticServer(document.baseURI) : undefined
let maxAge = readMaxAge()
const log = createAnswerLog()
const session = openSession(() => void show())
const faults = connectFaults(
  () => client,
  () => inside.refresh(),
)

const client: Client = new Client({
  user: () => session.user,
  orders: () => ({ maxAge, ...faults.orders() }),
  ready: worker,
  async send(request) {
    const hasWorker = await worker
    return standIn && !hasWorker ? standIn(request, new URL(request.url).pathname.split('/api/')[1] ?? '') : fetch(request)
  },
  onAnswer(answer) {
    log.add(answer)
    faults.onAnswer(answer)
  },
  onFailure: (path) => log.fail(path),
  onPending(pending) {
    log.setPending(pending)
    inside.sample()
  },
  onStorageError: (error) => inside.addFault(error),
  onUpdate(path, isChanged) {
    say(`Asked in the background about ${path}: ${isChanged ? 'it has changed' : 'unchanged'}.`)
    if (path === currentPath()) void (isChanged ? refresh() : icon.restamp())
  },
})
const inside = createInside(client)
const drafts = openDrafts((error) => say(`Drafts: ${error.message}`))
const list = createListView(client, worker)
const icon = createIconView({
  client,
  drafts,
  user: () => session.user,
  ready: worker,
  onSaved: (title) => say(`Saved “${title}”: it and all lists are invalidated, in every tab.`),
})
const login = createLoginView(client, (user) => session.set(user))
connectControls({
  client,
  maxAge,
  onMaxAge(chosen) {
    maxAge = chosen
    writeMaxAge(chosen)
  },
  async prefetch() {
    if (!session.user) return 'Nobody is logged in.'
    if (!list.hasNext()) return 'No next page is known.'
    const { value } = await client.list(lastList.query, lastList.page + 1)
    return `Page ${value.page} is ready: ${value.items.length} icons.`
  },
  onChange: () => inside.refresh(),
})

const back = byId('back', HTMLAnchorElement)
const userChoice = byId('user', HTMLSelectElement)
let current: Route | undefined
let lastUser: User | undefined
let lastList: ListRoute = { type: 'list', query: '', page: 1 }
let scrollBefore = 0
let isOpenedFromList = false
let unwatch: (() => void) | undefined

function currentPath(): string {
  return current?.type === 'icon' ? iconPath(current.slug) : listPath(lastList.query, lastList.page)
}

/** What another tab has changed, or an edit, is asked for again. What was cleared by hand is not: it is to be seen empty. */
function watch(): void {
  unwatch?.()
  unwatch = client.watch(currentPath(), ({ type, local }) => {
    const isIcon = current?.type === 'icon'
    if (type === 'delete' || (type === 'deleteTag' && !isIcon) || (type === 'set' && !local)) void refresh()
    else if (isIcon) void icon.restamp()
  })
}

async function refresh(): Promise<void> {
  if (!session.user) return
  // What fails is said above the page, and what is shown stays.
  await (current?.type === 'icon' ? icon : list).refresh().catch(() => {})
}

async function show(route = parseRoute(location.hash)): Promise<void> {
  const previous = current
  const { user } = session
  const hasUserChanged = user !== lastUser
  current = route
  byId('list', HTMLElement).hidden = !user || route.type !== 'list'
  byId('icon', HTMLElement).hidden = !user || route.type !== 'icon'
  byId('login', HTMLElement).hidden = user !== undefined
  byId('account', HTMLElement).hidden = user === undefined
  if (!user) {
    unwatch?.()
    for (const view of [list, icon]) view.hide()
    log.clear()
    say('Nobody is logged in.')
    return login.show(lastUser)
  }
  login.hide()
  lastUser = user
  userChoice.value = user
  if (route.type === 'list') lastList = route
  watch()
  if (route.type === 'icon') {
    isOpenedFromList = previous?.type === 'list'
    if (isOpenedFromList) scrollBefore = scrollY
    scrollTo({ top: 0 })
    return icon.show(route.slug, hasUserChanged ? undefined : list.find(route.slug))
  }
  back.href = formatRoute(route)
  document.title = pageTitle(route.query || 'Icons')
  icon.hide()
  await list.show(route)
  if (previous?.type === 'icon' && current === route) {
    scrollTo({ top: scrollBefore })
    list.focusIcon(previous.slug)
  }
}

/** The answers go first: who is logged out does not ask any more, and what is under way is not stored. */
async function logout(): Promise<void> {
  const { user } = session
  if (!user) return
  await Promise.all([client.forget(user), drafts.forget(user)]).catch((error: unknown) => say(String(error)))
  session.set(undefined)
  inside.refresh()
}

onClick('logout', logout)
userChoice.addEventListener('change', () => session.set(userChoice.value as User))
addEventListener('hashchange', () => void show())
addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || current?.type !== 'icon') return
  if (isOpenedFromList) history.back()
  else navigate(lastList)
})
// In-page jumps move the focus without touching the address, which belongs to the router.
for (const [link, target] of [
  ['skip', 'main'],
  ['jump', 'cache'],
] as const) {
  byId(link, HTMLAnchorElement).addEventListener('click', (event) => {
    event.preventDefault()
    const element = byId(target, HTMLElement)
    element.focus({ preventScroll: true })
    element.scrollIntoView()
  })
}
void show()
