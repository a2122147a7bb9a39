import { expect } from 'vitest'
import { ada, idsOf, listed, recalled, said, save, type Suite } from './suite.ts'

export function describeConversations({ it, open }: Suite) {
  it('gives the last turns of a conversation, oldest first', async () => {
    const memories = (await open()).forUser(ada)
    const turns = Array.from({ length: 5 }, (_, at) =>
      said(`Turn ${at}`, { conversationId: 'trip', role: at % 2 ? 'assistant' : 'user' }),
    )
    await save(memories, said('Elsewhere', { conversationId: 'tri' }), ...turns.toReversed())
    await save(memories, said('In none'), said('Elsewhere', { conversationId: 'trip2' }))
    expect(await memories.conversation('trip', { limit: 10 })).toEqual(turns)
    expect(idsOf(await memories.conversation('trip', { limit: 2 }))).toEqual(idsOf(turns.slice(3)))
    expect(await memories.conversation('none', { limit: 10 })).toEqual([])
  })

  it('goes back from a turn that it does not repeat', async () => {
    const memories = (await open()).forUser(ada)
    const ts = new Date('2026-02-03T04:05:06.007Z')
    const turns = Array.from({ length: 5 }, () => said('Turn', { conversationId: 'trip', ts }))
    await save(memories, ...turns)
    const before = (at: number) =>
      memories.conversation('trip', { limit: 2, before: turns[at]!.id }).then(idsOf)
    expect(await before(4)).toEqual(idsOf(turns.slice(2, 4)))
    expect(await before(1)).toEqual(idsOf(turns.slice(0, 1)))
    expect(await before(0)).toEqual([])
  })

  it('goes back from where a turn was that is deleted since', async () => {
    const memories = (await open()).forUser(ada)
    const turns = Array.from({ length: 4 }, (_, at) =>
      said(`Turn ${at}`, { conversationId: 'trip' }),
    )
    await save(memories, ...turns)
    await memories.delete(turns[2]!.id)
    const window = await memories.conversation('trip', { limit: 9, before: turns[2]!.id })
    expect(idsOf(window)).toEqual(idsOf(turns.slice(0, 2)))
  })

  it('shows each reach where it belongs', async () => {
    const memories = (await open()).forUser(ada)
    const [found, shown, kept] = (['recall', 'list', 'history'] as const).map((reach) =>
      said('I only drink tea', { reach, conversationId: 'tea' }),
    )
    await save(memories, found!, shown!, kept!)
    expect(await recalled(memories, 'tea')).toEqual([found!.id])
    expect(await listed(memories)).toEqual(idsOf([shown!, found!]))
    expect(await memories.conversation('tea', { limit: 9 })).toEqual([found, shown, kept])
    expect(await memories.conversations({ limit: 9 })).toMatchObject([{ id: 'tea', turns: 3 }])
    expect(await memories.get(kept!.id)).toEqual(kept)
  })

  it('sums up conversations, the one with the newest turn first', async () => {
    const memories = (await open()).forUser(ada)
    const trip = { conversationId: 'trip' }
    const [tripFirst, tripAnswer] = [
      said('To Lisbon?', trip),
      said('Yes.', { ...trip, role: 'assistant' }),
    ]
    const tea = said('Which tea?', { conversationId: 'tea' })
    const tripLast = said('When?', trip)
    await save(memories, tripLast, tea, said('In none'), tripAnswer, tripFirst)
    const summaries = await memories.conversations({ limit: 10 })
    expect(summaries).toEqual([
      { id: 'trip', title: 'To Lisbon?', turns: 3, newestAt: tripLast.ts, newestRole: 'user' },
      { id: 'tea', title: 'Which tea?', turns: 1, newestAt: tea.ts, newestRole: 'user' },
    ])
    expect(await memories.conversations({ limit: 1 })).toEqual(summaries.slice(0, 1))
    await save(memories, said('Green.', { conversationId: 'tea', role: 'assistant' }))
    expect(await memories.conversations({ limit: 1 })).toMatchObject([
      { id: 'tea', turns: 2, newestRole: 'assistant' },
    ])
  })

  it('calls a conversation by its first message, or what was said first where there is none', async () => {
    const memories = (await open()).forUser(ada)
    const greeting = said('Hello, who are you?', { conversationId: 'c', role: 'assistant' })
    await save(memories, greeting)
    expect(await memories.conversations({ limit: 1 })).toMatchObject([{ title: greeting.text }])
    await save(
      memories,
      said('I am Ada.', { conversationId: 'c' }),
      said('Hi.', { conversationId: 'c' }),
    )
    expect(await memories.conversations({ limit: 1 })).toMatchObject([{ title: 'I am Ada.' }])
  })

  it('deletes a conversation and nothing else, and says how many turns it had', async () => {
    const memories = (await open()).forUser(ada)
    const turns = ['recall', 'list', 'history'].map((reach) =>
      said('I only drink tea', { conversationId: 'tea', reach: reach as 'recall' }),
    )
    const others = [said('I drink tea alone'), said('Green tea', { conversationId: 'tea2' })]
    await save(memories, ...turns, ...others)
    expect(await recalled(memories, 'tea')).toContain(turns[0]!.id)
    expect(await memories.deleteConversation('tea')).toBe(3)
    expect(await memories.conversation('tea', { limit: 9 })).toEqual([])
    for (const { id } of turns) expect(await memories.get(id)).toBeUndefined()
    expect(new Set(await recalled(memories, 'tea'))).toEqual(new Set(idsOf(others)))
    expect(await memories.conversations({ limit: 9 })).toMatchObject([{ id: 'tea2' }])
    expect(await memories.deleteConversation('tea')).toBe(0)
    expect(await memories.deleteConversation('none')).toBe(0)
  })
}
