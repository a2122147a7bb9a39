import { expect } from 'vitest'
import type { UserMemories } from '../../../lib/memory/store.ts'
import { ada, alan, asked, listed, recalled, said, saidUnder, save, type Suite } from './suite.ts'

export function describeDeleting({ it, open }: Suite) {
  it('deletes one memory from every place it was found', async () => {
    const memories = (await open()).forUser(ada)
    const tea = asked('I only drink tea', 'message-1')
    const coffee = asked('And coffee', 'message-2')
    await save(memories, tea, coffee)
    expect(await recalled(memories, 'drink tea')).toContain(tea.id)
    expect(await memories.delete(tea.id)).toBe(true)
    expect(await memories.get(tea.id)).toBeUndefined()
    expect(await saidUnder(memories, 'message-1')).toEqual({})
    expect(await listed(memories)).toEqual([coffee.id])
    expect(await recalled(memories, 'drink tea')).toEqual([coffee.id])
    expect(await memories.conversation('default', { limit: 9 })).toEqual([coffee])
    expect(await memories.delete(tea.id)).toBe(false)
  })

  it('saves again what was deleted, as a new memory', async () => {
    const memories = (await open()).forUser(ada)
    const tea = asked('I only drink tea', 'message-1')
    await save(memories, tea, said('Something else'))
    await recalled(memories, 'tea')
    await memories.delete(tea.id)
    await save(memories, { ...tea, text: 'I only drink sencha' })
    expect((await memories.get(tea.id))?.text).toBe('I only drink sencha')
    expect(await recalled(memories, 'sencha', { limit: 1 })).toEqual([tea.id])
  })

  it('clears all of a user and nothing of another', async () => {
    const store = await open()
    const [adas, alans] = [store.forUser(ada), store.forUser(alan)]
    for (const [memories, messageId] of [
      [adas, 'message-1'],
      [alans, 'message-2'],
    ] as const) {
      await save(memories, asked('I drink tea', messageId, { speaker: 'Grace' }))
      await save(memories, said('Shown', { reach: 'list' }), said('Kept', { reach: 'history' }))
      await memories.lease('reply:message-1', 'one', 30_000)
    }
    const before = await everything(alans)
    expect(await everything(adas)).not.toEqual(NOTHING)
    expect(await adas.clear()).toBe(3)
    expect(await everything(adas)).toEqual(NOTHING)
    expect(await everything(alans)).toEqual(before)
    expect(await adas.lease('reply:message-1', 'two', 30_000)).toBe(true)
    expect(await alans.lease('reply:message-1', 'two', 30_000)).toBe(false)
    expect(await adas.clear()).toBe(0)
  })

  it('clears nobody without error', async () => {
    const store = await open()
    expect(await store.forUser(ada).clear()).toBe(0)
  })

  it('begins anew after all was cleared', async () => {
    const memories = (await open()).forUser(ada)
    const first = asked('I drink tea', 'message-1')
    await save(memories, first)
    expect(await recalled(memories, 'drink')).toEqual([first.id])
    await memories.clear()
    const second = asked('I drink coffee', 'message-1')
    await save(memories, second)
    expect(await recalled(memories, 'drink')).toEqual([second.id])
    expect(await listed(memories)).toEqual([second.id])
    expect(await saidUnder(memories, 'message-1')).toEqual({ message: second })
  })
}

const NOTHING = { listed: [], recalled: [], speakers: [], conversations: [], turn: {}, window: [] }

async function everything(memories: UserMemories) {
  return {
    listed: await listed(memories),
    recalled: await recalled(memories, 'drink'),
    speakers: await memories.speakers(),
    conversations: await memories.conversations({ limit: 9 }),
    turn: await saidUnder(memories, 'message-1'),
    window: await memories.conversation('default', { limit: 9 }),
  }
}
