// Reads the values of command line options.

/** Names out of lists separated by commas. All that are known when none is given. @throws RangeError for an unknown one */
export function namesOf<T extends string>(option: string, lists: readonly string[], known: readonly T[]): readonly T[] {
  const names = lists.flatMap((list) => list.split(',')).filter(Boolean)
  for (const name of names) {
    if (!known.some((other) => other === name)) throw new RangeError(`${option} must be of ${known.join(', ')}: received ${name}`)
  }
  return names.length === 0 ? known : known.filter((name) => names.includes(name))
}

/** @throws RangeError for what is no whole number or out of range */
export function integerOf(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) throw new RangeError(`${option} must be ${least} to ${most}: received ${text}`)
  return value
}
