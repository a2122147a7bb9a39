import { Problem } from '../../errors.ts'
import { idTime } from '../ids.ts'
import type { Memory, Turn, UserId } from '../memory.ts'
import { passages } from '../passages.ts'
import { isFirstPerson } from '../ranking/speech.ts'
import { type SparseValues, sparsePassage } from './sparse.ts'

/** One passage of a memory as Pinecone holds it; what each field is stands in docs/pinecone.md. */
export interface MemoryRecord {
  readonly id: string
  readonly values: number[]
  readonly sparseValues?: SparseValues
  readonly metadata: Metadata
}

export type Metadata = Record<string, string | number | boolean | string[]>

/** What a record says beyond its memory: where it stands in its sitting. */
export interface Link {
  /** The turn before it in the same sitting, by id. */
  readonly prev?: string | undefined
  /** Vector of the last passage of that turn. */
  readonly prevVector?: Float32Array | undefined
  /** Whether no turn of its sitting stands behind it. */
  readonly last: boolean
}

export interface RecordsOptions {
  readonly userId: UserId
  readonly dimension: number
  /** When this was written: what is older than the deletion of all is no longer there. */
  readonly at: number
  readonly link: Link
}

/** Pinecone's limit for the metadata of one record. Source: Pinecone docs, "Limits". */
const MOST_METADATA_BYTES = 40_960

/** `user_id:timestamp:uuid`, in order of time as text; the passages behind the first are counted by `#`. */
export function recordId(userId: UserId, memoryId: string, passage = 0): string | undefined {
  const time = idTime(memoryId)
  if (!time) return undefined
  const timestamp = String(time.getTime()).padStart(TIME_DIGITS, '0')
  return `${userId}:${timestamp}:${memoryId}${passage === 0 ? '' : `#${passage}`}`
}

/** Enough for every time that a UUIDv7 has. */
const TIME_DIGITS = 15

/** The memory that a record is of. */
export function memoryIdOf(recordId: string): string {
  const id = recordId.slice(recordId.lastIndexOf(':') + 1)
  const mark = id.indexOf('#')
  return mark < 0 ? id : id.slice(0, mark)
}

export function passageCount(text: string): number {
  return Math.max(1, passages(text).length)
}

/** All records of a memory. Throws a Problem 422 where one does not fit Pinecone. */
export function toRecords(
  memory: Memory,
  vectors: readonly Float32Array[] | undefined,
  { userId, dimension, at, link }: RecordsOptions,
): MemoryRecord[] {
  const texts = slices(memory.text)
  const pair = link.prevVector && vectors?.[0] && unitSumOf(vectors[0], link.prevVector)
  const tsMs = memory.ts.getTime()
  return texts.map((text, passage) => {
    const own = vectors?.[passage]
    const sparseValues = sparsePassage({ speaker: memory.speaker, tsMs }, text.trim())
    const metadata = metadataOf(memory, { userId, at, link, text, passage, passages: texts.length })
    metadata['embedded'] = own !== undefined
    if (pair) metadata['pair'] = Number(pair.length.toFixed(4))
    checkSize(metadata)
    return {
      id: recordId(userId, memory.id, passage)!,
      values: valuesOf(own && pair ? blend(own, pair.unit) : own, dimension),
      ...(sparseValues && { sparseValues }),
      metadata,
    }
  })
}

/** The memory of these records, all of them in order. */
export function toMemory(records: readonly Metadata[], id: string): Memory {
  const [first] = records as readonly [Metadata, ...Metadata[]]
  const text = records.map((metadata) => String(metadata['text'] ?? '')).join('')
  const editedAtMs = first['edited_at']
  const messageId = textIn(first, 'message_id')
  return {
    id,
    role: first['role'] as Memory['role'],
    text,
    ts: new Date(first['ts'] as number),
    speaker: textIn(first, 'speaker'),
    tags: (first['tags'] as string[] | undefined) ?? [],
    conversationId: textIn(first, 'conversation_id'),
    source: first['source'] as Memory['source'],
    reach: first['reach'] as Memory['reach'],
    pinned: first['pinned'] === true,
    editedAt: editedAtMs === undefined ? undefined : new Date(editedAtMs as number),
    turn: messageId === undefined ? undefined : turnOf(messageId, textIn(first, 'turn')),
  }
}

const textIn = (metadata: Metadata, name: string) => metadata[name] as string | undefined

function turnOf(messageId: string, rest: string | undefined): Turn {
  // Only the first passage tells the rest of a turn: the others are there to be found.
  return { messageId, ...(JSON.parse(rest ?? '{"state":"complete"}') as Omit<Turn, 'messageId'>) }
}

/** Refuses, before it is acknowledged, what Pinecone would refuse. */
export function checkFits(
  memory: Memory,
  vectors: readonly Float32Array[] | undefined,
  dimension: number,
): void {
  const options = { userId: 'u'.repeat(64) as UserId, dimension, at: 0, link: WIDEST_LINK }
  if (vectors) {
    const count = passages(memory.text).length
    if (vectors.length !== count) {
      throw new Error(`A text of ${count} passages came with ${vectors.length} vectors.`)
    }
    for (const vector of vectors) {
      if (vector.length !== dimension) {
        throw new Error(`The index takes vectors of ${dimension}; one had ${vector.length}.`)
      }
      if (!vector.every(Number.isFinite)) throw new Error('A vector holds what is no number.')
    }
  }
  const texts = slices(memory.text)
  // Metadata is measured; the rest of a record always fits.
  for (const [passage, text] of texts.entries()) {
    checkSize(metadataOf(memory, { ...options, text, passage, passages: texts.length }))
  }
}

const WIDEST_LINK: Link = { prev: '00000000-0000-7000-8000-000000000000', last: true }

function checkSize(metadata: Metadata): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata))
  if (bytes <= MOST_METADATA_BYTES) return
  throw new Problem(
    422,
    'Invalid request',
    `A memory takes ${bytes} bytes beside its vector, and Pinecone holds ${MOST_METADATA_BYTES}.`,
    {
      errors: [{ path: '/text', message: 'Shorten its longest run of white space, or its tags.' }],
    },
  )
}

interface Place {
  readonly userId: UserId
  readonly at: number
  readonly link: Link
  readonly text: string
  readonly passage: number
  readonly passages: number
}

function metadataOf(memory: Memory, place: Place): Metadata {
  const { userId, at, link, text, passage, passages } = place
  const { messageId, ...turn } = memory.turn ?? { messageId: undefined }
  const metadata: Metadata = {
    user_id: userId,
    role: memory.role,
    text,
    ts: memory.ts.getTime(),
    source: memory.source,
    reach: memory.reach,
    pinned: memory.pinned,
    passage,
    passages,
    last: link.last,
    at,
  }
  // Recall sees single passages, and has to know what the whole would take in a prompt.
  if (passages > 1) {
    metadata['characters'] = memory.text.length
    metadata['first_person'] = isFirstPerson(memory.text)
  }
  if (memory.tags.length > 0) metadata['tags'] = [...memory.tags]
  if (memory.conversationId !== undefined) metadata['conversation_id'] = memory.conversationId
  if (memory.speaker !== undefined) metadata['speaker'] = memory.speaker
  if (memory.editedAt !== undefined) metadata['edited_at'] = memory.editedAt.getTime()
  if (messageId !== undefined) {
    metadata['message_id'] = messageId
    if (passage === 0) metadata['turn'] = JSON.stringify(turn)
  }
  if (link.prev !== undefined) metadata['prev'] = link.prev
  return metadata
}

/** The text in the passages that are embedded, together the whole of it: each has the white space before it. */
export function slices(text: string): string[] {
  const found: string[] = []
  let start = 0
  for (const passage of passages(text)) {
    const end = text.indexOf(passage, start) + passage.length
    found.push(text.slice(start, end))
    start = end
  }
  const rest = text.slice(start)
  if (found.length === 0) return [rest]
  found[found.length - 1] += rest
  return found
}

/** Half the passage, half the turn read together with the one before it: see lib/memory/ranking/dense.ts. */
const blend = (own: Float32Array, pair: Float32Array) =>
  own.map((value, at) => (value + pair[at]!) / 2)

function unitSumOf(a: Float32Array, b: Float32Array) {
  const sum = a.map((value, at) => value + b[at]!)
  const length = Math.hypot(...sum)
  return length === 0 ? undefined : { unit: sum.map((value) => value / length), length }
}

/** A vector as it is written: Pinecone refuses one of nothing but zeros, such as of what was not embedded. */
export function valuesOf(vector: Float32Array | undefined, dimension: number): number[] {
  const values = vector ? Array.from(vector, rounded) : []
  return values.some((value) => value !== 0) ? values : faintVector(dimension)
}

/** Finer than a cosine tells apart, and half as long in JSON as a Float32 written out. */
const rounded = (value: number) => Math.round(value * 1e7) / 1e7

/** A vector that is near nothing. */
export function faintVector(dimension: number): number[] {
  const values = Array<number>(dimension).fill(0)
  values[0] = 1e-6
  return values
}
