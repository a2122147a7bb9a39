import { SITTING_GAP_MS } from '../memory-index.ts'
import type { Memory, UserId } from '../memory.ts'
import { passages } from '../passages.ts'
import type { Connection } from '../sqlite/connection.ts'
import { fromBlob, toBlob } from '../sqlite/rows.ts'
import { type Conversations, headOf } from './conversations.ts'
import { type Host, isLinkable, vectorsOf } from './host.ts'
import type { Row } from './memory-rows.ts'
import { END, type Reader } from './reader.ts'
import { passageCount, recordId } from './records.ts'
import type { Statements } from './statements.ts'
import { type Head, isBefore } from './summary.ts'
import type { UserRecords } from './user-records.ts'

/**
 * Puts turns into their place in their sitting before they are sent: each names the turn before it, and its vectors hold
 * part of that one's; the last of a sitting says so. What comes between, goes or changes changes the turn behind it too.
 */
export interface Linker {
  /** A turn, deleted ones included, before it is sent. May make other turns of the host to be sent. */
  link(row: Row): Promise<void>
}

export interface LinkerParts {
  readonly records: UserRecords
  readonly reader: Reader
  readonly host: Host
  readonly conversations: Conversations
  readonly connection: Connection
  readonly statements: Statements
  readonly dimension: number
  readonly now: () => Date
  readonly embed: (texts: readonly string[]) => Promise<readonly Float32Array[]>
}

/** A turn among its neighbours. */
interface Place {
  readonly id: string
  readonly tsMs: number
}

export function openLinker(userId: UserId, parts: LinkerParts): Linker {
  const { records, reader, host, conversations, connection, statements, dimension, embed } = parts
  const tick = () => statements.tick(parts.now().getTime())!.at

  async function link(row: Row): Promise<void> {
    const { memory } = row
    const wanted = memory !== undefined && isLinkable(memory)
    if (wanted && row.linked === 0) await insert(row, memory)
    else if (wanted) await renew(row, memory)
    else if (row.linked === 1) await takeOut(row)
    else await keep(row, { linked: 0, prevId: null, prevVector: undefined, last: true })
  }

  /** A turn that nobody knows yet: mostly the newest of its conversation. */
  async function insert(row: Row, memory: Memory): Promise<void> {
    const { head, headVector } = await conversations.resolve(memory.conversationId!)
    const place = { id: row.id, tsMs: row.ts_ms }
    const isNewest = !head || isBefore(head, place)
    const around = isNewest ? { before: head } : await neighbours(memory)
    const before = around.before && isOneSitting(around.before, place) ? around.before : undefined
    const after = 'after' in around ? around.after : undefined
    const follows = after !== undefined && isOneSitting(place, after)
    const noteBefore = before && !follows ? await lastNote(before, false) : undefined
    if (follows) await follow(after, row.id, lastVectorOf(row))
    const prevVector =
      before && (before.id === head?.id && headVector ? headVector : await vectorOfTurn(before.id))
    await keep(
      row,
      { linked: 1, prevId: before?.id ?? null, prevVector, last: !follows },
      {
        newest: isNewest ? { head: headOf(memory), vector: lastVectorOf(row) } : undefined,
        noteBefore,
      },
    )
  }

  /** A turn that stays where it is, in other words or with other vectors: the turn behind it holds part of them. */
  async function renew(row: Row, memory: Memory): Promise<void> {
    const { head } = await conversations.resolve(memory.conversationId!)
    const isNewest = head?.id === row.id
    if (!isNewest) {
      for (const behind of await turnsBehind(row.id))
        await follow(behind, row.id, lastVectorOf(row))
    }
    const isBlended = row.prev_id === null || row.prev_vector !== null
    const prevVector = isBlended
      ? row.prev_vector && fromBlob(row.prev_vector, dimension)[0]
      : await vectorOfTurn(row.prev_id)
    await keep(
      row,
      { linked: 1, prevId: row.prev_id, prevVector: prevVector ?? undefined, last: row.last === 1 },
      { newest: isNewest ? { head: headOf(memory), vector: lastVectorOf(row) } : undefined },
    )
  }

  /** A turn that is deleted, or that recall may no longer find: the one behind it follows the one before it. */
  async function takeOut(row: Row): Promise<void> {
    const conversation = row.conversation_id!
    const { head } = await conversations.resolve(conversation)
    const isNewest = head?.id === row.id
    const before = await livingTurn(row.prev_id)
    const beforeVector = before && (await vectorOfTurn(before.id))
    for (const behind of isNewest ? [] : await turnsBehind(row.id)) {
      const isSame = before !== undefined && isOneSitting(before, behind)
      await follow(behind, isSame ? before.id : undefined, isSame ? beforeVector : undefined)
    }
    const noteBefore =
      before && (await lastNote(before, (await turnsBehind(before.id, row.id)).length === 0))
    const newest = isNewest ? (before ?? (await newestOf(conversation, row.id))) : undefined
    const vector = newest && (newest === before ? beforeVector : await vectorOfTurn(newest.id))
    await keep(
      row,
      // A deleted turn still tells who stood before it, for others that are deleted with it.
      { linked: 0, prevId: row.prev_id, prevVector: undefined, last: true },
      {
        newest: isNewest ? { head: newest && (await headOfTurn(newest)), vector } : undefined,
        noteBefore,
      },
    )
  }

  interface Linked {
    readonly linked: 0 | 1
    readonly prevId: string | null
    readonly prevVector: Float32Array | undefined
    readonly last: boolean
  }

  async function keep(
    row: Row,
    { linked, prevId, prevVector, last }: Linked,
    around: {
      readonly newest?: { head: Head | undefined; vector: Float32Array | undefined } | undefined
      /** What the link changes of the turn before. */
      readonly noteBefore?: (() => void) | undefined
    } = {},
  ): Promise<void> {
    await connection.writeUnsynced(() => {
      around.noteBefore?.()
      const current = statements.memory(userId, row.id)
      // Written again meanwhile: it is linked again then, from where it stands now.
      if (current?.at === row.at) {
        const state = { to_link: 0, linked, prev_id: prevId, last: last ? 1 : 0 }
        statements.setLink(withPrevVector(current, prevVector), state)
      }
      const { newest } = around
      const known =
        newest &&
        row.conversation_id !== null &&
        statements.conversation(userId, row.conversation_id)
      if (known) {
        const { head, vector } = newest
        const head_vector = vector ? toBlob([vector]) : null
        statements.putConversation({ ...known, head, head_vector, at: tick() })
      }
    })
  }

  function withPrevVector(row: Row, vector: Float32Array | undefined): Row {
    if (!vector && !row.prev_vector) return row
    const prev_vector = vector ? toBlob([vector]) : null
    return statements.putVectors(row, { vectors: row.vectors, prev_vector })
  }

  /** The linked turns on either side of one that is not the newest. */
  async function neighbours(memory: Memory): Promise<{ before?: Place; after?: Place }> {
    const { conversationId } = memory
    const tsMs = memory.ts.getTime()
    const near = { $gte: tsMs - SITTING_GAP_MS, $lte: tsMs + SITTING_GAP_MS }
    const all = await reader.newest({
      filter: {
        conversation_id: { $eq: conversationId },
        reach: { $eq: 'recall' },
        ts: near,
      },
      fits: (other) =>
        isLinkable(other) &&
        other.conversationId === conversationId &&
        Math.abs(other.ts.getTime() - tsMs) <= SITTING_GAP_MS,
      before: END,
      limit: MOST_OF_SITTING,
    })
    const rows = await connection.read(() => statements.ofConversation(userId, conversationId!))
    const unlinked = new Set(rows.filter(({ linked }) => linked === 0).map(({ id }) => id))
    const places = all
      .filter(({ id }) => id !== memory.id && !unlinked.has(id))
      .map(({ id, ts }) => ({ id, tsMs: ts.getTime() }))
    const place = { id: memory.id, tsMs }
    const before = places.find((other) => isBefore(other, place))
    const after = places.findLast((other) => isBefore(place, other))
    return { ...(before && { before }), ...(after && { after }) }
  }

  async function turnsBehind(id: string, except?: string): Promise<Place[]> {
    const rows = await connection.read(() => statements.behind(userId, id))
    const { matches } = await reader.query({
      topK: MOST_BEHIND,
      filter: { prev: { $eq: id }, passage: { $eq: 0 } },
    })
    const known = new Set(rows.map((row) => row.id))
    const there = await Promise.all(
      matches
        .map(({ id: record }) => record.slice(record.lastIndexOf(':') + 1))
        .filter((other) => !known.has(other))
        .map(placeOfTurn),
    )
    const here = rows.flatMap((row) => (row.memory ? { id: row.id, tsMs: row.ts_ms } : []))
    const all = [...here, ...there.flatMap((place) => place ?? [])]
    return all.filter((place) => place.id !== except)
  }

  /** The turn of this id or, where it is deleted too, the next one before it that is not. */
  async function livingTurn(id: string | null): Promise<Place | undefined> {
    if (id === null) return undefined
    const row = await connection.read(() => statements.memory(userId, id))
    return !row || row.memory ? placeOfTurn(id) : livingTurn(row.prev_id)
  }

  /** Lets a turn follow another one: its values are made anew, of its own vectors and of that one's. */
  async function follow(
    { id }: Place,
    prevId: string | undefined,
    prevVector: Float32Array | undefined,
  ): Promise<void> {
    const row = await adopted(id)
    if (!row) return
    // Values as they came from Pinecone hold part of the turn before: its own vectors are made again.
    const isBlended = row.prev_id !== null && row.prev_vector === null && row.vectors !== null
    const { memory } = row
    const own = isBlended && memory ? await embed(passages(memory.text)) : undefined
    await connection.writeUnsynced(() => {
      const current = statements.memory(userId, id)
      if (current?.at !== row.at) return // Written again: linked again.
      const vectors = own ? toBlob(own) : current.vectors
      const prev_vector = prevVector ? toBlob([prevVector]) : null
      const blended = statements.putVectors(current, { vectors, prev_vector })
      statements.setPrev(blended, { prev_id: prevId ?? null, at: tick() })
    })
  }

  /** Notes whether a turn is the last of its sitting: at once where it is only in Pinecone, else with what it returns. */
  async function lastNote({ id }: Place, isLast: boolean): Promise<(() => void) | undefined> {
    const last = isLast ? 1 : 0
    const row = await connection.read(() => statements.memory(userId, id))
    if (row?.memory) {
      return () => {
        const current = statements.memory(userId, id)
        if (current?.memory && current.last !== last) {
          statements.setLast(current, { last, at: tick() })
        }
      }
    }
    if (row) return undefined
    const place = await headOfTurn({ id, tsMs: 0 })
    for (let passage = 0; passage < (place?.records ?? 0); passage++) {
      await records.setMetadata(recordId(userId, id, passage)!, { last: isLast })
    }
    return undefined
  }

  /** The row of a turn; one that is only in Pinecone is taken over first. */
  async function adopted(id: string): Promise<Row | undefined> {
    const row = await connection.read(() => statements.memory(userId, id))
    if (row) return row.memory && row
    const found = await reader.stored(id)
    if (!found) return undefined
    return connection.writeUnsynced(() => {
      host.adopt(userId, found)
      return statements.memory(userId, id)
    })
  }

  /** Of the last passage of a turn; made again where only its blend is known. Undefined where nobody can make it. */
  async function vectorOfTurn(id: string): Promise<Float32Array | undefined> {
    const row = await connection.read(() => statements.memory(userId, id))
    if (row && (row.prev_id === null || row.prev_vector !== null)) return lastVectorOf(row)
    const memory = row?.memory ?? (await reader.get([id])).get(id)
    const last = memory && passages(memory.text).at(-1)
    if (last === undefined || row?.vectors === null) return undefined
    try {
      return (await embed([last]))[0]
    } catch {
      return undefined // Then the turn behind it stands for itself.
    }
  }

  const lastVectorOf = (row: Row) => vectorsOf(row, dimension)?.at(-1)

  async function placeOfTurn(id: string): Promise<Place | undefined> {
    const row = await connection.read(() => statements.memory(userId, id))
    if (row) return row.memory && { id, tsMs: row.ts_ms }
    const memory = (await reader.get([id])).get(id)
    return memory && { id, tsMs: memory.ts.getTime() }
  }

  async function headOfTurn({ id, tsMs }: Place): Promise<Head | undefined> {
    const memory = (await reader.get([id])).get(id)
    return memory && { id, tsMs: tsMs || memory.ts.getTime(), records: passageCount(memory.text) }
  }

  async function newestOf(conversationId: string, except: string): Promise<Place | undefined> {
    const [newest] = await reader.newest({
      filter: { conversation_id: { $eq: conversationId }, reach: { $eq: 'recall' } },
      fits: (other) =>
        isLinkable(other) && other.conversationId === conversationId && other.id !== except,
      before: END,
      limit: 1,
    })
    return newest && { id: newest.id, tsMs: newest.ts.getTime() }
  }

  return { link }
}

/** Turns of one sitting on either side of one that comes late. */
const MOST_OF_SITTING = 1_000
/** One as a rule; more where two hosts wrote at the same time. */
const MOST_BEHIND = 10

const isOneSitting = (before: Place, after: Place) => after.tsMs - before.tsMs <= SITTING_GAP_MS
