// One icon. What the list already knew is shown at once; the facts follow when they arrive. It can be edited: what is saved
// is invalidated in every tab, and asked for anew.

import { byId } from '../dom.ts'
import type { IconDetails, IconSummary } from '../server/protocol.ts'
import { iconPath, type Answer, type Client } from './client.ts'
import type { Drafts } from './drafts.ts'
import { createEditForm } from './edit-form.ts'
import { problem } from './problem.ts'
import { pageTitle } from './router.ts'
import type { User } from './session.ts'
import { createSheet } from './sheet.ts'

export interface IconViewOptions {
  readonly client: Client
  readonly drafts: Drafts
  readonly user: () => User | undefined
  /** Resolves when drawings may be asked for. */
  readonly ready: Promise<unknown>
  readonly onSaved: (title: string) => void
}

export interface IconView {
  /** Resolves when the icon, or why there is none, is shown. The heading has the focus from the start. */
  show(slug: string, known: IconSummary | undefined): Promise<void>
  /** Asks again for what is shown, which may have changed. */
  refresh(): Promise<void>
  /** Shows the best-before date again, which may have moved. */
  restamp(): Promise<void>
  hide(): void
}

export function createIconView({ client, drafts, user, ready, onSaved }: IconViewOptions): IconView {
  const section = byId('icon', HTMLElement)
  const body = byId('icon-body', HTMLElement)
  let turn = 0
  let sheet: ReturnType<typeof createSheet> | undefined
  let shown: Answer<IconDetails> | undefined
  let asked = ''

  async function show(slug: string, known: IconSummary | undefined): Promise<void> {
    const mine = ++turn
    asked = slug
    shown = undefined
    const fresh = (sheet = createSheet(slug, ready))
    if (known) fresh.setSummary(known)
    body.replaceChildren(fresh.root)
    fresh.edit.addEventListener('click', () => void edit())
    document.title = pageTitle(known?.title ?? slug)
    section.ariaBusy = 'true'
    fresh.heading.focus()
    try {
      await refresh()
      const owner = user()
      if (mine === turn && owner && (await drafts.read(owner, slug))) await edit()
    } catch (error) {
      if (mine === turn) fresh.fail(problem(error, () => void show(slug, known)))
    } finally {
      if (mine === turn) section.ariaBusy = 'false'
    }
  }

  async function refresh(): Promise<void> {
    const mine = turn
    const answer = await client.icon(asked)
    if (mine !== turn) return
    shown = answer
    sheet?.setDetails(answer.value)
    document.title = pageTitle(answer.value.title)
    await restamp()
  }

  async function restamp(): Promise<void> {
    const mine = turn
    const staleAt = await client.staleAt(iconPath(asked)).catch(() => undefined)
    if (mine === turn) sheet?.bestBefore.set(staleAt)
  }

  async function edit(): Promise<void> {
    const owner = user()
    if (!shown || !sheet || !owner || sheet.root.querySelector('form')) return
    const { root, facts, edit: opener } = sheet
    const { value, etag } = shown
    const slug = value.slug
    const draft = await drafts.read(owner, slug)
    const close = (): void => {
      form.root.replaceWith(facts)
      opener.hidden = false
      opener.focus()
    }
    const drop = (): void => {
      void drafts.drop(owner, slug)
      close()
    }
    const form = createEditForm({
      value: draft ?? value,
      isDraft: draft !== undefined,
      onDraft: (typed) => void drafts.write(owner, slug, typed),
      async onSave(typed) {
        // Another tab that saved has dropped it, and what is refused is to be found again.
        await drafts.write(owner, slug, typed)
        await client.save(slug, typed, etag)
        drop()
        onSaved(typed.title)
      },
      onCancel: drop,
      onLeave: close,
    })
    if (!root.isConnected) return
    facts.replaceWith(form.root)
    opener.hidden = true
    form.focus()
  }

  return {
    show,
    refresh,
    restamp,
    hide() {
      turn++
      sheet = shown = undefined
      body.replaceChildren()
    },
  }
}
