import { Problem, StoreUnavailableError } from '../../errors.ts'
import { UpstreamFault } from '../../upstream/fault.ts'
import { idTime, isMemoryId } from '../ids.ts'
import type { Memory, UserId } from '../memory.ts'
import type { MemoryToSave, Saved } from '../store.ts'
import { checkFits } from './records.ts'
import type { Row } from './memory-rows.ts'
import { findTurn } from './turns.ts'
import { unavailable } from './unavailable.ts'
import type { UserMemoriesParts } from './user-memories.ts'

/** How one user's memories are changed: first on the host, then in Pinecone. */
export interface Writes {
  save(toSave: readonly MemoryToSave[]): Promise<Saved>
  /** Changes a memory in the transaction that it is given to; false when there is none. */
  change(id: string, work: (memory: Memory) => void): Promise<boolean>
  /** Sees to it that a memory is here to be changed; false when there is none. */
  bringHere(id: string): Promise<boolean>
  /** Acknowledges what was written: it is on this disk, or waits for Pinecone and is undone where that fails. */
  written(befores: ReadonlyMap<string, Row | undefined>): Promise<Saved>
  /** In the transaction that writes: rejects a second message of one message id. */
  checkMessage(memory: Memory): void
}

/** A memory of which the host would know: it was made lately, and recent writes are kept this long. */
export const RECENT_MS = 10 * 60 * 1_000

export function openWrites(userId: UserId, parts: UserMemoriesParts): Writes {
  const { reader, host, sender, caches, connection, statements, dimension, hasDisk, now } = parts

  const isRecent = (id: string) =>
    now().getTime() - (idTime(id)?.getTime() ?? -Infinity) < RECENT_MS

  /** Acknowledges what was written: it is on this disk, or waits for Pinecone and is undone where that fails. */
  async function written(befores: ReadonlyMap<string, Row | undefined>): Promise<Saved> {
    if (hasDisk) {
      sender.wake()
      return 'pending'
    }
    const ats = await connection.read(
      () => new Map([...befores.keys()].map((id) => [id, host.row(userId, id)?.at ?? 0])),
    )
    try {
      await sender.flush(userId)
    } catch (error) {
      const lost = await connection.write(() =>
        [...befores].flatMap(([id, before]) => {
          const row = host.row(userId, id)
          if (!row || row.sent_at >= row.at) return []
          host.undo(userId, id, ats.get(id)!, before)
          return [id]
        }),
      )
      throw unavailable(error, `Not stored: ${lost.join(', ')}.`)
    }
    const refused = await connection.read(() =>
      [...befores.keys()].filter((id) => host.row(userId, id)?.refusal != undefined),
    )
    if (refused.length === 0) return 'stored'
    await connection.write(() => {
      for (const id of refused) host.undo(userId, id, ats.get(id)!, befores.get(id))
    })
    throw new StoreUnavailableError(
      `Pinecone refused what was to be stored: ${refused.join(', ')}.`,
    )
  }

  /** In the transaction that writes. */
  function checkMessage({ id, role, turn }: Memory): void {
    if (!turn) return
    const twin = statements.ofMessage(userId, turn.messageId).find((row) => row.role === role)
    const owner = role === 'user' ? statements.ownerOfMessage(turn.messageId)?.user_id : undefined
    if ((twin === undefined || twin.id === id) && (owner === undefined || owner === userId)) return
    throw anotherMessage(turn.messageId)
  }

  /** Messages of ids that callers made may have been said long ago, which only Pinecone knows. */
  async function checkMessagesThere(memories: readonly Memory[]): Promise<ReadonlySet<string>> {
    const unsure = new Set<string>()
    for (const { id, role, turn } of memories) {
      if (!turn || role !== 'user') continue
      const isFresh = isMemoryId(turn.messageId) && isRecent(turn.messageId)
      if (isFresh || caches.isAbsent(userId, turn.messageId)) continue
      try {
        const said = await turnOf(turn.messageId)
        if (said.message && said.message.id !== id) throw anotherMessage(turn.messageId)
      } catch (error) {
        if (!hasDisk || !(error instanceof UpstreamFault)) throw error
        unsure.add(id)
      }
    }
    return unsure
  }

  const turnOf = (messageId: string) => findTurn(userId, messageId, parts)

  async function save(toSave: readonly MemoryToSave[]): Promise<Saved> {
    if (toSave.length === 0) return 'stored'
    for (const { memory, vectors } of toSave) checkFits(memory, vectors, dimension)
    const unsure = await checkMessagesThere(toSave.map(({ memory }) => memory))
    const befores = new Map<string, Row | undefined>()
    await connection.write(() => {
      befores.clear()
      for (const { memory, vectors } of toSave) {
        const before = host.row(userId, memory.id)
        if (before?.memory && (hasDisk || !isShown(before))) continue
        checkMessage(memory)
        if (!befores.has(memory.id)) befores.set(memory.id, before)
        const isNew = unsure.has(memory.id) ? 2 : isRecent(memory.id) || before ? 0 : 1
        host.put(userId, memory, { vectors, isNew })
      }
    })
    parts.onAdded(userId, befores.size)
    return written(befores)
  }

  const isShown = (row: Row) => caches.visibility.isShown(row, caches.visibility.seen(userId))

  /** Sees to it that a memory is here to be changed; false when there is none. */
  async function bringHere(id: string): Promise<boolean> {
    const row = await connection.read(() => host.row(userId, id))
    if (row && ((hasDisk && row.is_own === 1) || !isShown(row))) return row.memory !== undefined
    // Made lately, and this disk would know: a new answer is not looked for.
    if (!row && hasDisk && isRecent(id)) return false
    const stored = await reader.stored(id).catch((error: unknown) => {
      if (row?.memory && hasDisk) return 'here' as const
      throw error
    })
    if (stored === 'here') return true
    await connection.write(() => {
      const current = host.row(userId, id)
      if (current && (current.at !== row?.at || !stored)) return
      if (current) statements.drop(userId, id)
      if (stored) host.adopt(userId, stored)
    })
    return stored !== undefined
  }

  async function change(id: string, work: (memory: Memory) => void): Promise<boolean> {
    if (!(await bringHere(id))) return false
    const befores = new Map<string, Row | undefined>()
    const isDone = await connection.write(() => {
      const row = host.row(userId, id)
      if (!row?.memory) return false
      befores.set(id, row)
      work(row.memory)
      return true
    })
    if (isDone) await written(befores)
    return isDone
  }

  return { save, change, bringHere, written, checkMessage }
}

const anotherMessage = (messageId: string) =>
  new Problem(
    409,
    'Another message',
    `The message_id ${messageId} stands for another message already.`,
  )
