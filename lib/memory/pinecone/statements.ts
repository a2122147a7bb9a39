import type { DatabaseSync } from 'node:sqlite'
import { prepareKeeping } from '../sqlite/keeping.ts'
import { preparing } from '../sqlite/prepare.ts'
import { prepareConversationRows } from './conversation-rows.ts'
import { prepareMemoryRows } from './memory-rows.ts'

export interface ClearRow {
  readonly at: number
  readonly sent_at: number
}

export type Statements = ReturnType<typeof prepareStatements>

/** Every statement of the host's file, prepared once. They see one user each, but for those that say they are of all. */
export function prepareStatements(database: DatabaseSync) {
  const prepared = preparing(database)
  const { one, all, run } = prepared
  const { forgetMemories, ...memories } = prepareMemoryRows(prepared)
  const { forgetConversations, ...conversations } = prepareConversationRows(prepared)
  const version = one<{ data_version: number }>('PRAGMA data_version')
  let knownVersion: number | undefined

  function forgetAll(): void {
    forgetMemories()
    forgetConversations()
  }

  return {
    /** For the connection to see to. */
    rowCache: {
      forgetAll,
      /** Another process may have written since. */
      check() {
        const { data_version: current } = version()!
        if (current !== knownVersion) forgetAll()
        knownVersion = current
      },
    },
    ...memories,
    ...conversations,

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
    dropAgedClears: run('DELETE FROM clears WHERE sent_at = at AND touched_ms < ?'),
    erasure: one<{ deletions: number; erased: number }>('SELECT deletions, erased FROM erasure'),
    countDeletion: run('UPDATE erasure SET deletions = deletions + 1'),
    setErased: run('UPDATE erasure SET erased = max(erased, ?)'),
    checkpoint: one<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)'),
  }
}
