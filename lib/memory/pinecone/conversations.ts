import type { CallTerms } from '../../upstream/upstream-fetch.ts'
import type { Memory, UserId } from '../memory.ts'
import type { Connection } from '../sqlite/connection.ts'
import { fromBlob, toBlob } from '../sqlite/rows.ts'
import { END, type Reader } from './reader.ts'
import { type MemoryRecord, type Metadata, passageCount, valuesOf } from './records.ts'
import type { ConversationRow } from './conversation-rows.ts'
import type { Statements } from './statements.ts'
import { added, type Head, NO_TURNS, type Summary, summaryOf } from './summary.ts'
import type { UserRecords } from './user-records.ts'

/** One user's conversations, each summed up in a record of its own that is written with its turns. */
export interface Conversations {
  /** What is known of it, found out where it is not: from Pinecone's record of it, or by counting its turns. */
  resolve(conversationId: string, terms?: CallTerms): Promise<Resolved>
}

export interface Resolved {
  readonly summary: Summary
  readonly head: Head | undefined
  readonly headVector: Float32Array | undefined
}

export interface ConversationsParts {
  readonly records: UserRecords
  readonly reader: Reader
  readonly connection: Connection
  readonly statements: Statements
  readonly dimension: number
  readonly now: () => Date
}

export function openConversations(userId: UserId, parts: ConversationsParts): Conversations {
  const { records, reader, connection, statements, dimension, now } = parts

  const resolvedOf = ({ head, head_vector }: ConversationRow, summary: Summary): Resolved => ({
    summary,
    head,
    headVector: head_vector ? fromBlob(head_vector, dimension)[0] : undefined,
  })

  /** As Pinecone has it, with what it was not told yet. */
  async function fetched(id: string, terms?: CallTerms): Promise<Resolved> {
    const recordId = conversationRecordId(userId, id)
    const record = (await records.fetch([recordId], terms)).get(recordId)
    const since = await connection.read(() => statements.clear(userId)?.at ?? -1)
    const isThere = record && Number(record.metadata['at']) > since
    const base = isThere ? fromRecord(record.metadata) : NOTHING
    const unsent = await connection.read(() =>
      statements.ofConversation(userId, id).filter(({ sent_at }) => sent_at === 0),
    )
    let { summary } = base
    for (const { memory } of unsent) {
      if (memory) summary = added(memory)(summary)!
    }
    const hasVector = isThere && record.metadata['embedded'] === true
    return {
      ...base,
      summary,
      headVector: hasVector ? Float32Array.from(record.values) : undefined,
    }
  }

  async function counted(id: string): Promise<Resolved> {
    const all = await reader.newest({
      filter: { conversation_id: { $eq: id } },
      fits: ({ conversationId }) => conversationId === id,
      before: END,
      limit: MOST_TURNS,
    })
    const rows = await connection.read(() => statements.ofConversation(userId, id))
    const unlinked = new Set(rows.filter(({ linked }) => linked === 0).map((row) => row.id))
    const newest = all.find((memory) => memory.reach === 'recall' && !unlinked.has(memory.id))
    return { summary: summaryOf(all), head: newest && headOf(newest), headVector: undefined }
  }

  return {
    async resolve(id, terms) {
      for (let attempt = 0; ; attempt++) {
        const row = await connection.read(() => statements.conversation(userId, id))
        if (row?.summary) return resolvedOf(row, row.summary)
        const found = row?.is_miscounted === 1 ? await counted(id) : await fetched(id, terms)
        const isKept = await connection.write(() => {
          const current = statements.conversation(userId, id)
          // Its turns have changed meanwhile: then this is out of date already.
          if (current?.at !== row?.at && attempt < MOST_ATTEMPTS) return false
          statements.putConversation({
            user_id: userId,
            conversation_id: id,
            summary: found.summary,
            is_miscounted: 0,
            head: found.head,
            head_vector: found.headVector ? toBlob([found.headVector]) : null,
            at: current?.at ?? 0,
            touched_ms: now().getTime(),
          })
          return true
        })
        if (isKept) return found
      }
    },
  }
}

const MOST_ATTEMPTS = 3
/** Counting is rare: after the first or the newest turn was deleted. */
const MOST_TURNS = 100_000
const NOTHING: Resolved = { summary: NO_TURNS, head: undefined, headVector: undefined }

export const conversationRecordId = (userId: UserId, conversationId: string) =>
  `${userId}:conversation:${conversationId}`

/** A title longer than this is read from its memory. */
export const MOST_TITLE = 4_000

/** How a conversation is written; its vector is that of the newest turn, for what is said next. */
export function toConversationRecord(
  userId: UserId,
  row: ConversationRow,
  dimension: number,
): MemoryRecord {
  const { head } = row
  const { title, newest, turns } = row.summary!
  const metadata: Metadata = {
    user_id: userId,
    conversation: row.conversation_id,
    turns,
    title: title.text.length > MOST_TITLE ? '' : title.text,
    title_id: title.id,
    title_ts: title.tsMs,
    title_role: title.role,
    newest_id: newest.id,
    newest_role: newest.role,
    ts: newest.tsMs,
    embedded: row.head_vector !== null,
    at: row.at,
  }
  if (head) {
    Object.assign(metadata, { head_id: head.id, head_ts: head.tsMs, head_records: head.records })
  }
  const vector = row.head_vector ? fromBlob(row.head_vector, dimension)[0] : undefined
  return {
    id: conversationRecordId(userId, row.conversation_id),
    values: valuesOf(vector, dimension),
    metadata,
  }
}

export function fromRecord(metadata: Metadata): Resolved {
  const text = (name: string) => String(metadata[name])
  const role = (name: string) => metadata[name] as Memory['role']
  return {
    summary: {
      turns: Number(metadata['turns']),
      title: {
        id: text('title_id'),
        tsMs: Number(metadata['title_ts']),
        role: role('title_role'),
        text: text('title'),
      },
      newest: {
        id: text('newest_id'),
        tsMs: Number(metadata['ts']),
        role: role('newest_role'),
      },
    },
    head:
      metadata['head_id'] === undefined
        ? undefined
        : {
            id: text('head_id'),
            tsMs: Number(metadata['head_ts']),
            records: Number(metadata['head_records']),
          },
    headVector: undefined,
  }
}

export const headOf = (memory: Memory): Head => ({
  id: memory.id,
  tsMs: memory.ts.getTime(),
  records: passageCount(memory.text),
})
