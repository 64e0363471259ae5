// Runs in a page beside the demo, in whatever engine: uses each page of the demo in a frame, all at the same time, and reports
// what it has seen.

const base = location.hash.slice(1)

/** A frame with a page of the demo, and what a visitor does there. */
function visit(path) {
  const frame = document.createElement('iframe')
  // In sight, or engines would slow it down.
  frame.style.cssText = 'position: absolute; inset: 0; width: 1280px; height: 900px'
  frame.src = base + path
  document.documentElement.append(frame)
  const all = (selector, within = frame.contentDocument) => [...(within?.querySelectorAll(selector) ?? [])]
  return {
    window: frame.contentWindow,
    all,
    text: (selector) => all(selector)[0]?.textContent ?? '',
    async press(selector) {
      await until(() => all(selector).length > 0)
      all(selector)[0]?.click()
    },
  }
}

/** When the report is due: three engines at once take long on a slow machine. */
const end = Date.now() + 150_000

/** Waits until a value is there; in the end takes what there is, and the report will tell. */
async function until(read, wanted = Boolean) {
  while (Date.now() < end && !wanted(read())) await new Promise((resolve) => setTimeout(resolve, 50))
  return read()
}

async function useApp() {
  const { window, all, text, press } = visit('#/')
  const last = () => `${text('#answer-source')} ${text('#answer-path')}`
  const seen = {}
  seen.first = await until(last, (shown) => shown.endsWith('icons?page=1'))
  seen.tiles = await until(() => all('.tile:not(.is-skeleton)').length)
  await press('[data-slug="abb"]')
  seen.icon = await until(last, (shown) => shown.endsWith('icons/abb'))
  await press('.icon-edit')
  await until(() => all('#edit-title').length > 0)
  const [title] = all('#edit-title')
  title.value = 'Asea'
  await press('.edit .primary')
  const edited = await until(() => text('#icon-title'), (shown) => shown === 'Asea')
  // The list has been invalidated.
  window.location.hash = '#/'
  seen.edited = [edited, await until(() => text('[data-slug="abb"]'), (shown) => shown === 'Asea')]
  window.location.hash = '#/icon/abb'
  await until(last, (shown) => shown.endsWith('icons/abb'))
  window.location.reload()
  seen.again = await until(last, (shown) => shown.startsWith('Disk'))
  seen.title = await until(() => text('#icon-title'), (shown) => shown === 'Asea')
  await press('#logout')
  seen.left = await until(() => text('#left-over'), (shown) => /left/.test(shown))
  await press('#login-ben')
  seen.other = await until(() => text('#icon-title'), (shown) => shown === 'ABB')
  return seen
}

/** The loop runs by itself, unless the visitor wants less motion. */
async function useLeak() {
  const { text, press } = visit('leak.html')
  const numberAt = (id) => Number(text(id).replaceAll(',', ''))
  await until(() => text('#left-model').trim())
  if (text('#start') === 'Start') await press('#start')
  await until(() => numberAt('#left-held'), (held) => held > 1_000)
  await press('#start')
  return { climbs: numberAt('#left-held') > 1_000, right: numberAt('#right-held'), sentence: text('#sentence').replace(/[\d,]+/g, 'n') }
}

async function useTabs() {
  const { all, text, press } = visit('tabs.html')
  const pane = (index) => all('iframe')[index]?.contentDocument
  const milk = (index) => all('#milk', pane(index))[0]
  for (const index of [0, 1]) await until(() => milk(index)?.value === '2 litres')
  milk(0).value = '3 litres'
  milk(0).dispatchEvent(new Event('input'))
  const seen = { milk: await until(() => milk(1)?.value, (value) => value === '3 litres') }
  await press('#take-all')
  seen.seat = await until(() => text('#seat-said'), (said) => /did not\.$/.test(said))
  await press('#load-all')
  seen.load = await until(() => text('#load-said'), (said) => /^2 panes/.test(said))
  return seen
}

async function useRace() {
  const { all, text, press } = visit('race.html?quick')
  await until(() => all('#charts table').length > 0)
  await press('#start')
  return until(() => text('#status'), (said) => /^Done/.test(said))
}

async function use() {
  const [app, leak, tabs, race] = await Promise.all([useApp(), useLeak(), useTabs(), useRace()])
  return { app, leak, tabs, race }
}

use()
  .catch((error) => ({ error: String(error) }))
  .then((seen) => fetch(`/report${location.search}`, { method: 'POST', body: JSON.stringify(seen) }))
