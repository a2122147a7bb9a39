import { isProblem } from '../errors.ts'
import type { Embedder } from '../models/embedder.ts'
import { embedMemories } from './embed-memories.ts'
import { derivedBytes, idTime, replyIdOf, uuidv7 } from './ids.ts'
import { readLines, type RefusedLine } from './json-lines.ts'
import type { Memory, Turn, UserId } from './memory.ts'
import type { UserMemories } from './store.ts'

export interface Imported {
  readonly added: number
  /** Remembered already. */
  readonly skipped: number
  readonly refused: readonly RefusedLine[]
}

export interface ImportOptions {
  readonly userId: UserId
  readonly memories: UserMemories
  readonly embedder: Embedder
  /** Ends the import between two parts; what is stored by then stays, and the same file again goes on. */
  readonly signal: AbortSignal
  /** Number of the first line, where a file comes in parts. */
  readonly firstLine?: number | undefined
}

/** Lines that are embedded and stored together, before others get their turn. */
const LINES_A_PART = 250

/** Remembers what the lines of a file hold. A line that cannot be taken is told by its number; the rest is kept. */
export async function importLines(jsonl: string, options: ImportOptions): Promise<Imported> {
  const { read, refused } = readLines(jsonl, options.firstLine)
  // Messages before their answers, whatever the order of the file.
  const inOrder = read.toSorted((a, b) => (a.memory.id < b.memory.id ? -1 : 1))
  const total = { added: 0, skipped: 0 }
  const refusedLines = [...refused]
  for (let at = 0; at < inOrder.length; at += LINES_A_PART) {
    options.signal.throwIfAborted()
    const part = await importPart(inOrder.slice(at, at + LINES_A_PART), options)
    total.added += part.added
    total.skipped += part.skipped
    refusedLines.push(...part.refused)
  }
  return { ...total, refused: refusedLines.toSorted((a, b) => a.line - b.line) }
}

interface ReadMemory {
  readonly line: number
  readonly memory: Memory
}

async function importPart(part: readonly ReadMemory[], options: ImportOptions): Promise<Imported> {
  const { userId, memories, embedder, signal } = options
  const isKnown = await Promise.all(part.map(({ memory }) => isRemembered(memory, options)))
  const others = (await memories.ownedByOthers?.(part.map(({ memory }) => memory.id))) ?? new Set()
  const seen = new Set<string>()
  const fresh = part
    .filter(({ memory: { id } }, at) => !isKnown[at] && !seen.has(id) && seen.add(id))
    .map(({ line, memory }) => ({
      line,
      memory: others.has(memory.id) ? withOwnIds(memory, userId) : memory,
    }))
  if (fresh.length === 0) return { added: 0, skipped: part.length, refused: [] }
  const found = fresh.map(({ memory }) => memory).filter(({ reach }) => reach === 'recall')
  const { vectors } = await embedMemories(embedder, found, signal)
  const vectorsOf = new Map(found.map(({ id }, at) => [id, vectors?.[at]]))
  const toSave = (memory: Memory, of = memory) => ({ memory, vectors: vectorsOf.get(of.id) })
  const skipped = part.length - fresh.length
  try {
    await memories.save(fresh.map(({ memory }) => toSave(memory)))
    return { added: fresh.length, skipped, refused: [] }
  } catch (error) {
    if (!isConflict(error)) throw error
  }
  // A message id among them stands for another message: each line for itself, to find which.
  const refused: RefusedLine[] = []
  for (const { line, memory } of fresh) {
    const isSaved =
      (await isSavedAs(memories, toSave(memory))) ||
      (await isSavedAs(memories, toSave(withOwnIds(memory, userId), memory)))
    if (!isSaved) refused.push({ line, message: 'turn.message_id: It stands for another message.' })
  }
  return { added: fresh.length - refused.length, skipped, refused }
}

async function isRemembered(memory: Memory, { memories, userId }: ImportOptions): Promise<boolean> {
  if (await memories.get(memory.id)) return true
  return (await memories.get(withOwnIds(memory, userId).id)) !== undefined
}

async function isSavedAs(
  memories: UserMemories,
  toSave: Parameters<UserMemories['save']>[0][number],
): Promise<boolean> {
  try {
    await memories.save([toSave])
    return true
  } catch (error) {
    if (isConflict(error)) return false
    throw error
  }
}

const isConflict = (error: unknown) => isProblem(error) && error.status === 409

/**
 * The memory under ids of this user's own, since those it came with are another user's. They follow from the old ones, so
 * that a message and its answer still belong together and the same file twice adds nothing twice.
 */
export function withOwnIds(memory: Memory, userId: UserId): Memory {
  const bytesFor = (id: string) => derivedBytes(`${userId}\n${id}`)
  const own = (id: string) => uuidv7(idTime(id)!, bytesFor(id))
  const { turn } = memory
  if (!turn) return { ...memory, id: own(memory.id) }
  const { messageId, inReplyTo, recalled } = turn
  const isReply = inReplyTo !== undefined && memory.id === replyIdOf(inReplyTo)
  const ownTurn: Turn = {
    ...turn,
    messageId: Buffer.from(bytesFor(messageId)).toString('base64url'),
    inReplyTo: inReplyTo === undefined ? undefined : own(inReplyTo),
    recalled: recalled?.map(({ id, supersededBy, ...pair }) => ({
      ...pair,
      id: own(id),
      supersededBy: supersededBy === undefined ? undefined : own(supersededBy),
    })),
  }
  return {
    ...memory,
    id: isReply ? replyIdOf(own(inReplyTo)) : own(memory.id),
    turn: ownTurn,
  }
}
