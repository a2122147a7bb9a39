import type { SQLInputValue } from 'node:sqlite'
import type { Memory } from '../memory.ts'
import type { Prepared } from '../sqlite/prepare.ts'
import { createRowCache } from './row-cache.ts'

/** A memory on its way to Pinecone, or written lately. */
export interface Row {
  readonly memory_no: number
  readonly user_id: string
  readonly id: string
  readonly ts_ms: number
  readonly reach: string | null
  readonly role: string | null
  readonly conversation_id: string | null
  readonly message_id: string | null
  readonly pinned: number
  readonly speaker: string | null
  readonly at: number
  readonly sent_at: number
  readonly lsn: number | null
  readonly touched_ms: number
  readonly records: number
  /** 0: taken over from Pinecone, to be changed here. */
  readonly is_own: number
  /** 1: it is not known whether Pinecone has a memory of this id, which would stay as it is. 2: nor one of its message id. */
  readonly is_new: number
  readonly refusal: string | null
  readonly to_link: number
  readonly linked: number
  readonly prev_id: string | null
  readonly last: number
  /** Undefined: deleted. */
  readonly memory: Memory | undefined
  readonly vectors: Uint8Array | null
  readonly prev_vector: Uint8Array | null
}

/** As the file has it: the memory as JSON, null for a deleted one. */
type StoredRow = Omit<Row, 'memory'> & { readonly doc: string | null }

/** Of some 5 KB each, with their vectors. */
const MOST_ROWS = 1_000

/** Statements on the memories of the host's file, each of one user's. */
export function prepareMemoryRows({ one, all, run }: Prepared) {
  const stored = one<StoredRow>('SELECT * FROM memory_rows WHERE user_id = ? AND id = ?')
  const kept = createRowCache(MOST_ROWS, (userId, id) => {
    const row = stored(userId, id)
    return row && toRow(row)
  })
  /** Whole rows by a statement that finds their ids: as a rule they are kept already. */
  const rows = (sql: string) => {
    const found = all<Pick<Row, 'id'>>(sql)
    return (userId: string, ...values: SQLInputValue[]) =>
      found(userId, ...values).flatMap(({ id }) => kept.get(userId, id) ?? [])
  }
  /** Notes something of a row: the statement takes these values in this order, then its number. Returns the row as it is now. */
  const note = <Name extends Exclude<keyof Row, 'memory'>>(sql: string, ...names: Name[]) => {
    const update = run(sql)
    return (row: Row, values: Pick<Row, Name>): Row => {
      update(...names.map((name) => values[name] as SQLInputValue), row.memory_no)
      const noted = { ...row, ...values }
      kept.set(row.user_id, row.id, noted)
      return noted
    }
  }
  // SQLite, which keeps no statistics here, takes all memories of a user for as good a way as an index of a few.
  const by = (index: string) => `SELECT id FROM memories INDEXED BY ${index} WHERE user_id = ?1`
  const places = COLUMNS.map(() => '?').join(', ')
  const changes = COLUMNS.slice(2).map((column) => `${column} = excluded.${column}`)
  const put = one<Pick<Row, 'memory_no'>>(
    `INSERT INTO memories (${COLUMNS.join(', ')}) VALUES (${places})
    ON CONFLICT (user_id, id) DO UPDATE SET ${changes.join(', ')} RETURNING memory_no`,
  )
  const putVectors = note(
    'INSERT OR REPLACE INTO vectors (own, prev, memory_no) VALUES (?, ?, ?)',
    'vectors',
    'prev_vector',
  )
  const drop = run('DELETE FROM memories WHERE user_id = ? AND id = ?')
  const dropAll = run('DELETE FROM memories WHERE user_id = ?')
  const allOfUser = all<StoredRow>('SELECT * FROM memory_rows WHERE user_id = ?')
  const unembedded = all<StoredRow>(
    `SELECT * FROM memory_rows WHERE doc IS NOT NULL AND reach = 'recall' AND vectors IS NULL
    AND touched_ms < ? LIMIT ?`,
  )
  const retryRefused = run(
    `UPDATE memories INDEXED BY memories_on_their_way SET refusal = NULL
    WHERE sent_at < at AND refusal IS NOT NULL`,
  )

  return {
    forgetMemories: () => kept.forgetAll(),
    memory: (userId: string, id: string) => kept.get(userId, id),
    memories: (userId: string) => allOfUser(userId).map(toRow),
    count: one<{ rows: number }>('SELECT count(*) AS rows FROM memories WHERE user_id = ?'),
    // Each part by an index of its own: what is shown already is mostly all there is.
    unseen: rows(
      `${by('memories_on_their_way')} AND sent_at < at
      UNION ALL ${by('memories_by_lsn')} AND sent_at >= at AND lsn IS NULL
      UNION ALL ${by('memories_by_lsn')} AND sent_at >= at AND lsn > ?2`,
    ),
    pinned: rows(`${by('memories_pinned')} AND pinned = 1`),
    speakers: all<{ speaker: string }>(
      `SELECT DISTINCT speaker FROM memories INDEXED BY memories_by_speaker
      WHERE user_id = ? AND reach = 'recall' AND speaker IS NOT NULL`,
    ),
    lastOfConversation: rows(
      `${by('memories_by_conversation')} AND conversation_id = ?2 AND (ts_ms, id) < (?3, ?4)
      AND doc IS NOT NULL ORDER BY ts_ms DESC, id DESC LIMIT ?5`,
    ),
    ofConversation: rows(`${by('memories_by_conversation')} AND conversation_id = ?2`),
    ofMessage: rows(`${by('memories_by_message')} AND message_id = ?2 AND doc IS NOT NULL`),
    behind: rows(`${by('memories_by_prev')} AND prev_id = ?2 AND linked = 1`),
    onItsWay: rows(
      `${by('memories_on_their_way')} AND sent_at < at AND refusal IS NULL ORDER BY at LIMIT ?2`,
    ),
    leftToLink: rows(`${by('memories_to_link')} AND to_link = 1 AND sent_at = at`),

    /** Inserts or replaces a row. */
    put(row: Omit<Row, 'memory_no'>) {
      const before = kept.get(row.user_id, row.id)
      const doc = row.memory === undefined ? null : JSON.stringify(row.memory)
      const values = COLUMNS.map((column) => (column === 'doc' ? doc : row[column]))
      const written = { ...row, ...put(...values)! }
      kept.set(row.user_id, row.id, written)
      const { vectors, prev_vector } = before ?? { vectors: null, prev_vector: null }
      if (row.vectors !== vectors || row.prev_vector !== prev_vector) putVectors(written, row)
    },
    drop(userId: string, id: string) {
      kept.forget(userId, id)
      drop(userId, id)
    },
    dropAll(userId: string) {
      kept.forgetAll()
      dropAll(userId)
    },
    putVectors,
    setLink: note(
      'UPDATE memories SET to_link = ?, linked = ?, prev_id = ?, last = ? WHERE memory_no = ?',
      'to_link',
      'linked',
      'prev_id',
      'last',
    ),
    setPrev: note('UPDATE memories SET prev_id = ?, at = ? WHERE memory_no = ?', 'prev_id', 'at'),
    setLast: note('UPDATE memories SET last = ?, at = ? WHERE memory_no = ?', 'last', 'at'),
    setNew: note('UPDATE memories SET is_new = ? WHERE memory_no = ?', 'is_new'),
    setSent: note(
      'UPDATE memories SET sent_at = ?, lsn = ?, is_new = ?, records = ? WHERE memory_no = ?',
      'sent_at',
      'lsn',
      'is_new',
      'records',
    ),
    setRefusal: note('UPDATE memories SET refusal = ? WHERE memory_no = ?', 'refusal'),

    // Of all users.
    unembedded: (beforeMs: number, limit: number) => unembedded(beforeMs, limit).map(toRow),
    aged: all<Pick<Row, 'user_id' | 'id' | 'lsn' | 'touched_ms'>>(
      `SELECT user_id, id, lsn, touched_ms FROM memory_rows
      WHERE sent_at = at AND to_link = 0 AND touched_ms < ?
      AND (doc IS NULL OR reach <> 'recall' OR vectors IS NOT NULL)`,
    ),
    retryRefused() {
      kept.forgetAll()
      retryRefused()
    },
  }
}

/** Of a memory, but its number: what tells which it is comes first. */
const COLUMNS = [
  'user_id',
  'id',
  'ts_ms',
  'reach',
  'role',
  'conversation_id',
  'message_id',
  'pinned',
  'speaker',
  'at',
  'sent_at',
  'lsn',
  'touched_ms',
  'records',
  'is_own',
  'is_new',
  'refusal',
  'to_link',
  'linked',
  'prev_id',
  'last',
  'doc',
] as const

function toRow({ doc, ...row }: StoredRow): Row {
  return { ...row, memory: doc === null ? undefined : toMemory(JSON.parse(doc) as Memory) }
}

/** JSON has no dates, and leaves out what is undefined. */
const toMemory = (memory: Memory): Memory => ({
  ...memory,
  ts: new Date(memory.ts),
  speaker: memory.speaker,
  conversationId: memory.conversationId,
  editedAt: memory.editedAt && new Date(memory.editedAt),
  turn: memory.turn,
})
