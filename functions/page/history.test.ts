import { describe, expect, it } from 'vitest'
import { idTime, newMemoryId, replyIdOf } from '../../lib/memory/ids.ts'
import type { Memory, TurnState } from '../../lib/memory/memory.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
import { endOf, readHistory, SHOWN_TURNS } from './history.ts'

const start = new Date('2026-05-04T12:00:00Z')
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000)

function message(text: string, ts: Date): Memory {
  return {
    id: newMemoryId(ts),
    role: 'user',
    text,
    ts,
    tags: [],
    conversationId: 'c1',
    source: 'chat',
    reach: 'recall',
    pinned: false,
    turn: { messageId: `message-${text}`, state: 'complete' },
  }
}

function answerTo(asked: Memory, state: TurnState = 'complete'): Memory {
  const { messageId } = asked.turn!
  return {
    ...asked,
    id: replyIdOf(asked.id),
    role: 'assistant',
    text: `answer to ${asked.text}`,
    turn: { messageId, inReplyTo: asked.id, state, recalled: [{ id: asked.id, score: 0.5 }] },
  }
}

/** A conversation as a store gives it. */
function memoriesOf(turns: readonly Memory[]): UserMemories {
  return {
    conversation: async (_: string, { limit, before }: { limit: number; before?: string }) =>
      turns.filter(({ id }) => before === undefined || id < before).slice(-limit),
    get: async (id: string) => turns.find((turn) => turn.id === id),
  } as unknown as UserMemories
}

const read = (turns: readonly Memory[], now: Date, before?: string) =>
  readHistory(memoriesOf(turns), 'c1', { before, now })

describe('the history of a conversation', () => {
  it('draws each answer behind its message, though others were said meanwhile', async () => {
    const [first, second] = [message('a', start), message('b', after(1))]
    const { items } = await read([first, second, answerTo(first), answerTo(second)], after(9))
    expect(items.map(({ type }) => type)).toEqual(['message', 'answer', 'message', 'answer'])
    expect(items[1]).toMatchObject({ answer: { text: 'answer to a' } })
  })

  it('has an answer made to a message that was just sent, and to none that is older', async () => {
    const asked = message('a', start)
    expect((await read([asked], after(2))).items[1]).toMatchObject({
      type: 'live',
      messageId: 'message-a',
    })
    expect((await read([asked], after(60))).items[1]).toMatchObject({ type: 'missing' })
    const later = message('b', after(1))
    const { items } = await read([asked, later], after(2))
    expect(items.map(({ type }) => type)).toEqual(['message', 'missing', 'message', 'live'])
  })

  it('shows what is there of an answer that is being made', async () => {
    const asked = message('a', start)
    const { items } = await read([asked, answerTo(asked, 'running')], after(500))
    expect(items[1]).toMatchObject({ type: 'live', text: 'answer to a' })
  })

  it('can edit the latest message only, and carries the memories of the latest answers only', async () => {
    const asked = Array.from({ length: 6 }, (_, index) => message(`m${index}`, after(index)))
    const { items } = await read(
      asked.flatMap((one) => [one, answerTo(one)]),
      after(99),
    )
    const last = items.filter((item) => item.type === 'message' && item.isLast)
    expect(last).toEqual([items.at(-2)])
    const carried = items.map((item) => item.type === 'answer' && item.recalled?.length === 1)
    expect(carried.filter(Boolean)).toHaveLength(3)
    expect(carried.at(-1)).toBe(true)
  })

  it('shows the end, and what is before it when asked', async () => {
    const turns = Array.from({ length: 70 }, (_, index) => ({
      ...message(`n${index}`, after(index)),
      turn: undefined,
    }))
    const end = await read(turns, after(99))
    expect(end.items).toHaveLength(SHOWN_TURNS)
    expect(end.earlierThan).toBe(turns[20]!.id)
    const earlier = await read(turns, after(99), end.earlierThan)
    expect(earlier.items).toHaveLength(20)
    expect(earlier).toMatchObject({ earlierThan: undefined, isEnd: false })
  })

  it('ends the part that shows a memory right behind it, or where the conversation ends', async () => {
    const turns = Array.from({ length: 70 }, (_, index) => message(`n${index}`, after(index * 10)))
    const memories = memoriesOf(turns)
    const place = await endOf(memories, 'c1', turns[5]!.id)
    expect(idTime(place!)!.getTime()).toBeGreaterThan(turns[5]!.ts.getTime())
    expect(idTime(place!)!.getTime()).toBeLessThan(turns[6]!.ts.getTime())
    expect(await endOf(memories, 'c1', turns[30]!.id)).toBeUndefined()
    expect(await endOf(memories, 'c1', undefined)).toBeUndefined()
    expect(await endOf(memories, 'c1', 'no id')).toBeUndefined()
  })
})
