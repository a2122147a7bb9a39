import type { DatabaseSync } from 'node:sqlite'
import { prepareKeeping } from '../sqlite/keeping.ts'
import { preparing } from '../sqlite/prepare.ts'

/** A memory on its way to Pinecone, or written lately. */
export interface Row {
  readonly user_id: string
  readonly id: string
  readonly ts_ms: number
  readonly reach: string | null
  readonly role: string | null
  readonly conversation_id: string | null
  readonly message_id: string | null
  /** Null: deleted. */
  readonly doc: string | null
  readonly vectors: Uint8Array | null
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
  readonly prev_vector: Uint8Array | null
  readonly last: number
}

export type DocRow = Pick<Row, 'id' | 'doc'>

/** A conversation's summary, written with its turns. */
export interface ConversationRow {
  readonly user_id: string
  readonly conversation_id: string
  /** Null: to be fetched from Pinecone, or counted anew where it is miscounted. */
  readonly doc: string | null
  readonly is_miscounted: number
  /** JSON of the newest linked turn; null for none. */
  readonly head: string | null
  readonly head_vector: Uint8Array | null
  readonly at: number
  readonly sent_at: number
  readonly lsn: number | null
}

export interface ClearRow {
  readonly at: number
  readonly sent_at: number
}

export type Statements = ReturnType<typeof prepareStatements>

/** Every statement of the host's file, prepared once. They see one user each, but for those of the last group. */
export function prepareStatements(database: DatabaseSync) {
  const { one, all, run } = preparing(database)
  const memory = 'SELECT * FROM memories WHERE user_id = ?'
  // SQLite, which keeps no statistics here, takes all memories of a user for as good a way as an index of a few.
  const by = (index: string) => `SELECT * FROM memories INDEXED BY ${index} WHERE user_id = ?1`

  return {
    memory: one<Row>(`${memory} AND id = ?`),
    memories: all<Row>(memory),
    count: one<{ rows: number }>('SELECT count(*) AS rows FROM memories WHERE user_id = ?'),
    doc: one<DocRow>('SELECT id, doc FROM memories WHERE user_id = ? AND id = ?'),
    // Each part by an index of its own: what is shown already is mostly all there is.
    unseen: all<Row>(
      `${by('memories_on_their_way')} AND sent_at < at
      UNION ALL ${by('memories_by_lsn')} AND sent_at >= at AND lsn IS NULL
      UNION ALL ${by('memories_by_lsn')} AND sent_at >= at AND lsn > ?2`,
    ),
    pinned: all<DocRow>(
      `SELECT id, doc FROM memories INDEXED BY memories_pinned
      WHERE user_id = ? AND json_extract(doc, '$.pinned') = 1`,
    ),
    speakers: all<{ speaker: string }>(
      `SELECT DISTINCT json_extract(doc, '$.speaker') AS speaker
      FROM memories INDEXED BY memories_by_speaker
      WHERE user_id = ? AND reach = 'recall' AND json_extract(doc, '$.speaker') IS NOT NULL`,
    ),
    lastOfConversation: all<DocRow>(
      `SELECT id, doc FROM memories WHERE user_id = ? AND conversation_id = ? AND (ts_ms, id) < (?, ?)
      AND doc IS NOT NULL ORDER BY ts_ms DESC, id DESC LIMIT ?`,
    ),
    put: run(
      `INSERT OR REPLACE INTO memories VALUES (${Array.from({ length: 22 }, () => '?').join(', ')})`,
    ),
    drop: run('DELETE FROM memories WHERE user_id = ? AND id = ?'),
    dropAll: run('DELETE FROM memories WHERE user_id = ?'),
    ofConversation: all<Row>(`${by('memories_by_conversation')} AND conversation_id = ?2`),
    ofMessage: all<Row>(`${memory} AND message_id = ? AND doc IS NOT NULL`),
    behind: all<Row>(`${by('memories_by_prev')} AND prev_id = ?2 AND linked = 1`),
    onItsWay: all<Row>(`${memory} AND sent_at < at AND refusal IS NULL ORDER BY at LIMIT ?`),
    leftToLink: all<Row>(`${by('memories_to_link')} AND to_link = 1 AND sent_at = at`),
    setLink: run(
      `UPDATE memories SET to_link = 0, linked = ?, prev_id = ?, prev_vector = ?, last = ?
      WHERE user_id = ? AND id = ? AND at = ?`,
    ),
    relink: run(
      `UPDATE memories SET prev_id = ?, prev_vector = ?, at = ? WHERE user_id = ? AND id = ?`,
    ),
    setLast: run('UPDATE memories SET last = ?, at = ? WHERE user_id = ? AND id = ?'),
    setRecords: run('UPDATE memories SET records = max(records, ?) WHERE user_id = ? AND id = ?'),
    setKnown: run('UPDATE memories SET is_new = 0 WHERE user_id = ? AND id = ?'),
    acknowledge: run(
      `UPDATE memories SET sent_at = ?, lsn = ?, is_new = 0, records = ?
      WHERE user_id = ? AND id = ?`,
    ),
    refuse: run('UPDATE memories SET refusal = ? WHERE user_id = ? AND id = ?'),

    conversation: one<ConversationRow>(
      'SELECT * FROM conversations WHERE user_id = ? AND conversation_id = ?',
    ),
    conversations: all<ConversationRow>('SELECT * FROM conversations WHERE user_id = ?'),
    // Whatever it says now, what Pinecone has of it stays as it was.
    putConversation: run(
      `INSERT INTO conversations (user_id, conversation_id, doc, is_miscounted, head, head_vector,
        at, touched_ms, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
      ON CONFLICT DO UPDATE SET doc = excluded.doc, is_miscounted = excluded.is_miscounted,
        head = excluded.head, head_vector = excluded.head_vector, at = excluded.at,
        touched_ms = excluded.touched_ms`,
    ),
    setHead: run(
      'UPDATE conversations SET head = ?, head_vector = ?, at = ? WHERE user_id = ? AND conversation_id = ?',
    ),
    forgetConversation: run(
      'UPDATE conversations SET doc = NULL, is_miscounted = 0 WHERE user_id = ? AND conversation_id = ?',
    ),
    dropConversations: run('DELETE FROM conversations WHERE user_id = ?'),
    conversationsOnTheirWay: all<ConversationRow>(
      `SELECT * FROM conversations INDEXED BY conversations_on_their_way
      WHERE user_id = ? AND sent_at < at`,
    ),
    acknowledgeConversation: run(
      'UPDATE conversations SET sent_at = ?, lsn = ? WHERE user_id = ? AND conversation_id = ?',
    ),

    clear: one<ClearRow>('SELECT at, sent_at FROM clears WHERE user_id = ?'),
    putClear: run(
      'INSERT OR REPLACE INTO clears (user_id, at, sent_at, touched_ms) VALUES (?, ?, 0, ?)',
    ),
    acknowledgeClear: run('UPDATE clears SET sent_at = ? WHERE user_id = ?'),
    ...prepareKeeping(database),

    // Of all users: what is to be sent, whose a message id is, and what is no longer needed.
    tick: one<{ at: number }>(
      'UPDATE clock SET last_at = max(last_at + 1, ?) RETURNING last_at AS at',
    ),
    usersOnTheirWay: all<{ user_id: string }>(
      `SELECT user_id FROM clears WHERE sent_at < at
      UNION SELECT user_id FROM memories WHERE sent_at < at AND refusal IS NULL
      UNION SELECT user_id FROM conversations WHERE sent_at < at
      UNION SELECT user_id FROM memories WHERE to_link = 1`,
    ),
    ownerOfMessage: one<{ user_id: string }>(
      `SELECT user_id FROM memories WHERE message_id = ? AND role = 'user' AND doc IS NOT NULL LIMIT 1`,
    ),
    counts: one<{ waiting: number; refused: number }>(
      `SELECT count(*) AS waiting, coalesce(sum(refusal IS NOT NULL), 0) AS refused
      FROM memories WHERE sent_at < at`,
    ),
    takeTurn: run(
      `INSERT INTO sender (one, holder, until_ms) VALUES (1, ?, ?)
      ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
      WHERE holder = excluded.holder OR until_ms <= ?`,
    ),
    endTurn: run('DELETE FROM sender WHERE holder = ?'),
    aged: all<{ user_id: string; id: string; lsn: number | null; touched_ms: number }>(
      `SELECT user_id, id, lsn, touched_ms FROM memories WHERE sent_at = at AND to_link = 0 AND touched_ms < ?
      AND (doc IS NULL OR reach <> 'recall' OR vectors IS NOT NULL)`,
    ),
    unembedded: all<Row>(
      `SELECT * FROM memories WHERE doc IS NOT NULL AND reach = 'recall' AND vectors IS NULL
      AND touched_ms < ? LIMIT ?`,
    ),
    dropAgedConversations: run(
      `DELETE FROM conversations WHERE sent_at = at AND touched_ms < ? AND NOT EXISTS (
        SELECT 1 FROM memories WHERE memories.user_id = conversations.user_id
        AND memories.conversation_id = conversations.conversation_id)`,
    ),
    dropAgedClears: run('DELETE FROM clears WHERE sent_at = at AND touched_ms < ?'),
    retryRefused: run(
      `UPDATE memories INDEXED BY memories_on_their_way SET refusal = NULL
      WHERE sent_at < at AND refusal IS NOT NULL`,
    ),
    erasure: one<{ deletions: number; erased: number }>('SELECT deletions, erased FROM erasure'),
    countDeletion: run('UPDATE erasure SET deletions = deletions + 1'),
    setErased: run('UPDATE erasure SET erased = max(erased, ?)'),
    checkpoint: one<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)'),
  }
}
