import type { Prepared } from '../sqlite/prepare.ts'
import { createRowCache } from './row-cache.ts'
import type { Head, Summary } from './summary.ts'

/** A conversation's summary, written with its turns. */
export interface ConversationRow {
  readonly user_id: string
  readonly conversation_id: string
  /** Undefined: to be fetched from Pinecone, or counted anew where it is miscounted. */
  readonly summary: Summary | undefined
  readonly is_miscounted: number
  /** Undefined: none. */
  readonly head: Head | undefined
  readonly head_vector: Uint8Array | null
  readonly at: number
  readonly sent_at: number
  readonly lsn: number | null
  readonly touched_ms: number
}

/** As the file has it: the summary and the head as JSON, null for none. */
type StoredRow = Omit<ConversationRow, 'summary' | 'head'> & {
  readonly doc: string | null
  readonly head: string | null
}

/** Of some 2 KB each, with the vector of their newest turn. */
const MOST_ROWS = 500

/** Statements on the conversations of the host's file, each of one user's. */
export function prepareConversationRows({ one, all, run }: Prepared) {
  const stored = one<StoredRow>(
    'SELECT * FROM conversations WHERE user_id = ? AND conversation_id = ?',
  )
  const kept = createRowCache(MOST_ROWS, (userId, id) => {
    const row = stored(userId, id)
    return row && toRow(row)
  })
  const allOfUser = all<StoredRow>('SELECT * FROM conversations WHERE user_id = ?')
  const onTheirWay = all<StoredRow>(
    `SELECT * FROM conversations INDEXED BY conversations_on_their_way
    WHERE user_id = ? AND sent_at < at`,
  )
  // Whatever it says now, what Pinecone has of it stays as it was.
  const put = run(
    `INSERT INTO conversations (user_id, conversation_id, doc, is_miscounted, head, head_vector,
      at, touched_ms, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
    ON CONFLICT DO UPDATE SET doc = excluded.doc, is_miscounted = excluded.is_miscounted,
      head = excluded.head, head_vector = excluded.head_vector, at = excluded.at,
      touched_ms = excluded.touched_ms`,
  )
  const setSent = run(
    'UPDATE conversations SET sent_at = ?, lsn = ? WHERE user_id = ? AND conversation_id = ?',
  )
  const dropAll = run('DELETE FROM conversations WHERE user_id = ?')
  const dropAged = run(
    `DELETE FROM conversations WHERE sent_at = at AND touched_ms < ? AND NOT EXISTS (
      SELECT 1 FROM memories WHERE memories.user_id = conversations.user_id
      AND memories.conversation_id = conversations.conversation_id)`,
  )

  return {
    forgetConversations: () => kept.forgetAll(),
    conversation: (userId: string, id: string) => kept.get(userId, id),
    conversations: (userId: string) => allOfUser(userId).map(toRow),
    conversationsOnTheirWay: (userId: string) => onTheirWay(userId).map(toRow),
    putConversation(row: Omit<ConversationRow, 'sent_at' | 'lsn'>) {
      const { user_id, conversation_id, summary, is_miscounted, head, head_vector } = row
      const { sent_at = 0, lsn = null } = kept.get(user_id, conversation_id) ?? {}
      put(
        user_id,
        conversation_id,
        summary ? JSON.stringify(summary) : null,
        is_miscounted,
        head ? JSON.stringify(head) : null,
        head_vector,
        row.at,
        row.touched_ms,
      )
      kept.set(user_id, conversation_id, { ...row, sent_at, lsn })
    },
    setConversationSent(row: ConversationRow, sent: Pick<ConversationRow, 'sent_at' | 'lsn'>) {
      const { user_id, conversation_id } = row
      setSent(sent.sent_at, sent.lsn, user_id, conversation_id)
      kept.set(user_id, conversation_id, { ...row, ...sent })
    },
    dropConversations(userId: string) {
      kept.forgetAll()
      dropAll(userId)
    },
    // Of all users.
    dropAgedConversations(beforeMs: number) {
      kept.forgetAll()
      dropAged(beforeMs)
    },
  }
}

const toRow = ({ doc, head, ...row }: StoredRow): ConversationRow => ({
  ...row,
  // Infinity, of a conversation without turns, is null in JSON.
  summary: doc === null ? undefined : (JSON.parse(doc) as Summary),
  head: head === null ? undefined : (JSON.parse(head) as Head),
})
