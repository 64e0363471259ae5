// A change of entries, in the form that the write queue, the log on disk, messages between tabs and events share.

/**
 * A key has a new value or lifetime, or was removed; or all keys with a prefix were removed (with the empty prefix, all keys); or all
 * entries with a tag.
 */
export type Change =
  | { readonly type: 'set' | 'delete'; readonly key: string }
  | { readonly type: 'deletePrefix'; readonly prefix: string }
  | { readonly type: 'deleteTag'; readonly tag: string }

export const EVERYTHING: Change = { type: 'deletePrefix', prefix: '' }

export function isEverything(change: Change): boolean {
  return (change as { readonly prefix?: string }).prefix === ''
}

type Concern = { readonly key: string } | { readonly prefix: string } | { readonly tag: string }

/** Whether a change concerns a key with these tags. If the tags are not known, a removal by any tag does. */
export function concerns(change: Concern, key: string, tags?: readonly string[]): boolean {
  if ('key' in change) return change.key === key
  return 'prefix' in change ? key.startsWith(change.prefix) : (tags?.includes(change.tag) ?? true)
}

/** What each type of change must name. */
const NAMED: ReadonlyMap<unknown, string> = new Map([
  ['set', 'key'],
  ['delete', 'key'],
  ['deletePrefix', 'prefix'],
  ['deleteTag', 'tag'],
] satisfies [Change['type'], string][])

/** The valid changes in what another tab or an older page has left, without other properties; the rest is skipped. */
export function changesIn(found: unknown): readonly Change[] {
  const changeIn = (change: Readonly<Record<string, unknown>> | null | undefined): Change[] => {
    const name = NAMED.get(change?.type)
    const named = name && change?.[name]
    return typeof named === 'string' ? [{ type: change!.type, [name!]: named } as Change] : []
  }
  return Array.isArray(found) ? found.flatMap(changeIn) : []
}
