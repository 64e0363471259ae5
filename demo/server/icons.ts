// The icons of the npm package `simple-icons`, read in Node: what the catalogue says of each, and its drawing as a file.

import type { SimpleIcon } from 'simple-icons'
import type { IconData } from 'simple-icons/sdk'
import type { Icon } from './protocol.ts'

export interface IconSource {
  readonly icons: readonly Icon[]
  /** An SVG file by slug. */
  readonly drawings: ReadonlyMap<string, string>
}

/** In the package's own order, which is that of its titles. It is about 6 MB of modules. */
export async function readIconSource(): Promise<IconSource> {
  const [modules, { getIconsData }] = await Promise.all([import('simple-icons'), import('simple-icons/sdk')])
  const found = new Map(Object.values(modules).flatMap((icon) => ('slug' in icon ? [[icon.slug, icon] as const] : [])))
  const icons = (await getIconsData()).flatMap(({ slug, aliases }) => {
    const icon = found.get(slug)
    return icon ? [toIcon(icon, aliases)] : []
  })
  return { icons, drawings: new Map(icons.map(({ slug }) => [slug, found.get(slug)!.svg])) }
}

function toIcon({ slug, title, hex, source, guidelines, license }: SimpleIcon, aliases: IconData['aliases'] = {}): Icon {
  const { aka = [], old = [], loc = {}, dup = [] } = aliases
  return {
    slug,
    title,
    hex,
    source,
    ...(guidelines !== undefined && { guidelines }),
    ...(license !== undefined && { license }),
    aliases: [...new Set([...aka, ...old, ...Object.values(loc), ...dup.map((other) => other.title)])],
  }
}
