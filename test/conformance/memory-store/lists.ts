import { expect } from 'vitest'
import type { UserMemories } from '../../../lib/memory/store.ts'
import { ada, alan, idsOf, listed, said, save, type Suite } from './suite.ts'

export function describeLists({ it, open }: Suite) {
  it('lists the newest first, whatever was saved first', async () => {
    const memories = (await open()).forUser(ada)
    const [first, second, third] = [said('one'), said('two'), said('three')]
    await save(memories, second)
    await save(memories, third, first)
    expect(await listed(memories)).toEqual(idsOf([third, second, first]))
  })

  it('lists what only its conversation shows apart from the others, where it is asked for', async () => {
    const memories = (await open()).forUser(ada)
    const kept = Array.from({ length: 3 }, (_, at) => said(`Kept ${at}`, { reach: 'history' }))
    const shown = [said('Found'), said('Listed', { reach: 'list' })]
    await save(memories, ...kept, ...shown)
    expect(await listed(memories)).toEqual(idsOf(shown.toReversed()))
    const first = await memories.list({ limit: 2, reach: 'history' })
    const { nextCursor: cursor } = first
    const second = await memories.list({ limit: 2, reach: 'history', cursor })
    expect(idsOf([...first.memories, ...second.memories])).toEqual(idsOf(kept.toReversed()))
    expect(second.nextCursor).toBeUndefined()
  })

  it('lists memories of one time by their ids', async () => {
    const memories = (await open()).forUser(ada)
    const ts = new Date('2026-02-03T04:05:06.007Z')
    const twins = Array.from({ length: 6 }, () => said('At once', { ts }))
    await save(memories, ...twins.toReversed())
    expect(await listed(memories)).toEqual(idsOf(twins.toReversed()))
    expect(await pages(memories, 4)).toEqual([
      idsOf(twins.toReversed()).slice(0, 4),
      idsOf(twins.toReversed()).slice(4),
    ])
  })

  it('goes through all in pages, and says when there is no other', async () => {
    const memories = (await open()).forUser(ada)
    const all = Array.from({ length: 7 }, (_, at) => said(`Memory number ${at}`))
    await save(memories, ...all)
    const newestFirst = idsOf(all.toReversed())
    expect(await pages(memories, 3)).toEqual([
      newestFirst.slice(0, 3),
      newestFirst.slice(3, 6),
      newestFirst.slice(6),
    ])
    expect(await pages(memories, 7)).toEqual([newestFirst])
    expect((await memories.list({ limit: 7 })).nextCursor).toBeUndefined()
  })

  it('neither repeats nor skips what stays, while others come and go between two pages', async () => {
    const memories = (await open()).forUser(ada)
    const all = Array.from({ length: 6 }, (_, at) => said(`Memory number ${at}`))
    await save(memories, ...all)
    const first = await memories.list({ limit: 2 })
    await memories.delete(all[4]!.id) // The last of the page: its place still counts.
    await memories.delete(all[3]!.id)
    await save(memories, said('Newer than all'))
    const second = await memories.list({ limit: 2, cursor: first.nextCursor })
    expect(idsOf(first.memories)).toEqual(idsOf([all[5]!, all[4]!]))
    expect(idsOf(second.memories)).toEqual(idsOf([all[2]!, all[1]!]))
  })

  it('refuses the cursor of another user and what never was one', async () => {
    const store = await open()
    const memories = store.forUser(ada)
    await save(memories, said('one'), said('two'))
    await save(store.forUser(alan), said('three'), said('four'))
    const { nextCursor } = await store.forUser(alan).list({ limit: 1 })
    expect(nextCursor).toBeTypeOf('string')
    for (const cursor of [nextCursor!, 'made-up', `${nextCursor!}x`, '']) {
      await expect(memories.list({ limit: 1, cursor })).rejects.toMatchObject({ status: 422 })
    }
  })

  it('lists nothing for a user who said nothing', async () => {
    const memories = (await open()).forUser(ada)
    expect(await memories.list({ limit: 10 })).toEqual({ memories: [], nextCursor: undefined })
  })
}

async function pages(memories: UserMemories, limit: number): Promise<string[][]> {
  const found: string[][] = []
  let cursor: string | undefined
  do {
    const page = await memories.list({ limit, cursor })
    found.push(idsOf(page.memories))
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return found
}
