import { expect } from 'vitest'
import { unit } from './recall.ts'
import {
  ada,
  alan,
  asked,
  idsOf,
  recalled,
  said,
  save,
  SMALL_TALK,
  SOON,
  type Suite,
} from './suite.ts'

export function describeEditing({ it, open, clock }: Suite) {
  it('changes what is given and leaves the rest', async () => {
    const memories = (await open()).forUser(ada)
    const before = asked('I only drink tea', 'message-1', { tags: ['drinks'], speaker: 'Ada' })
    await save(memories, before)
    clock.now = new Date('2026-03-05T10:00:00Z')
    const pinned = await memories.update(before.id, { pinned: true })
    expect(pinned).toEqual({ ...before, pinned: true })
    const edited = await memories.update(before.id, { text: 'I only drink coffee' })
    expect(edited).toEqual({
      ...before,
      pinned: true,
      text: 'I only drink coffee',
      editedAt: clock.now,
    })
    const tagged = await memories.update(before.id, { tags: [] })
    expect(tagged).toMatchObject({ tags: [], pinned: true, text: 'I only drink coffee' })
    await expect.poll(() => memories.get(before.id), SOON).toEqual(tagged)
  })

  it('recalls an edited memory by its new words, tags and vectors', async () => {
    const memories = (await open()).forUser(ada)
    const talk = SMALL_TALK.map((text) => said(text))
    await memories.save(talk.map((memory, at) => ({ memory, vectors: [unit(at + 1)] })))
    const drink = said('I only drink tea', { tags: ['tea'] })
    await memories.save([{ memory: drink, vectors: [unit(0)] }])
    await expect.poll(() => recalled(memories, 'tea', { tags: ['tea'] }), SOON).toEqual([drink.id])
    await memories.update(drink.id, {
      text: 'Sencha is fine',
      tags: ['sencha'],
      vectors: [unit(7)],
    })
    const best = (text: string, embedding: Float32Array) =>
      recalled(memories, text, { limit: 1, embedding })
    await expect.poll(() => best('sencha', unit(6)), SOON).toEqual([drink.id])
    await expect.poll(() => best('beverage', unit(7)), SOON).toEqual([drink.id])
    expect(await best('beverage', unit(2))).toEqual([talk[1]!.id])
    expect(await recalled(memories, 'tea', { tags: ['tea'] })).toEqual([])
    expect(await recalled(memories, 'tea', { tags: ['sencha'] })).toEqual([drink.id])
  })

  it('forgets the vectors of a text that is edited without new ones', async () => {
    const memories = (await open()).forUser(ada)
    const talk = SMALL_TALK.map((text) => said(text))
    await memories.save(talk.map((memory, at) => ({ memory, vectors: [unit(at + 1)] })))
    const drink = said('I only drink tea')
    await memories.save([{ memory: drink, vectors: [unit(0)] }])
    const best = () => recalled(memories, 'beverage umbrella', { limit: 1, embedding: unit(0) })
    await expect.poll(best, SOON).toEqual([drink.id])
    await memories.update(drink.id, { text: 'Sencha is fine' })
    await expect.poll(best, SOON).toEqual([talk[3]!.id])
  })

  it('changes nothing that is not there or belongs to another user', async () => {
    const store = await open()
    const memory = said('I only drink tea')
    await save(store.forUser(alan), memory)
    expect(await store.forUser(ada).update(memory.id, { text: 'Coffee' })).toBeUndefined()
    expect(await store.forUser(alan).update(said('').id, { text: 'Coffee' })).toBeUndefined()
    expect(await store.forUser(alan).get(memory.id)).toEqual(memory)
    expect(await store.forUser(alan).update(memory.id, { text: 'Coffee' })).toBeDefined()
  })

  it('keeps its place in list and conversation when a memory is edited', async () => {
    const memories = (await open()).forUser(ada)
    const turns = ['one', 'two', 'three'].map((text) => said(text, { conversationId: 'c' }))
    await save(memories, ...turns)
    await memories.update(turns[1]!.id, { text: 'zwei' })
    expect(idsOf(await memories.conversation('c', { limit: 9 }))).toEqual(idsOf(turns))
    expect(idsOf((await memories.list({ limit: 9 })).memories)).toEqual(idsOf(turns.toReversed()))
  })
}
