import { UpstreamFault } from '../../upstream/fault.ts'
import type { Memory, UserId } from '../memory.ts'
import type { Connection } from '../sqlite/connection.ts'
import { fromBlob } from '../sqlite/rows.ts'
import type { ConversationRow } from './conversation-rows.ts'
import { type Conversations, conversationRecordId, toConversationRecord } from './conversations.ts'
import { vectorsOf } from './host.ts'
import type { Linker } from './linker.ts'
import { type MemoryRecord, recordId, toRecords } from './records.ts'
import type { Row } from './memory-rows.ts'
import type { Statements } from './statements.ts'
import { NO_TURNS } from './summary.ts'
import type { UserRecords } from './user-records.ts'
import type { Visibility } from './visibility.ts'

/**
 * Brings one user's writes to Pinecone, in order. What it notes down waits for no disk: notes that are lost with the machine are those
 * after the last synced write, and what they were about is done again, under the same ids.
 */
export interface Delivery {
  /** Sends all there is. Rejects with the fault that stopped it; what was sent until then is marked as sent. */
  send(): Promise<Sent>
}

/** `incomplete`: something has to be tried again later, such as vectors that no embedder would make just now. */
export type Sent = 'complete' | 'incomplete'

export interface DeliveryParts {
  readonly records: UserRecords
  readonly linker: Linker
  readonly conversations: Conversations
  readonly connection: Connection
  readonly statements: Statements
  readonly visibility: Visibility
  readonly dimension: number
}

const ROWS_AT_ONCE = 200
/** A request may have 1,000 records and 2 MB; one record is below 100 KB. */
const MOST_RECORDS = 1_000
const MOST_BYTES = 1_800_000

export function openDelivery(userId: UserId, parts: DeliveryParts): Delivery {
  const { records, linker, conversations, connection, statements, visibility, dimension } = parts

  async function send(): Promise<Sent> {
    await sendClear()
    const failed = new Set<string>()
    for (;;) {
      const rows = await waiting(failed)
      if (rows.length === 0) break
      await dropKnown(rows.filter((row) => row.is_new > 0))
      for (const row of inOrder(rows)) await link(row, failed)
      await sendMemories(failed)
    }
    await sendTogether([], 'all')
    return failed.size === 0 ? 'complete' : 'incomplete'
  }

  const waiting = (failed: ReadonlySet<string>) =>
    connection.read(() =>
      [...statements.onItsWay(userId, ROWS_AT_ONCE), ...statements.leftToLink(userId)].filter(
        (row) => row.sent_at < row.at || !failed.has(row.id),
      ),
    )

  async function sendClear(): Promise<void> {
    const clear = await connection.read(() => statements.clear(userId))
    if (!clear || clear.sent_at >= clear.at) return
    await records.removeAll()
    await connection.writeUnsynced(() => statements.acknowledgeClear(clear.at, userId))
  }

  /** A memory that Pinecone has already stays as it is there: nobody knew when it was saved again. */
  async function dropKnown(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return
    const since = (await connection.read(() => statements.clear(userId)?.at)) ?? -1
    const ids = rows.map(({ id }) => recordId(userId, id)!)
    const found = await records.fetch(ids)
    const unsure = rows.filter(({ is_new, message_id }) => is_new === 2 && message_id !== null)
    const twins = await twinsOf(unsure)
    await connection.writeUnsynced(() => {
      for (const { id, at } of rows) {
        const there = found.get(recordId(userId, id)!)
        const isThere = there !== undefined && Number(there.metadata['at']) > since
        const row = statements.memory(userId, id)
        if (!row) continue
        if (!isThere && !twins.has(id)) statements.setNew(row, { is_new: 0 })
        else if (row.at === at) dropCounted(row)
      }
    })
  }

  function dropCounted({ id, conversation_id }: Row): void {
    statements.drop(userId, id)
    const counted = conversation_id && statements.conversation(userId, conversation_id)
    if (counted) statements.putConversation({ ...counted, summary: undefined, is_miscounted: 0 })
  }

  /** Messages that were sent again while nobody could tell that they had been said before. */
  async function twinsOf(rows: readonly Row[]): Promise<Set<string>> {
    if (rows.length === 0) return new Set()
    const { matches } = await records.query({
      topK: MOST_RECORDS,
      filter: {
        message_id: { $in: rows.map(({ message_id }) => message_id) },
        passage: { $eq: 0 },
      },
    })
    const isTwin = (row: Row) =>
      matches.some(
        ({ id, metadata }) =>
          metadata['message_id'] === row.message_id &&
          metadata['role'] === row.role &&
          id !== recordId(userId, row.id),
      )
    return new Set(rows.filter(isTwin).map(({ id }) => id))
  }

  async function link({ id, at }: Row, failed: Set<string>): Promise<void> {
    const row = await connection.read(() => statements.memory(userId, id))
    if (!row || row.at !== at || row.to_link === 0) return
    try {
      await linker.link(row)
    } catch (error) {
      if (error instanceof UpstreamFault) throw error
      failed.add(id) // The embedder's fault: its turn comes again.
    }
  }

  async function sendMemories(failed: ReadonlySet<string>): Promise<void> {
    const rows = await connection.read(() =>
      statements
        .onItsWay(userId, ROWS_AT_ONCE)
        .filter((row) => row.to_link === 0 || failed.has(row.id)),
    )
    const gone = rows.filter(({ memory }) => !memory)
    const there = rows.flatMap((row) =>
      row.memory ? { row, made: recordsOf(row, row.memory) } : [],
    )
    for (const { batch, conversationIds } of batches(there)) {
      await sendBatch(batch, conversationIds)
    }
    const surplus = there.flatMap(({ row, made }) => idsFrom(row, made.length))
    const ids = [...surplus, ...gone.flatMap((row) => idsFrom(row, 0))]
    const lsn = await records.remove(ids)
    visibility.wrote(userId, lsn)
    if (gone.length === 0) return
    await connection.writeUnsynced(() => {
      for (const row of gone) acknowledge(row, { lsn, records: 0 })
    })
  }

  async function sendBatch(batch: readonly Made[], conversationIds: ReadonlySet<string>) {
    try {
      await sendTogether(batch, conversationIds)
    } catch (error) {
      const isRefusal = error instanceof UpstreamFault && error.statusCode === 400
      if (!isRefusal) throw error
      if (batch.length > 1) {
        for (const each of batch) await sendBatch([each], conversationIds)
        return
      }
      // One that Pinecone will not have must not hold up the others; it is kept, and said aloud.
      const { row } = batch[0]!
      await connection.writeUnsynced(() => {
        const current = statements.memory(userId, row.id)
        if (current) statements.setRefusal(current, { refusal: error.message })
      })
    }
  }

  /** Memories with their conversations, so that a crash cannot leave one without the other. */
  async function sendTogether(
    batch: readonly Made[],
    conversationIds: ReadonlySet<string> | 'all',
  ): Promise<void> {
    const changed = (
      await connection.read(() => statements.conversationsOnTheirWay(userId))
    ).filter((row) => conversationIds === 'all' || conversationIds.has(row.conversation_id))
    if (batch.length === 0 && changed.length === 0) return
    for (const { conversation_id } of changed) await conversations.resolve(conversation_id)
    const resolved = await connection.read(() =>
      changed.flatMap(({ conversation_id }) => {
        const row = statements.conversation(userId, conversation_id)
        return row?.summary ? row : []
      }),
    )
    const isEmpty = ({ summary }: ConversationRow) => summary!.turns === NO_TURNS.turns
    const kept = resolved.filter((row) => !isEmpty(row))
    const all = [
      ...batch.flatMap(({ made }) => made),
      ...kept.map((row) => toConversationRecord(userId, row, dimension)),
    ]
    const lsn = all.length > 0 ? await records.upsert(all) : undefined
    visibility.wrote(userId, lsn)
    const emptied = resolved.filter(isEmpty)
    const removed = await records.remove(
      emptied.map((row) => conversationRecordId(userId, row.conversation_id)),
    )
    await connection.writeUnsynced(() => {
      for (const { row, made } of batch) acknowledge(row, { lsn, records: made.length })
      for (const row of resolved) {
        const current = statements.conversation(userId, row.conversation_id)
        const number = (isEmpty(row) ? removed : lsn) ?? null
        if (current) statements.setConversationSent(current, { sent_at: row.at, lsn: number })
      }
    })
  }

  /** It may have been written again meanwhile, which is sent then. */
  function acknowledge({ id, at }: Row, sent: { lsn: number | undefined; records: number }): void {
    const row = statements.memory(userId, id)
    if (!row) return
    // Longer since it was sent: what there may be stays known.
    const records = row.at === at ? sent.records : Math.max(row.records, sent.records)
    statements.setSent(row, { sent_at: at, lsn: sent.lsn ?? null, is_new: 0, records })
  }

  function recordsOf(row: Row, memory: Memory): MemoryRecord[] {
    return toRecords(memory, vectorsOf(row, dimension), {
      userId,
      dimension,
      at: row.at,
      link: {
        prev: row.prev_id ?? undefined,
        prevVector: row.prev_vector ? fromBlob(row.prev_vector, dimension)[0] : undefined,
        last: row.last === 1,
      },
    })
  }

  const idsFrom = (row: Row, from: number) =>
    Array.from({ length: Math.max(0, row.records - from) }, (_, at) =>
      recordId(userId, row.id, from + at)!,
    )

  return { send }
}

interface Made {
  readonly row: Row
  readonly made: readonly MemoryRecord[]
}

/** As many memories as fit into one request, each with the conversations that are complete with it. */
function* batches(all: readonly Made[]) {
  let batch: Made[] = []
  let count = 0
  let bytes = 0
  const conversationIds = () =>
    new Set(batch.flatMap(({ row }) => (row.conversation_id === null ? [] : row.conversation_id)))
  for (const each of all) {
    const size = each.made.reduce((sum, record) => sum + bytesOf(record), 0)
    // Room is left for the records of their conversations.
    if (count + 2 * each.made.length > MOST_RECORDS / 2 || bytes + size > MOST_BYTES / 2) {
      if (batch.length > 0) yield { batch, conversationIds: conversationIds() }
      batch = []
      count = 0
      bytes = 0
    }
    batch.push(each)
    count += each.made.length
    bytes += size
  }
  if (batch.length > 0) yield { batch, conversationIds: conversationIds() }
}

/** As JSON, rather too many than too few: a number takes up to 24 characters. */
function bytesOf({ values, sparseValues, metadata }: MemoryRecord): number {
  const numbers = values.length + 2 * (sparseValues?.values.length ?? 0)
  return numbers * 24 + Buffer.byteLength(JSON.stringify(metadata)) + 200
}

/** Each conversation as it was said. */
const inOrder = (rows: readonly Row[]) =>
  rows.toSorted((a, b) => a.ts_ms - b.ts_ms || (a.id < b.id ? -1 : 1))
