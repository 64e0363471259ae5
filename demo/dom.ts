// Builds DOM without markup strings: text goes in as text, so that data can never become code and the page runs
// under a strict content security policy with Trusted Types.

type Child = Node | string

interface Props {
  readonly class?: string
  readonly text?: string
  readonly attrs?: Readonly<Record<string, string>>
  /** CSS custom properties, set through the CSSOM, which no policy forbids. */
  readonly vars?: Readonly<Record<`--${string}`, string>>
}

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (props.class !== undefined) element.className = props.class
  if (props.text !== undefined) element.textContent = props.text
  for (const [name, value] of Object.entries(props.attrs ?? {})) element.setAttribute(name, value)
  for (const [name, value] of Object.entries(props.vars ?? {})) element.style.setProperty(name, value)
  element.append(...children)
  return element
}

/** The element of the page with this id. */
export function byId<E extends HTMLElement>(id: string, type: new () => E): E {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} #${id}`)
  return element
}

/** A link to another site; plain text when the address is not one a browser should follow. */
export function externalLink(address: string, text?: string): Node {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) return document.createTextNode(text ?? address)
  return el('a', {
    text: text ?? url.hostname.replace(/^www\./, ''),
    attrs: { href: url.href, rel: 'noopener noreferrer', target: '_blank' },
  })
}
