// The form that edits an icon's title and notes. What is typed is a draft at once; saving and leaving are its owner's business.

import { el } from '../dom.ts'
import type { IconEdit } from '../server/protocol.ts'

export interface EditFormOptions {
  readonly value: IconEdit
  /** Whether the value is a draft from before. */
  readonly isDraft: boolean
  readonly onDraft: (draft: IconEdit) => void
  /** Rejects with what to tell the user. */
  readonly onSave: (edit: IconEdit) => Promise<void>
  /** Nothing of it is wanted. */
  readonly onCancel: () => void
  /** By Escape: the draft stays. */
  readonly onLeave: () => void
}

export interface EditForm {
  readonly root: HTMLFormElement
  focus(): void
}

export function createEditForm({ value, isDraft, onDraft, onSave, onCancel, onLeave }: EditFormOptions): EditForm {
  const title = el('input', { attrs: { id: 'edit-title', maxlength: '60', required: '', autocomplete: 'off' } })
  const notes = el('textarea', { attrs: { id: 'edit-notes', rows: '4', maxlength: '1000', placeholder: 'Only you see them' } })
  const save = el('button', { class: 'primary', text: 'Save', attrs: { type: 'submit' } })
  const cancel = el('button', { text: 'Cancel', attrs: { type: 'button' } })
  const told = el('p', { class: 'section-note', text: isDraft ? 'Your draft from before.' : '\u00a0', attrs: { role: 'status' } })
  const root = el(
    'form',
    { class: 'edit', attrs: { 'aria-label': 'Edit this icon', novalidate: '' } },
    el('label', { text: 'Title', attrs: { for: 'edit-title' } }),
    title,
    el('label', { text: 'Notes', attrs: { for: 'edit-notes' } }),
    notes,
    el('div', { class: 'edit-buttons' }, save, cancel, told),
  )
  title.value = value.title
  notes.value = value.notes
  const read = (): IconEdit => ({ title: title.value, notes: notes.value })

  root.addEventListener('input', () => onDraft(read()))
  root.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (save.ariaDisabled === 'true') return
    save.ariaDisabled = 'true'
    told.textContent = 'Saving'
    try {
      await onSave(read())
    } catch (error) {
      told.textContent = error instanceof Error ? error.message : String(error)
    }
    save.ariaDisabled = 'false'
  })
  cancel.addEventListener('click', onCancel)
  root.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    // Of what an input method shows, Escape ends that alone.
    if (!event.isComposing) onLeave()
  })
  return { root, focus: () => title.focus() }
}
