import { expect } from 'vitest'
import type { UserId } from '../../../lib/memory/memory.ts'
import { ada, alan, asked, listed, recalled, said, saidUnder, save, type Suite } from './suite.ts'

export function describeIsolation({ it, open }: Suite) {
  it('shows nothing of one user to another, by any method', async () => {
    const store = await open()
    const [adas, alans] = [store.forUser(ada), store.forUser(alan)]
    const tea = asked('I only drink tea', 'message-1', { speaker: 'Grace', tags: ['drinks'] })
    await save(adas, tea)
    expect(await recalled(adas, 'drink tea')).toEqual([tea.id])
    expect(await alans.get(tea.id)).toBeUndefined()
    expect(await listed(alans)).toEqual([])
    expect(await alans.conversation('default', { limit: 9 })).toEqual([])
    expect(await alans.conversations({ limit: 9 })).toEqual([])
    expect(await saidUnder(alans, 'message-1')).toEqual({})
    expect(await alans.speakers()).toEqual([])
    expect(await recalled(alans, 'drink tea', { tags: ['drinks'] })).toEqual([])
  })

  it('knows whose an id is, where it can tell', async () => {
    const store = await open()
    const [adas, alans] = [said('Ada’s'), said('Alan’s')]
    await save(store.forUser(ada), adas)
    await save(store.forUser(alan), alans)
    const memories = store.forUser(ada)
    if (!memories.ownedByOthers) return
    const found = await memories.ownedByOthers([adas.id, alans.id, said('Nobody’s').id])
    expect([...found]).toEqual([alans.id])
  })

  it('changes nothing of one user through another, by any method', async () => {
    const store = await open()
    const [adas, alans] = [store.forUser(ada), store.forUser(alan)]
    const tea = asked('I only drink tea', 'message-1')
    await save(adas, tea)
    await save(alans, asked('Mine', 'message-2', { conversationId: 'mine' }))
    expect(await alans.delete(tea.id)).toBe(false)
    expect(await alans.update(tea.id, { text: 'Changed', pinned: true })).toBeUndefined()
    expect(await alans.deleteConversation('default')).toBe(0)
    expect(await alans.clear()).toBe(1)
    expect(await adas.get(tea.id)).toEqual(tea)
    expect(await recalled(adas, 'drink tea')).toEqual([tea.id])
  })

  it('gives each user a memory of their own under an id that another has', async () => {
    const store = await open()
    const [adas, alans] = [store.forUser(ada), store.forUser(alan)]
    const tea = asked('I only drink tea', 'message-1')
    await save(adas, tea)
    const turn = { messageId: 'message-2', state: 'complete' as const }
    const coffee = { ...tea, text: 'I only drink coffee', turn }
    await save(alans, coffee)
    await alans.updateTurn({ memory: { ...coffee, text: 'I never drink coffee' } })
    expect((await alans.get(tea.id))?.text).toBe('I never drink coffee')
    expect(await adas.get(tea.id)).toEqual(tea)
    await alans.delete(tea.id)
    expect(await adas.get(tea.id)).toEqual(tea)
  })

  it('does not go by another user’s memory when it looks back in a conversation', async () => {
    const store = await open()
    const [adas, alans] = [store.forUser(ada), store.forUser(alan)]
    const mine = asked('Mine', 'message-1')
    const theirs = asked('Theirs', 'message-2')
    await save(adas, mine)
    await save(alans, theirs)
    const window = await adas.conversation('default', { limit: 9, before: theirs.id })
    expect(window.every(({ id }) => id === mine.id)).toBe(true)
  })

  it('tells users apart whose names look alike', async () => {
    const store = await open()
    const names = [
      'ada',
      'Ada',
      'ADA',
      'ada1',
      'ada.',
      'ad_',
      'a',
      'u_ada',
      'ada@host',
      'ada-',
      '1',
    ]
    const users = names.map((name) => store.forUser(name as UserId))
    for (const [at, user] of users.entries()) await save(user, said(`I am ${names[at]}`))
    for (const [at, user] of users.entries()) {
      const { memories } = await user.list({ limit: 20 })
      expect(memories.map(({ text }) => text)).toEqual([`I am ${names[at]}`])
      expect(await recalled(user, 'I am')).toEqual(memories.map(({ id }) => id))
    }
    expect(await users[0]!.clear()).toBe(1)
    for (const user of users.slice(1)) expect(await listed(user)).toHaveLength(1)
  })

  it('finds nothing under what only resembles an id', async () => {
    const memories = (await open()).forUser(ada)
    const { id } = said('')
    const tea = said('I only drink tea', { id })
    await save(memories, tea)
    for (const other of ['', '%', '*', id.slice(0, -1), `${id} `, id.toUpperCase(), `${id}'--`]) {
      if (other === id) continue
      expect(await memories.get(other)).toBeUndefined()
      expect(await memories.delete(other)).toBe(false)
      expect(await memories.update(other, { pinned: true })).toBeUndefined()
    }
    expect(await memories.get(id)).toEqual(tea)
  })
}
