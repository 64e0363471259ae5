// A note beside the database tells later pages that something is still there which an earlier page was to remove. It is kept in
// localStorage, which is synchronous and works even if IndexedDB does not; workers have none.

export interface Marker {
  set(): void
  /** Removes this page's note, and those that it has recalled. */
  clear(): void
  /** Whether there are notes of other pages; from then on they are recalled. */
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
      // localStorage is missing here, or may not be used.
    }
  }
  /** Notes that are neither this page's own nor recalled. */
  const othersIn = (notes: readonly string[]): string[] => notes.filter((note) => note !== own && !recalled.includes(note))

  return {
    // Replaces the recalled notes: otherwise, with a disk that never works, each page load would add one.
    set: () => update((notes) => [...othersIn(notes), own]),
    clear() {
      update(othersIn)
      // A page that lives on may set its note again, for something else.
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
