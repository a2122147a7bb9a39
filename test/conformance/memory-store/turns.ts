import { expect } from 'vitest'
import { replyIdOf } from '../../../lib/memory/ids.ts'
import type { Memory, TurnState } from '../../../lib/memory/memory.ts'
import {
  ada,
  alan,
  asked,
  idsOf,
  listed,
  recalled,
  said,
  saidUnder,
  save,
  SOON,
  type Suite,
} from './suite.ts'

export function describeTurns({ it, open }: Suite) {
  it('finds the message and the answer of a message id', async () => {
    const memories = (await open()).forUser(ada)
    const message = asked('What do I drink?', 'message-1')
    expect(await saidUnder(memories, 'message-1')).toEqual({})
    await save(memories, message)
    expect(await saidUnder(memories, 'message-1')).toEqual({ message })
    const answer = answerTo(message, 'Tea.')
    await save(memories, answer, asked('And what else?', 'message-2'))
    expect(await saidUnder(memories, 'message-1')).toEqual({ message, answer })
    expect(await saidUnder(memories, 'message-')).toEqual({})
  })

  it('refuses a second message, and a second answer, under one message id', async () => {
    const memories = (await open()).forUser(ada)
    const message = asked('What do I drink?', 'message-1')
    const answer = answerTo(message, 'Tea.')
    await save(memories, message, answer)
    for (const second of [asked('Something else', 'message-1'), { ...answer, id: said('').id }]) {
      await expect(memories.save([{ memory: second }])).rejects.toMatchObject({ status: 409 })
      await expect(memories.updateTurn({ memory: second })).rejects.toMatchObject({ status: 409 })
      expect(await memories.get(second.id)).toBeUndefined()
    }
    expect(await saidUnder(memories, 'message-1')).toEqual({ message, answer })
  })

  it('keeps a message id for one message, whoever’s it is', async () => {
    const store = await open()
    const alans = store.forUser(alan)
    await save(store.forUser(ada), asked('From Ada', 'message-1'))
    const second = asked('From Alan', 'message-1')
    await expect(alans.save([{ memory: second }])).rejects.toMatchObject({ status: 409 })
    expect(await alans.get(second.id)).toBeUndefined()
    expect(await saidUnder(alans, 'message-1')).toEqual({})
  })

  it('saves a message once however often it is sent at the same time', async () => {
    const store = await open()
    const twins = Array.from({ length: 8 }, () => asked('What do I drink?', 'message-1'))
    const outcomes = await Promise.allSettled(
      twins.map((memory) => store.forUser(ada).save([{ memory }])),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const winner = twins[outcomes.findIndex(({ status }) => status === 'fulfilled')]
    expect((await store.forUser(ada).turn('message-1')).message).toEqual(winner)
    expect(await listed(store.forUser(ada))).toEqual([winner!.id])
  })

  it('lets an answer grow and end, in its place and once', async () => {
    const memories = (await open()).forUser(ada)
    const message = asked('What do I drink?', 'message-1')
    await save(memories, message)
    const grown = (text: string, state: TurnState, changes: Partial<Memory> = {}) =>
      answerTo(message, text, { turn: { messageId: 'message-1', state }, ...changes })
    await memories.updateTurn({ memory: grown('Te', 'running', { reach: 'history' }) })
    await expect.poll(() => memories.turn('message-1'), SOON).toHaveProperty('answer.text', 'Te')
    const later = asked('Are you there?', 'message-2')
    await save(memories, later)
    const done = grown('Tea.', 'complete', {
      turn: { messageId: 'message-1', state: 'complete', latencyMs: 20 },
    })
    await memories.updateTurn({ memory: done })
    await expect
      .poll(() => saidUnder(memories, 'message-1'), SOON)
      .toEqual({ message, answer: done })
    const window = await memories.conversation('default', { limit: 10 })
    expect(window).toEqual([message, done, later])
  })

  it('writes no answer to a message that is gone', async () => {
    const store = await open()
    const memories = store.forUser(ada)
    const message = asked('What do I drink?', 'message-1')
    const answer = answerTo(message, 'Tea.')
    await save(memories, message)
    expect(await memories.updateTurn({ memory: answer })).not.toBe('gone')
    await memories.delete(message.id)
    await memories.delete(answer.id)
    expect(await memories.updateTurn({ memory: answer })).toBe('gone')
    await save(memories, message)
    await memories.clear()
    expect(await memories.updateTurn({ memory: answer })).toBe('gone')
    expect(await store.forUser(alan).updateTurn({ memory: answer })).toBe('gone')
    expect(await memories.conversation('default', { limit: 10 })).toEqual([])
  })

  it('brings back no turn that was deleted, where it must exist', async () => {
    const memories = (await open()).forUser(ada)
    const message = asked('What do I drink?', 'message-1')
    const answer = answerTo(message, 'Tea.')
    await save(memories, message, answer)
    expect(await memories.updateTurn({ memory: answer }, { mustExist: true })).not.toBe('gone')
    await memories.delete(answer.id)
    expect(await memories.updateTurn({ memory: answer }, { mustExist: true })).toBe('gone')
    expect(await saidUnder(memories, 'message-1')).toEqual({ message })
    expect(await memories.updateTurn({ memory: answer })).not.toBe('gone')
    await memories.delete(message.id)
    expect(await memories.updateTurn({ memory: message }, { mustExist: true })).toBe('gone')
  })

  it('finds by recall what an answer ends as, not what it was', async () => {
    const memories = (await open()).forUser(ada)
    const message = asked('What do I drink?', 'message-1')
    const running = answerTo(message, 'You drink te', { reach: 'history' })
    await save(memories, message)
    await memories.updateTurn({ memory: running })
    expect(await recalled(memories, 'drink')).toEqual([message.id])
    const complete = { ...running, text: 'You drink tea.', reach: 'recall' } as const
    await memories.updateTurn({ memory: complete })
    await expect.poll(() => recalled(memories, 'drink'), SOON).toHaveLength(2)
    await memories.updateTurn({ memory: { ...complete, reach: 'list' } })
    await expect.poll(() => recalled(memories, 'drink'), SOON).toEqual([message.id])
    expect(await listed(memories)).toEqual(idsOf([complete, message]))
  })
}

const answerTo = (message: Memory, text: string, changes: Partial<Memory> = {}): Memory =>
  said(text, {
    id: replyIdOf(message.id),
    ts: new Date(message.ts.getTime() + 1),
    role: 'assistant',
    conversationId: message.conversationId,
    turn: { messageId: message.turn!.messageId, inReplyTo: message.id, state: 'complete' },
    ...changes,
  })
