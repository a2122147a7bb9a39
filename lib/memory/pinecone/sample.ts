import type { IndexedMemory, MemoryIndex } from '../memory-index.ts'
import type { Memory } from '../memory.ts'
import type { Sample } from '../rank.ts'
import { COSINE_PRIOR } from '../ranking/calibrate.ts'
import { AWAY, type Columns, FIRST_PERSON, NONE, ONLY_QUESTION, past } from '../ranking/columns.ts'
import { B, K1 } from '../ranking/lexical.ts'
import type { RecallQuery } from '../recall.ts'
import { terms } from '../terms.ts'
import { memoryIdOf } from './records.ts'
import { MEAN_LENGTH } from './sparse.ts'
import type { Match } from './user-records.ts'

/** A memory that Pinecone does not show yet: scored here, by hand. */
export interface Unseen {
  readonly memory: Memory
  /** Of its passages; undefined where it has none. */
  readonly vectors: readonly Float32Array[] | undefined
  readonly prevId: string | undefined
  readonly prevVector: Float32Array | undefined
  readonly last: boolean
}

/** How many passages a user is taken to have of whom only a part was found: it is right from 200 to 25,000. */
const PASSAGES_OF_USER = 600

/**
 * What was found for a question as a small index, ready to be ranked by what ranks the whole of a user's memories: with the
 * scores of the vectors taken out of the scores that came, and each turn beside its neighbours.
 */
export function sampleOf(
  index: MemoryIndex,
  query: RecallQuery,
  matches: readonly Match[],
  unseen: readonly Unseen[],
  isWhole: boolean,
): Sample {
  const turns = turnsOf(matches)
  const all = [
    ...turns.values().map(({ indexed }) => indexed),
    ...unseen.map(({ memory }) => indexedOf(memory)),
  ]
  // In order of time, which is the cheapest way to fill an index.
  for (const memory of all.sort((a, b) => a.tsMs - b.tsMs)) index.put(memory)
  const { columns } = index
  const own = new Float32Array(columns.slots).fill(NaN)
  const blended = new Float32Array(columns.slots).fill(NaN)
  const words = wordsIn(columns, query.text)
  for (const [id, turn] of turns) {
    const slot = columns.slotOf.get(id)!
    columns.characters[slot] = turn.characters
    if (turn.isPartial) describeWhole(columns, slot, turn)
    if (turn.isEmbedded) blended[slot] = Math.max(...denseScores(columns, slot, turn, words))
  }
  for (const each of unseen) {
    const slot = columns.slotOf.get(each.memory.id)!
    if (!each.vectors || query.embedding?.length !== each.vectors[0]?.length) continue
    const scores = scoresByHand(query.embedding!, each)
    own[slot] = scores.own
    blended[slot] = scores.blended
  }
  for (const { id } of all) {
    const turn = turns.get(id)
    const slot = columns.slotOf.get(id)!
    if (turn?.isEmbedded) own[slot] = ownCosine(columns, slot, turn, words, own)
  }
  placeNeighbours(columns, turns, unseen)
  if (!isWhole) columns.passagesOfUser = PASSAGES_OF_USER
  return {
    dense: query.embedding && isMostlyEmbedded(own) ? { own, blended } : undefined,
    of: isWhole ? undefined : Math.max(PASSAGES_OF_USER, columns.alive),
  }
}

interface Turn {
  readonly indexed: IndexedMemory
  readonly found: readonly Match[]
  readonly characters: number
  readonly isEmbedded: boolean
  /** One of several passages: what is true of it may not be true of the whole. */
  readonly isPartial: boolean
  readonly isFirstPerson: boolean
  readonly prev: string | undefined
  /** Length of (its first vector + the last one of the turn before). */
  readonly pairLength: number | undefined
  readonly last: boolean
}

/** The passages that were found, put together by turn. */
function turnsOf(matches: readonly Match[]): Map<string, Turn> {
  const byId = new Map<string, Match[]>()
  for (const match of matches) {
    const id = memoryIdOf(match.id)
    const known = byId.get(id)
    if (known) known.push(match)
    else byId.set(id, [match])
  }
  const turns = new Map<string, Turn>()
  for (const [id, found] of byId) {
    found.sort((a, b) => Number(a.metadata['passage']) - Number(b.metadata['passage']))
    const { metadata } = found[0]!
    const passages = found.map((match) => String(match.metadata['text']).trim())
    const text = passages.join('\n')
    const prev = metadata['prev'] as string | undefined
    turns.set(id, {
      indexed: {
        id,
        tsMs: Number(metadata['ts']),
        role: metadata['role'] as Memory['role'],
        text,
        passages,
        conversationId: metadata['conversation_id'] as string | undefined,
        speaker: metadata['speaker'] as string | undefined,
        tags: (metadata['tags'] as string[] | undefined) ?? [],
        source: metadata['source'] as Memory['source'],
      },
      found,
      characters: Number(metadata['characters'] ?? text.length),
      isEmbedded: metadata['embedded'] === true,
      isPartial: Number(metadata['passages']) > 1,
      isFirstPerson: metadata['first_person'] === true,
      prev,
      pairLength: metadata['pair'] as number | undefined,
      last: metadata['last'] === true,
    })
  }
  return turns
}

/** A text of several passages is too long to be a bare question, whatever the passage that was found asks. */
function describeWhole(columns: Columns, slot: number, { isFirstPerson }: Turn): void {
  const own = columns.flags[slot]! & ~(ONLY_QUESTION | FIRST_PERSON)
  columns.flags[slot] = own | (isFirstPerson ? FIRST_PERSON : 0)
}

const indexedOf = (memory: Memory): IndexedMemory => {
  const { id, ts, role, text, conversationId, speaker, tags, source } = memory
  return { id, tsMs: ts.getTime(), role, text, conversationId, speaker, tags, source }
}

interface Words {
  readonly numbers: ReadonlySet<number>
  readonly weight: number
}

function wordsIn(columns: Columns, text: string): Words {
  const distinct = [...new Set(terms(text))]
  const numbers = distinct.flatMap((term) => columns.termOf.get(term) ?? [])
  return { numbers: new Set(numbers), weight: 1 / Math.max(1, distinct.length) }
}

/** A score is that of the words and that of the vectors together; the words' is known here too. */
function denseScores(columns: Columns, slot: number, { found }: Turn, words: Words): number[] {
  const first = columns.firstPassage[slot]!
  return found.map(({ score }, at) => score - wordScore(columns, first + at, words))
}

/**
 * The cosine of a turn's best passage, which says whether the question is one for this user at all. Half of each score is
 * that of the turn together with the one before it: that is taken out again, with what the one before has or, where it did not
 * come back, with what unrelated texts have. `own` holds those of earlier turns.
 */
function ownCosine(
  columns: Columns,
  slot: number,
  turn: Turn,
  words: Words,
  own: Float32Array,
): number {
  const scores = denseScores(columns, slot, turn, words)
  const { pairLength, prev, found } = turn
  if (pairLength === undefined) return Math.max(...scores)
  const before = prev === undefined ? undefined : columns.slotOf.get(prev)
  const cosineBefore = (before === undefined ? NaN : own[before]!) || COSINE_PRIOR.mean
  const hasFirst = found[0]!.metadata['passage'] === 0
  const cosineFirst = hasFirst
    ? (2 * scores[0]! - cosineBefore / pairLength) / (1 + 1 / pairLength)
    : COSINE_PRIOR.mean
  const rest = scores
    .slice(hasFirst ? 1 : 0)
    .map((score) => 2 * score - (cosineFirst + cosineBefore) / pairLength)
  return Math.min(1, Math.max(...rest, hasFirst ? cosineFirst : -1))
}

/** What the sparse values of a passage bring to its score (sparse.ts), from the terms that the index has counted. */
function wordScore(columns: Columns, passage: number, { numbers, weight }: Words): number {
  const norm = K1 * (1 - B + (B * columns.length[passage]!) / MEAN_LENGTH)
  let sum = 0
  for (let at = columns.forwardStart[passage]!; at < columns.forwardStart[passage + 1]!; at++) {
    const entry = columns.forward[at]!
    if (!numbers.has(entry >> 6)) continue
    const count = entry & 63
    sum += (weight * count * (K1 + 1)) / (count + norm)
  }
  return sum
}

function scoresByHand(embedding: Float32Array, { vectors, prevVector }: Unseen) {
  const cosines = vectors!.map((vector) => dot(vector, embedding))
  const own = Math.max(...cosines)
  if (!prevVector) return { own, blended: own }
  const length = Math.hypot(...vectors![0]!.map((value, at) => value + prevVector[at]!))
  if (length === 0) return { own, blended: own }
  const pair = (cosines[0]! + dot(prevVector, embedding)) / length
  return { own, blended: (own + pair) / 2 }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!
  return sum
}

/** As over a whole memory: where too few turns have vectors, the words decide. */
function isMostlyEmbedded(own: Float32Array): boolean {
  let embedded = 0
  for (const score of own) if (!Number.isNaN(score)) embedded++
  return embedded > 0 && embedded >= own.length / 2
}

/**
 * The index has put each turn beside the nearest of its sitting that came back. Whether that is its neighbour, the
 * records say.
 */
function placeNeighbours(
  columns: Columns,
  turns: ReadonlyMap<string, Turn>,
  unseen: readonly Unseen[],
): void {
  const places = [
    ...turns.entries().map(([id, { prev, last }]) => ({ id, prev, last })),
    ...unseen.map(({ memory, prevId, last }) => ({ id: memory.id, prev: prevId, last })),
  ]
  for (const { id, prev, last } of places) {
    const slot = columns.slotOf.get(id)!
    columns.before[slot] =
      prev === undefined ? NONE : (columns.slotOf.get(prev) ?? away(columns.before[slot]!))
    columns.after[slot] = last ? NONE : away(columns.after[slot]!)
  }
  for (const { id, prev } of places) {
    const before = prev === undefined ? undefined : columns.slotOf.get(prev)
    if (before !== undefined) columns.after[before] = columns.slotOf.get(id)!
  }
}

const away = (nearest: number) => (nearest === NONE ? AWAY : past(nearest))
