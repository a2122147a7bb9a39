import type { DatabaseSync } from 'node:sqlite'
import { prepareKeeping } from './keeping.ts'
import { preparing } from './prepare.ts'
import {
  INDEX_COLUMNS,
  type IndexRow,
  MEMORY_COLUMNS,
  type MemoryRow,
  VALUE_COLUMNS,
} from './rows.ts'

export interface UserRow {
  readonly user_no: number
  readonly revision: number
  readonly removals: number
}

export type Statements = ReturnType<typeof prepareStatements>

/** Every statement of the store, prepared once. They see one user each, but for those of the last group. */
export function prepareStatements(database: DatabaseSync) {
  const { one, all, run } = preparing(database)
  const memory = `SELECT ${MEMORY_COLUMNS} FROM memories`
  const values = VALUE_COLUMNS.split(', ')

  return {
    user: one<UserRow>('SELECT user_no, revision, removals FROM users WHERE user_id = ?'),
    addUser: one<UserRow>(
      'INSERT INTO users (user_id) VALUES (?) RETURNING user_no, revision, removals',
    ),
    setRevision: run('UPDATE users SET revision = ? WHERE user_no = ?'),
    countRemoval: one<{ removals: number }>(
      'UPDATE users SET removals = removals + 1 WHERE user_no = ? RETURNING removals',
    ),
    dropUser: run('DELETE FROM users WHERE user_no = ?'),

    memory: one<MemoryRow>(`${memory} WHERE user_no = ? AND id = ?`),
    memoryNo: one<{ memory_no: number }>(
      'SELECT memory_no FROM memories WHERE user_no = ? AND id = ?',
    ),
    addMemory: run(
      `INSERT INTO memories (memory_no, user_no, revision, id, ${VALUE_COLUMNS})
      VALUES (?, ?, ?, ?, ${values.map(() => '?').join(', ')})`,
    ),
    setMemory: run(
      `UPDATE memories SET revision = ?, ${values.map((column) => `${column} = ?`).join(', ')}
      WHERE memory_no = ?`,
    ),
    dropMemory: run('DELETE FROM memories WHERE user_no = ? AND id = ?'),
    dropMemories: run('DELETE FROM memories WHERE user_no = ?'),

    setEmbedder: run('UPDATE memories SET revision = ?, embedder_no = ? WHERE memory_no = ?'),
    putVectors: run('INSERT OR REPLACE INTO vectors (memory_no, passages) VALUES (?, ?)'),
    dropVectors: run('DELETE FROM vectors WHERE memory_no = ?'),

    page: all<MemoryRow>(
      `${memory} WHERE user_no = ? AND reach <> 'history' AND (ts_ms, id) < (?, ?)
      ORDER BY ts_ms DESC, id DESC LIMIT ?`,
    ),
    historyPage: all<MemoryRow>(
      `${memory} WHERE user_no = ? AND reach = 'history' AND (ts_ms, id) < (?, ?)
      ORDER BY ts_ms DESC, id DESC LIMIT ?`,
    ),
    window: all<MemoryRow>(
      `${memory} WHERE user_no = ? AND conversation_id = ? AND (ts_ms, id) < (?, ?)
      ORDER BY ts_ms DESC, id DESC LIMIT ?`,
    ),
    conversationIds: all<{ id: string }>(
      'SELECT id FROM memories WHERE user_no = ? AND conversation_id = ?',
    ),
    dropConversation: run('DELETE FROM memories WHERE user_no = ? AND conversation_id = ?'),
    conversations: all<{ conversation_id: string; turns: number; newest_ms: number }>(
      `SELECT conversation_id, count(*) AS turns, max(ts_ms) AS newest_ms FROM memories
      WHERE user_no = ? AND conversation_id IS NOT NULL
      GROUP BY conversation_id ORDER BY newest_ms DESC, conversation_id LIMIT ?`,
    ),
    title: one<{ text: string }>(
      `SELECT text FROM memories WHERE memory_no = coalesce(
        (SELECT memory_no FROM memories WHERE user_no = ?1 AND conversation_id = ?2 AND role = 'user'
          ORDER BY ts_ms, id LIMIT 1),
        (SELECT memory_no FROM memories WHERE user_no = ?1 AND conversation_id = ?2
          ORDER BY ts_ms, id LIMIT 1))`,
    ),
    newestRole: one<{ role: MemoryRow['role'] }>(
      `SELECT role FROM memories WHERE user_no = ? AND conversation_id = ?
      ORDER BY ts_ms DESC, id DESC LIMIT 1`,
    ),
    turn: all<MemoryRow>(`${memory} WHERE user_no = ? AND message_id = ?`),

    holdings: one<{ memories: number; vectors: number; lexical: number; replies: number }>(
      `SELECT count(*) AS memories, count(embedder_no) AS vectors,
        coalesce(sum(reach = 'recall'), 0) AS lexical,
        coalesce(sum(role = 'assistant' AND message_id IS NOT NULL), 0) AS replies
      FROM memories WHERE user_no = ?`,
    ),
    count: one<{ memories: number }>('SELECT count(*) AS memories FROM memories WHERE user_no = ?'),
    oldestUnpinned: all<{ id: string }>(
      'SELECT id FROM memories WHERE user_no = ? AND pinned = 0 ORDER BY ts_ms, id LIMIT ?',
    ),
    unpinnedBefore: all<{ id: string }>(
      'SELECT id FROM memories WHERE user_no = ? AND pinned = 0 AND ts_ms < ?',
    ),
    pinned: all<MemoryRow>(
      `${memory} WHERE user_no = ? AND pinned = 1 AND reach = 'recall'
      ORDER BY ts_ms DESC, id DESC LIMIT ?`,
    ),

    changed: all<IndexRow>(
      `SELECT ${INDEX_COLUMNS}, passages, dimension FROM memories
      LEFT JOIN embedders ON embedders.embedder_no = memories.embedder_no AND name = ?
      LEFT JOIN vectors ON vectors.memory_no = memories.memory_no AND dimension IS NOT NULL
      WHERE user_no = ? AND revision > ? ORDER BY revision LIMIT ?`,
      { asArrays: true },
    ),

    ...prepareKeeping(database),

    dropAllExpiredLeases: run('DELETE FROM leases WHERE expires_at_ms <= ?'),
    isOwnedByOthers: one<{ id: string }>(
      `SELECT id FROM memories JOIN users USING (user_no) WHERE id = ? AND user_id <> ? LIMIT 1`,
    ),

    userIds: all<{ user_id: string }>('SELECT user_id FROM users'),

    embedder: one<{ embedder_no: number; dimension: number }>(
      'SELECT embedder_no, dimension FROM embedders WHERE name = ?',
    ),
    addEmbedder: one<{ embedder_no: number; dimension: number }>(
      'INSERT INTO embedders (name, dimension) VALUES (?, ?) RETURNING embedder_no, dimension',
    ),
    embedders: all<{ embedder_no: number; name: string; dimension: number; memories: number }>(
      `SELECT embedder_no, name, dimension,
        (SELECT count(*) FROM memories WHERE reach = 'recall' AND embedder_no = e.embedder_no) AS memories
      FROM embedders AS e ORDER BY memories DESC, name`,
    ),
    embeddedBy: all<{ memory_no: number; user_id: string; id: string; text: string }>(
      `SELECT memory_no, user_id, id, text FROM memories JOIN users USING (user_no)
      WHERE reach = 'recall' AND embedder_no IS ? AND memory_no > ? ORDER BY memory_no LIMIT ?`,
    ),
    countEmbeddedBy: one<{ memories: number }>(
      `SELECT count(*) AS memories FROM memories
      WHERE reach = 'recall' AND embedder_no IS ? AND ts_ms < ?`,
    ),
    erasure: one<{ deletions: number; erased: number }>('SELECT deletions, erased FROM erasure'),
    countDeletion: run('UPDATE erasure SET deletions = deletions + 1'),
    setErased: run('UPDATE erasure SET erased = max(erased, ?)'),
    checkpoint: one<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)'),
  }
}
