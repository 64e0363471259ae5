// A note beside the database, for pages to come: what some page was to remove is still there. localStorage is synchronous,
// and works where IndexedDB does not; workers have none.

export interface Marker {
  set(): void
  /** Takes this page's note away, and those that it has recalled. */
  clear(): void
  /** Whether there are notes of others. */
  recall(): boolean
}

export function createMarker(database: string): Marker {
  const own = String(Math.random())
  let recalled: readonly string[] = []
  const update = (change: (notes: readonly string[]) => readonly string[]): void => {
    try {
      const before = localStorage.getItem(database)
      const after = change(before?.split(' ') ?? []).join(' ') || null
      if (after === before) return
      if (after) localStorage.setItem(database, after)
      else localStorage.removeItem(database)
    } catch {
      // There is none here, or it may not be used.
    }
  }
  /** Notes that are neither its own nor recalled. */
  const othersIn = (notes: readonly string[]): string[] => notes.filter((note) => note !== own && !recalled.includes(note))

  return {
    // In place of those that it has recalled, or a disk that never works would gather one with each page load.
    set: () => update((notes) => [...othersIn(notes), own]),
    clear() {
      update(othersIn)
      // One of a page that lives on may come again, for something else.
      recalled = []
    },
    recall() {
      update((notes) => {
        recalled = notes.filter((note) => note !== own)
        return notes
      })
      return recalled.length > 0
    },
  }
}
