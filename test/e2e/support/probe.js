// Runs in a page beside the demo, in whatever engine: uses the app in a frame, and reports what it has seen.

const frame = document.createElement('iframe')
frame.style.cssText = 'width: 1280px; height: 900px'
document.documentElement.append(frame)

const all = (selector) => [...(frame.contentDocument?.querySelectorAll(selector) ?? [])]
const text = (selector) => all(selector)[0]?.textContent ?? ''
const last = () => `${text('#answer-source')} ${text('#answer-path')}`

/** Waits until a value is there; after a while takes what there is, and the report will tell. */
async function until(read, wanted = Boolean) {
  for (let tries = 0; tries < 150; tries++) {
    if (wanted(read())) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return read()
}

async function press(selector) {
  await until(() => all(selector).length > 0)
  all(selector)[0]?.click()
}

async function use() {
  const seen = {}
  frame.src = `${location.hash.slice(1)}#/`
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
  frame.contentWindow.location.hash = '#/'
  seen.edited = [edited, await until(() => text('[data-slug="abb"]'), (shown) => shown === 'Asea')]
  frame.contentWindow.location.hash = '#/icon/abb'
  await until(last, (shown) => shown.endsWith('icons/abb'))
  frame.contentWindow.location.reload()
  seen.again = await until(last, (shown) => shown.startsWith('Disk'))
  seen.title = await until(() => text('#icon-title'), (shown) => shown === 'Asea')
  await press('#logout')
  seen.left = await until(() => text('#left-over'), (shown) => /left/.test(shown))
  await press('#login-ben')
  seen.other = await until(() => text('#icon-title'), (shown) => shown === 'ABB')
  return seen
}

use()
  .catch((error) => ({ error: String(error) }))
  .then((seen) => fetch('/report', { method: 'POST', body: JSON.stringify(seen) }))
