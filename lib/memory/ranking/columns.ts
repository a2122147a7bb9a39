import { createPostings, type Postings } from './postings.ts'

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
export const MOVE = 8
export const JOB = 16

/** No turn there: the edge of a sitting. */
export const NONE = -1
/** There is one, but not among the turns at hand. */
export const AWAY = -2
/** The same, and past it this one is at hand, in the same sitting. `past` of that is the slot again. */
export const past = (slot: number) => AWAY - 1 - slot

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
  /** How many the user has, where these are only those that a remote index found. */
  passagesOfUser: number | undefined
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
  /** Passages that the matrix has room for once there is a vector. */
  readonly room: number
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

/** With room for so many turns of one passage each; it grows beyond that. */
export function createColumns(sittingGapMs: number, room: number = LEAST_ROOM): Columns {
  const postings = createPostings()
  const most = Math.max(LEAST_ROOM, room)
  return {
    slots: 0,
    alive: 0,
    slotOf: new Map(),
    ids: [],
    tsMs: new Float64Array(most),
    flags: new Uint8Array(most),
    characters: new Int32Array(most),
    speaker: new Int16Array(most),
    tags: new Map(),
    previous: new Int32Array(most),
    next: new Int32Array(most),
    conversation: new Int32Array(most),
    before: new Int32Array(most),
    after: new Int32Array(most),
    pairLength: new Float32Array(most),
    firstPassage: new Int32Array(most + 1),
    passages: 0,
    alivePassages: 0,
    passagesOfUser: undefined,
    owner: new Int32Array(most),
    length: new Int32Array(most),
    aliveLength: 0,
    tells: new Uint8Array(most),
    hasVector: new Uint8Array(most),
    vectors: 0,
    dimension: 0,
    matrix: new Float32Array(0),
    room: most,
    forward: new Int32Array(64),
    forwardStart: new Int32Array(most + 1),
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

const LEAST_ROOM = 16

/** A view, not a copy; undefined where no embedder made one. */
export function vectorOf(columns: Columns, passage: number): Float32Array | undefined {
  if (columns.hasVector[passage] === 0) return undefined
  const start = passage * columns.dimension
  return columns.matrix.subarray(start, start + columns.dimension)
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
