import { expect } from 'vitest'
import { ada, idsOf, recalled, said, save, SMALL_TALK, SOON, type Suite } from './suite.ts'

const DIMENSION = 8

export function describeRecall({ it, open }: Suite) {
  it('recalls what fits the question best, first, as many as are asked for', async () => {
    const memories = (await open()).forUser(ada)
    const tea = said('I only drink green tea')
    await save(memories, ...SMALL_TALK.map((text) => said(text)), tea, said('So do my friends'))
    await expect
      .poll(() => recalled(memories, 'Which tea do I drink?', { limit: 3 }), SOON)
      .toHaveLength(3)
    expect((await recalled(memories, 'Which tea do I drink?'))[0]).toBe(tea.id)
    expect(await recalled(memories, 'Which tea do I drink?', { limit: 0 })).toEqual([])
  })

  it('gives each memory whole, with a score from 0 to 1 and its parts', async () => {
    const memories = (await open()).forUser(ada)
    const tea = said('I only drink green tea', { tags: ['drinks'], speaker: 'Ada' })
    await save(memories, ...SMALL_TALK.map((text) => said(text)), tea)
    const found = await memories.recall({
      text: 'green tea',
      at: new Date(),
      limit: 9,
      scoreThreshold: 0,
    })
    expect(found[0]?.memory).toEqual(tea)
    for (const { score, why } of found) {
      expect(score).toBeGreaterThanOrEqual(0)
      expect(score).toBeLessThanOrEqual(1)
      for (const part of Object.values(why)) expect(part).toBeTypeOf('number')
    }
    const scores = found.map(({ score }) => score)
    expect(scores.toSorted((a, b) => b - a)).toEqual(scores)
  })

  it('recalls nothing for a user who said nothing', async () => {
    const store = await open()
    expect(await recalled(store.forUser(ada), 'Which tea do I drink?')).toEqual([])
    expect(await store.forUser(ada).speakers()).toEqual([])
  })

  it('recalls by vector what shares no word with the question', async () => {
    const memories = (await open()).forUser(ada)
    const talk = SMALL_TALK.map((text) => said(text))
    await memories.save(talk.map((memory, at) => ({ memory, vectors: [unit(at + 1)] })))
    const tea = said('Sencha, every morning')
    await memories.save([{ memory: tea, vectors: [unit(0)] }])
    const best = (embedding?: Float32Array) =>
      recalled(memories, 'favourite beverage', { limit: 1, embedding })
    await expect.poll(() => best(unit(0)), SOON).toEqual([tea.id])
    expect(await best(unit(3))).toEqual([talk[2]!.id])
  })

  it('finds a memory of several passages by any of their vectors', async () => {
    const memories = (await open()).forUser(ada)
    const sentence = `${'word '.repeat(60)}end. `
    const long = said(sentence.repeat(5)) // 305 characters each, so one to a passage.
    await memories.save([{ memory: long, vectors: [1, 1, 7, 1, 1].map(unit) }])
    await memories.save(
      SMALL_TALK.map((text, at) => ({ memory: said(text), vectors: [unit(at + 1)] })),
    )
    await expect
      .poll(() => recalled(memories, 'beverage', { limit: 1, embedding: unit(7) }), SOON)
      .toEqual([long.id])
  })

  it('recalls by its words a memory that has no vectors', async () => {
    const memories = (await open()).forUser(ada)
    await memories.save(
      SMALL_TALK.map((text, at) => ({ memory: said(text), vectors: [unit(at + 1)] })),
    )
    const tea = said('I only drink green tea')
    await save(memories, tea)
    await expect
      .poll(() => recalled(memories, 'green tea', { limit: 1, embedding: unit(0) }), SOON)
      .toEqual([tea.id])
  })

  it('never recalls what the question excludes', async () => {
    const memories = (await open()).forUser(ada)
    const [tea, coffee] = [said('I only drink tea'), said('I never drink coffee')]
    await save(memories, tea, coffee)
    expect(new Set(await recalled(memories, 'drink'))).toEqual(new Set(idsOf([tea, coffee])))
    expect(await recalled(memories, 'drink', { exclude: [tea.id, 'unknown'] })).toEqual([coffee.id])
  })

  it('recalls what has any of the tags, and all where none is asked for', async () => {
    const memories = (await open()).forUser(ada)
    const [a, b, ab, none] = [['a'], ['b'], ['a', 'b'], []].map((tags) =>
      said('I drink tea', { tags }),
    )
    await save(memories, a!, b!, ab!, none!)
    const tagged = async (...tags: string[]) => new Set(await recalled(memories, 'tea', { tags }))
    expect(await tagged()).toEqual(new Set(idsOf([a!, b!, ab!, none!])))
    expect(await tagged('a')).toEqual(new Set(idsOf([a!, ab!])))
    expect(await tagged('a', 'b', 'c')).toEqual(new Set(idsOf([a!, b!, ab!])))
    expect(await tagged('A')).toEqual(new Set())
  })

  it('names the speakers of what recall may find, each once', async () => {
    const memories = (await open()).forUser(ada)
    const grace = said('Hello', { speaker: 'Grace' })
    await save(memories, grace, said('Hi', { speaker: 'Lin' }), said('Again', { speaker: 'Lin' }))
    await save(memories, said('Not this one', { speaker: 'Hidden', reach: 'list' }), said('Nobody'))
    expect(new Set(await memories.speakers())).toEqual(new Set(['Grace', 'Lin']))
    await memories.delete(grace.id)
    expect(await memories.speakers()).toEqual(['Lin'])
  })
}

/** Vectors of different numbers have nothing in common. */
export function unit(number: number): Float32Array {
  const vector = new Float32Array(DIMENSION)
  vector[number] = 1
  return vector
}
