import { expect } from 'vitest'
import { unit } from './recall.ts'
import {
  ada,
  asked,
  idsOf,
  listed,
  recalled,
  said,
  saidUnder,
  save,
  SMALL_TALK,
  SOON,
  type Suite,
} from './suite.ts'

export function describeSharing({ it, open, reopen }: Suite) {
  it('has everything again after it was closed', async () => {
    const first = await open()
    const tea = asked('Sencha, every morning', 'message-1', { tags: ['drinks'], speaker: 'Grace' })
    const talk = SMALL_TALK.map((text, at) => ({ memory: said(text), vectors: [unit(at + 1)] }))
    await first.forUser(ada).save([{ memory: tea, vectors: [unit(0)] }, ...talk])
    await first.forUser(ada).lease('reply:1', 'one', 30_000)
    await first.close()
    const memories = (await reopen(first)).forUser(ada)
    await expect.poll(() => memories.get(tea.id), SOON).toEqual(tea)
    expect(await listed(memories)).toHaveLength(6)
    expect(await saidUnder(memories, 'message-1')).toEqual({ message: tea })
    expect(await memories.lease('reply:1', 'two', 30_000)).toBe(false)
    const best = recalled(memories, 'beverage', { limit: 1, embedding: unit(0) })
    expect(await best).toEqual([tea.id])
  })

  it('shows at once what another store on the same place writes', async () => {
    const first = await open()
    const [here, there] = [first.forUser(ada), (await reopen(first)).forUser(ada)]
    const tea = asked('I only drink tea', 'message-1')
    await save(here, tea)
    expect(await recalled(here, 'drink')).toEqual([tea.id])
    expect(await recalled(there, 'drink')).toEqual([tea.id])
    const coffee = said('And I drink coffee', { speaker: 'Grace' })
    await save(there, coffee)
    await expect.poll(() => recalled(here, 'coffee', { limit: 1 }), SOON).toEqual([coffee.id])
    expect(await here.speakers()).toEqual(['Grace'])
    expect(await listed(here)).toEqual(idsOf([coffee, tea]))
    expect(await saidUnder(there, 'message-1')).toEqual({ message: tea })
  })

  it('shows at once what another store on the same place edits', async () => {
    const first = await open()
    const [here, there] = [first.forUser(ada), (await reopen(first)).forUser(ada)]
    const drink = said('I only drink tea', { tags: ['tea'] })
    await save(here, ...SMALL_TALK.map((text) => said(text)), drink)
    expect(await recalled(here, 'tea', { tags: ['tea'] })).toEqual([drink.id])
    await there.update(drink.id, { text: 'Sencha is fine', tags: ['sencha'] })
    await expect.poll(() => recalled(here, 'sencha', { limit: 1 }), SOON).toEqual([drink.id])
    expect(await recalled(here, 'tea', { tags: ['tea'] })).toEqual([])
    expect((await here.get(drink.id))?.text).toBe('Sencha is fine')
  })

  it('no longer shows what another store on the same place deletes', async () => {
    const first = await open()
    const [here, there] = [first.forUser(ada), (await reopen(first)).forUser(ada)]
    const [tea, coffee, water] = ['tea', 'coffee', 'water'].map((drink) =>
      said(`I drink ${drink}`, { conversationId: drink }),
    )
    await save(here, tea!, coffee!, water!)
    expect(await recalled(here, 'drink')).toHaveLength(3)
    await there.delete(tea!.id)
    await expect.poll(() => recalled(here, 'drink'), SOON).toHaveLength(2)
    await here.deleteConversation('coffee')
    await expect.poll(() => recalled(there, 'drink'), SOON).toEqual([water!.id])
    await there.clear()
    await expect.poll(() => recalled(here, 'drink'), SOON).toEqual([])
    expect(await listed(here)).toEqual([])
    await save(here, tea!)
    await expect.poll(() => recalled(there, 'drink'), SOON).toEqual([tea!.id])
  })

  it('is well, and costs nothing to ask', async () => {
    const store = await open()
    expect(await store.status()).toMatchObject({ status: 'ok' })
  })

  it('closes after the last write is durable, and again without error', async () => {
    const first = await open()
    const memories = Array.from({ length: 20 }, (_, at) => said(`Memory number ${at}`))
    await Promise.all(memories.map((memory) => first.forUser(ada).save([{ memory }])))
    await first.close()
    await first.close()
    const again = await reopen(first)
    await expect.poll(() => listed(again.forUser(ada)), SOON).toHaveLength(20)
  })
}
