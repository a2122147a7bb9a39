import { passages } from '../passages.ts'
import type { IndexedMemory } from '../memory-index.ts'
import { tellsOfChange, tellsOfEnd, tellsOfNow } from './change.ts'
import { grown } from './grown.ts'
import { linkTurn, unlinkTurn } from './neighbours.ts'
import { createPostings, MAX_FREQUENCY, type Postings } from './postings.ts'
import { countTerms, type TermCounts } from './passage-terms.ts'
import { isFirstPerson, isOnlyQuestion } from './speech.ts'

/** Bits of `flags`. */
export const ALIVE = 1
export const USER = 2
export const FIRST_PERSON = 4
export const ONLY_QUESTION = 8
/** Only while a question is answered: it was asked before, in the same words. Never together with ALIVE. */
export const ECHO = 16
/** Only while a question is answered: not what its tags ask for. */
export const HIDDEN = 32

/** Bits of `tells`: that something is over, that it is no longer as it was, how things are of late. */
export const END = 1
export const CHANGE = 2
export const NOW = 4

/** No turn there: the edge of a sitting. */
export const NONE = -1

/** The turns of one user, each in a slot of its own, and their passages, as parallel columns. */
export interface Columns {
  /** Slots in use, dead ones included. */
  slots: number
  alive: number
  readonly slotOf: Map<string, number>
  readonly ids: string[]
  tsMs: Float64Array
  flags: Uint8Array
  /** Length of the text, for the token budget. */
  characters: Int32Array
  /** One more than the number of the speaker's name; 0 for nobody. */
  speaker: Int16Array
  readonly tags: Map<number, readonly string[]>
  /** Turn before and after in the conversation, whatever the gap. */
  previous: Int32Array
  next: Int32Array
  conversation: Int32Array
  /** Turn before and after in the same sitting, or NONE. */
  before: Int32Array
  after: Int32Array
  /** Length of (first vector of this turn + last vector of the turn before); 0 where there is no such sum. */
  pairLength: Float32Array
  /** First passage of a slot; that of the slot after it ends it. */
  firstPassage: Int32Array

  passages: number
  alivePassages: number
  /** Slot of a passage. */
  owner: Int32Array
  /** Terms in a passage. */
  length: Int32Array
  aliveLength: number
  /** Whether it tells of a change; see the bits above. */
  tells: Uint8Array
  hasVector: Uint8Array
  vectors: number
  dimension: number
  matrix: Float32Array
  /** The distinct terms of a passage as `term * 64 + frequency`, from its start to that of the next. */
  forward: Int32Array
  forwardStart: Int32Array

  readonly termOf: Map<string, number>
  readonly termTexts: string[]
  /** Living passages that hold a term. */
  documentFrequency: Int32Array
  readonly postings: Postings

  readonly conversationOf: Map<string, number>
  readonly newestOf: number[]
  readonly speakerNames: string[]
  readonly speakerTurns: number[]
  readonly sittingGapMs: number
  bytes(): number
}

export function createColumns(sittingGapMs: number): Columns {
  const postings = createPostings()
  return {
    slots: 0,
    alive: 0,
    slotOf: new Map(),
    ids: [],
    tsMs: new Float64Array(16),
    flags: new Uint8Array(16),
    characters: new Int32Array(16),
    speaker: new Int16Array(16),
    tags: new Map(),
    previous: new Int32Array(16),
    next: new Int32Array(16),
    conversation: new Int32Array(16),
    before: new Int32Array(16),
    after: new Int32Array(16),
    pairLength: new Float32Array(16),
    firstPassage: new Int32Array(16),
    passages: 0,
    alivePassages: 0,
    owner: new Int32Array(16),
    length: new Int32Array(16),
    aliveLength: 0,
    tells: new Uint8Array(16),
    hasVector: new Uint8Array(16),
    vectors: 0,
    dimension: 0,
    matrix: new Float32Array(0),
    forward: new Int32Array(64),
    forwardStart: new Int32Array(16),
    termOf: new Map(),
    termTexts: [],
    documentFrequency: new Int32Array(64),
    postings,
    conversationOf: new Map(),
    newestOf: [],
    speakerNames: [],
    speakerTurns: [],
    sittingGapMs,
    bytes() {
      return bytesOf(this)
    },
  }
}

/** Throws a `RangeError`, and adds nothing, when the vectors do not fit. */
export function addTurn(columns: Columns, memory: IndexedMemory): void {
  const texts = passages(memory.text)
  checkVectors(columns, memory.vectors, texts.length)
  const slot = addSlot(columns, {
    id: memory.id,
    tsMs: memory.tsMs,
    characters: memory.text.length,
    flags:
      ALIVE |
      (memory.role === 'user' ? USER : 0) |
      (isFirstPerson(memory.text) ? FIRST_PERSON : 0) |
      (isOnlyQuestion(memory.text) ? ONLY_QUESTION : 0),
    speaker: memory.speaker,
    tags: memory.tags,
  })
  for (const [at, text] of texts.entries()) {
    const tells =
      (tellsOfEnd(text) ? END : 0) |
      (tellsOfChange(text) ? CHANGE : 0) |
      (tellsOfNow(text) ? NOW : 0)
    addPassage(columns, slot, countTerms(memory, text), tells, memory.vectors?.[at])
  }
  columns.firstPassage[slot + 1] = columns.passages
  linkTurn(columns, slot, memory.conversationId)
}

/** The turn stays in its columns, dead, until they are compacted; nothing counts it any more. */
export function removeTurn(columns: Columns, slot: number): void {
  unlinkTurn(columns, slot)
  columns.flags[slot] = 0
  columns.slotOf.delete(columns.ids[slot]!)
  columns.ids[slot] = ''
  columns.tags.delete(slot)
  columns.alive--
  const speaker = columns.speaker[slot]!
  if (speaker > 0) columns.speakerTurns[speaker - 1]!--
  for (let p = columns.firstPassage[slot]!; p < columns.firstPassage[slot + 1]!; p++) {
    columns.owner[p] = NONE
    columns.alivePassages--
    columns.aliveLength -= columns.length[p]!
    columns.vectors -= columns.hasVector[p]!
    columns.hasVector[p] = 0
    for (let at = columns.forwardStart[p]!; at < columns.forwardStart[p + 1]!; at++) {
      columns.documentFrequency[columns.forward[at]! >> 6]!--
    }
  }
}

/** The same turns in fresh columns, oldest first, without what is dead. */
export function compacted(columns: Columns): Columns {
  const fresh = createColumns(columns.sittingGapMs)
  const conversations = [...columns.conversationOf.keys()]
  const living = [...columns.slotOf.values()].sort((a, b) => columns.tsMs[a]! - columns.tsMs[b]!)
  for (const old of living) {
    const speaker = columns.speaker[old]!
    const slot = addSlot(fresh, {
      id: columns.ids[old]!,
      tsMs: columns.tsMs[old]!,
      characters: columns.characters[old]!,
      flags: columns.flags[old]!,
      speaker: speaker > 0 ? columns.speakerNames[speaker - 1] : undefined,
      tags: columns.tags.get(old) ?? [],
    })
    for (let p = columns.firstPassage[old]!; p < columns.firstPassage[old + 1]!; p++) {
      const counts = new Map<string, number>()
      for (let at = columns.forwardStart[p]!; at < columns.forwardStart[p + 1]!; at++) {
        counts.set(columns.termTexts[columns.forward[at]! >> 6]!, columns.forward[at]! & 63)
      }
      const length = columns.length[p]!
      addPassage(fresh, slot, { counts, length }, columns.tells[p]!, vectorOf(columns, p))
    }
    fresh.firstPassage[slot + 1] = fresh.passages
    linkTurn(fresh, slot, conversations[columns.conversation[old]!])
  }
  return fresh
}

/** A view, not a copy; undefined where no embedder made one. */
export function vectorOf(columns: Columns, passage: number): Float32Array | undefined {
  if (columns.hasVector[passage] === 0) return undefined
  const start = passage * columns.dimension
  return columns.matrix.subarray(start, start + columns.dimension)
}

interface SlotValues {
  readonly id: string
  readonly tsMs: number
  readonly characters: number
  readonly flags: number
  readonly speaker: string | undefined
  readonly tags: readonly string[]
}

function addSlot(columns: Columns, values: SlotValues): number {
  const slot = columns.slots++
  const length = slot + 1
  columns.tsMs = grown(columns.tsMs, length)
  columns.flags = grown(columns.flags, length)
  columns.characters = grown(columns.characters, length)
  columns.speaker = grown(columns.speaker, length)
  columns.previous = grown(columns.previous, length)
  columns.next = grown(columns.next, length)
  columns.conversation = grown(columns.conversation, length)
  columns.before = grown(columns.before, length)
  columns.after = grown(columns.after, length)
  columns.pairLength = grown(columns.pairLength, length)
  columns.firstPassage = grown(columns.firstPassage, length + 1)
  columns.firstPassage[slot] = columns.passages
  columns.ids[slot] = values.id
  columns.slotOf.set(values.id, slot)
  columns.tsMs[slot] = values.tsMs
  columns.flags[slot] = values.flags
  columns.characters[slot] = values.characters
  columns.speaker[slot] = values.speaker === undefined ? 0 : speakerNumber(columns, values.speaker)
  if (values.tags.length > 0) columns.tags.set(slot, values.tags)
  columns.alive++
  return slot
}

function addPassage(
  columns: Columns,
  slot: number,
  { counts, length }: TermCounts,
  tells: number,
  vector: Float32Array | undefined,
): void {
  const passage = columns.passages++
  columns.owner = grown(columns.owner, passage + 1)
  columns.length = grown(columns.length, passage + 1)
  columns.hasVector = grown(columns.hasVector, passage + 1)
  columns.forwardStart = grown(columns.forwardStart, passage + 2)
  columns.owner[passage] = slot
  columns.length[passage] = length
  columns.tells = grown(columns.tells, passage + 1)
  columns.tells[passage] = tells
  columns.alivePassages++
  columns.aliveLength += length
  let end = columns.forwardStart[passage]!
  columns.forward = grown(columns.forward, end + counts.size)
  for (const [text, frequency] of counts) {
    const term = termNumber(columns, text)
    columns.forward[end++] = term * 64 + Math.min(frequency, MAX_FREQUENCY)
    columns.postings.add(term, passage, frequency)
    columns.documentFrequency = grown(columns.documentFrequency, term + 1)
    columns.documentFrequency[term]!++
  }
  columns.forwardStart[passage + 1] = end
  columns.hasVector[passage] = vector === undefined ? 0 : 1
  if (vector !== undefined) {
    columns.dimension = vector.length
    columns.vectors++
  }
  if (columns.dimension > 0) {
    columns.matrix = grown(columns.matrix, columns.passages * columns.dimension)
    if (vector !== undefined) columns.matrix.set(vector, passage * columns.dimension)
  }
}

function checkVectors(
  columns: Columns,
  vectors: readonly Float32Array[] | undefined,
  passageCount: number,
): void {
  if (vectors === undefined) return
  if (vectors.length !== passageCount) {
    throw new RangeError(`${vectors.length} vectors for ${passageCount} passages.`)
  }
  const dimension = columns.dimension || vectors[0]!.length
  const odd = vectors.find((vector) => vector.length !== dimension)
  if (odd) throw new RangeError(`A vector of dimension ${odd.length} among those of ${dimension}.`)
}

function termNumber(columns: Columns, text: string): number {
  const known = columns.termOf.get(text)
  if (known !== undefined) return known
  columns.termOf.set(text, columns.termTexts.length)
  return columns.termTexts.push(text) - 1
}

function speakerNumber(columns: Columns, name: string): number {
  let at = columns.speakerNames.indexOf(name)
  if (at < 0) at = columns.speakerNames.push(name) - 1
  columns.speakerTurns[at] = (columns.speakerTurns[at] ?? 0) + 1
  return at + 1
}

/** Map entries and short strings are counted at what V8 uses for them on 64 bits. */
const BYTES_OF_ID = 56 + 8 + 40
const BYTES_OF_TERM = 32 + 8 + 40

function bytesOf(columns: Columns): number {
  let bytes = columns.postings.bytes
  for (const value of Object.values(columns))
    if (ArrayBuffer.isView(value)) bytes += value.byteLength
  return bytes + columns.slots * BYTES_OF_ID + columns.termTexts.length * BYTES_OF_TERM
}
