import { readRecalled } from '../../lib/chat/replay.ts'
import { ID_BYTES, idTime, uuidv7 } from '../../lib/memory/ids.ts'
import type { Memory } from '../../lib/memory/memory.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
import type { ChatItem } from '../../web/pages/chat.ts'

/** What a page shows of a conversation at once; the rest comes on demand. */
export const SHOWN_TURNS = 50

/** Answers that carry their memories from the start; those of older ones are fetched when they are opened. */
const WITH_MEMORIES = 3

/** How long a message may wait for the first watcher of its answer. Afterwards nobody has it made unasked. */
const FRESH_MS = 15_000

/** Whether a message may still be waiting for its answer to be begun. */
export const isFresh = ({ ts }: Memory, now: Date) => now.getTime() - ts.getTime() < FRESH_MS

export interface HistoryWindow {
  readonly items: readonly ChatItem[]
  /** The oldest shown, where there is more before it. */
  readonly earlierThan: string | undefined
  /** Whether it ends with the latest message. */
  readonly isEnd: boolean
}

/** A part of a conversation, oldest first: its end, or what is before memory `before`. Empty: there is no such one. */
export async function readHistory(
  memories: UserMemories,
  conversationId: string,
  { before, now }: { before?: string | undefined; now: Date },
): Promise<HistoryWindow> {
  const turns = await memories.conversation(conversationId, { limit: SHOWN_TURNS + 1, before })
  const shown = turns.slice(-SHOWN_TURNS)
  const isEnd = before === undefined
  return {
    isEnd,
    items: await itemsOf(memories, conversationId, shown, { isEnd, now }),
    earlierThan: turns.length > shown.length ? shown[0]!.id : undefined,
  }
}

/**
 * Where the part of a conversation ends in which memory `at` is to be seen; undefined where that is its end.
 */
export async function endOf(
  memories: UserMemories,
  conversationId: string,
  at: string | undefined,
): Promise<string | undefined> {
  const time = at === undefined ? undefined : idTime(at)
  if (at === undefined || time === undefined) return undefined
  const latest = await memories.conversation(conversationId, { limit: SHOWN_TURNS })
  // Ids are in order of time: what is not older than the oldest shown is shown.
  if (latest.length < SHOWN_TURNS || at >= latest[0]!.id) return undefined
  return uuidv7(new Date(time.getTime() + AROUND_MS), new Uint8Array(ID_BYTES))
}

/** An answer is stored a millisecond behind its message, and reads best together with it. */
const AROUND_MS = 1000

async function itemsOf(
  memories: UserMemories,
  conversationId: string,
  turns: readonly Memory[],
  { isEnd, now }: { isEnd: boolean; now: Date },
): Promise<ChatItem[]> {
  const answers = new Map(
    turns.filter(({ turn }) => turn?.inReplyTo).map((answer) => [answer.turn!.inReplyTo!, answer]),
  )
  const ids = new Set(turns.map(({ id }) => id))
  const lastMessage = isEnd
    ? turns.findLast(({ turn, role }) => turn && role === 'user')
    : undefined
  const withMemories = new Set(isEnd ? [...answers.values()].slice(-WITH_MEMORIES) : [])

  async function answerItem(answer: Memory): Promise<ChatItem> {
    if (answer.turn?.state === 'running') {
      return { type: 'live', conversationId, messageId: answer.turn.messageId, text: answer.text }
    }
    return withMemories.has(answer)
      ? { type: 'answer', answer, recalled: await readRecalled(memories, answer) }
      : { type: 'answer', answer }
  }

  const items = turns.map(async (memory): Promise<ChatItem[]> => {
    const inReplyTo = memory.turn?.inReplyTo
    if (inReplyTo !== undefined && ids.has(inReplyTo)) return [] // Drawn with its message.
    if (memory.role === 'assistant') return [await answerItem(memory)]
    const message: ChatItem = { type: 'message', message: memory, isLast: memory === lastMessage }
    if (!memory.turn) return [message]
    const { messageId } = memory.turn
    const answer = answers.get(memory.id)
    if (answer) return [message, await answerItem(answer)]
    const isLive = memory === lastMessage && isFresh(memory, now)
    return [message, { type: isLive ? 'live' : 'missing', conversationId, messageId }]
  })
  return (await Promise.all(items)).flat()
}
