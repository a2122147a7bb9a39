/**
 * Rows of the host's file as they were read or written last, since a turn reads each of them many times. They hold until
 * another process writes, or a transaction of this one is undone.
 */
export interface RowCache<Row> {
  get(userId: string, id: string): Row | undefined
  /** What was just written, whole. */
  set(userId: string, id: string, row: Row): void
  forget(userId: string, id: string): void
  forgetAll(): void
}

export function createRowCache<Row>(
  most: number,
  load: (userId: string, id: string) => Row | undefined,
): RowCache<Row> {
  const rows = new Map<string, Row>()

  function set(userId: string, id: string, row: Row): void {
    const key = keyOf(userId, id)
    rows.delete(key)
    rows.set(key, row)
    if (rows.size > most) rows.delete(rows.keys().next().value!)
  }

  return {
    get(userId, id) {
      const kept = rows.get(keyOf(userId, id))
      if (kept) return kept
      const row = load(userId, id)
      if (row) set(userId, id, row)
      return row
    },
    set,
    forget: (userId, id) => void rows.delete(keyOf(userId, id)),
    forgetAll: () => rows.clear(),
  }
}

const keyOf = (userId: string, id: string) => `${userId} ${id}`
