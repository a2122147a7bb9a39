import type { IndexedMemory } from '../memory-index.ts'
import { passages } from '../passages.ts'
import { tellsOf } from './change.ts'
import {
  ALIVE,
  type Columns,
  createColumns,
  FIRST_PERSON,
  NONE,
  ONLY_QUESTION,
  USER,
  vectorOf,
} from './columns.ts'
import { grown } from './grown.ts'
import { linkTurn, unlinkTurn } from './neighbours.ts'
import { countTerms, type TermCounts } from './passage-terms.ts'
import { MAX_FREQUENCY } from './postings.ts'
import { isFirstPerson, isOnlyQuestion } from './speech.ts'

/** Throws a `RangeError`, and adds nothing, when the vectors do not fit. */
export function addTurn(columns: Columns, memory: IndexedMemory): void {
  const texts = memory.passages ?? passages(memory.text)
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
    addPassage(columns, slot, countTerms(memory, text), tellsOf(text), memory.vectors?.[at])
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
  const fresh = createColumns(columns.sittingGapMs, columns.alive)
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
    const rows = columns.matrix.length === 0 ? columns.room : 0
    columns.matrix = grown(columns.matrix, Math.max(rows, columns.passages) * columns.dimension)
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
