import { describe, expect, it } from 'vitest'
import { said } from '../../../test/conformance/memory-store/suite.ts'
import { assertContract } from '../../../test/emulators/contract.ts'
import { startPineconeEmulator } from '../../../test/emulators/pinecone.ts'
import { openPineconeStore, testVector } from '../../../test/fixtures/pinecone-store.ts'
import type { Memory, UserId } from '../memory.ts'
import { passages } from '../passages.ts'
import { recordId, slices } from './records.ts'

const ada = 'ada' as UserId

const vectorsOf = ({ text }: Memory) => passages(text).map((passage) => testVector(passage, 8))

/** What one user's records are after some work. */
async function recordsAfter(
  work: (memories: ReturnType<ReturnType<typeof openPineconeStore>['forUser']>) => Promise<unknown>,
) {
  const emulator = await startPineconeEmulator()
  const store = openPineconeStore({ emulator, file: undefined })
  await work(store.forUser(ada))
  await store.close()
  const stored = emulator.stored('memories')
  await emulator.close()
  assertContract(emulator)
  return {
    all: stored,
    of: (memory: Memory, passage = 0) =>
      stored.find(({ id }) => id === recordId(ada, memory.id, passage))!,
  }
}

/** Half a turn, half that turn together with the one before it. */
function blend(own: Float32Array, before: Float32Array): number[] {
  const sum = own.map((value, at) => value + before[at]!)
  const length = Math.hypot(...sum)
  return Array.from(own, (value, at) => Math.fround((value + sum[at]! / length) / 2))
}

const near = (values: readonly number[], wanted: readonly number[]) =>
  expect(values.map((value) => value.toFixed(5))).toEqual(wanted.map((value) => value.toFixed(5)))

const talk = (...texts: string[]) => texts.map((text) => said(text, { conversationId: 'trip' }))

describe('the records of a memory', () => {
  it('are named and described as documented', async () => {
    const tea = said('I only drink tea', {
      tags: ['drinks'],
      conversationId: 'default',
      turn: { messageId: 'message-1', state: 'complete' },
    })
    const { all, of } = await recordsAfter((memories) =>
      memories.save([{ memory: tea, vectors: vectorsOf(tea) }]),
    )
    const time = String(Math.floor(tea.ts.getTime())).padStart(15, '0')
    expect(of(tea).id).toBe(`ada:${time}:${tea.id}`)
    expect(of(tea).namespace).toBe('u_ada')
    expect(of(tea).metadata).toMatchObject({
      user_id: 'ada',
      role: 'user',
      text: 'I only drink tea',
      ts: tea.ts.getTime(),
      tags: ['drinks'],
      conversation_id: 'default',
      embedded: true,
      last: true,
    })
    expect(of(tea).sparseValues!.indices).toHaveLength(5) // drink, tea, and the day with its month and year.
    expect(all.map(({ id }) => id)).toEqual([of(tea).id, 'ada:conversation:default'])
  })

  it('hold a long text to the last space, each below the limit of metadata', async () => {
    const text = `  ${'A sentence of some length, \t to be cut. '.repeat(700)}\n\n`
    expect(slices(text).join('')).toBe(text)
    const long = said(text, { tags: Array.from({ length: 16 }, (_, at) => `${at}`.repeat(32)) })
    const { all } = await recordsAfter(async (memories) => {
      await memories.save([{ memory: long, vectors: vectorsOf(long) }])
      expect((await memories.get(long.id))?.text).toBe(text)
      const [found] = await memories.recall({ text: 'sentence', at: new Date(), limit: 1 })
      expect(found?.memory.text).toBe(text)
    })
    expect(all.length).toBeGreaterThan(40)
    for (const { metadata } of all) {
      expect(Buffer.byteLength(JSON.stringify(metadata))).toBeLessThan(40_960)
    }
  })

  it('are refused, nothing stored, where one would not fit', async () => {
    const { all } = await recordsAfter(async (memories) => {
      const wide = said(`Far${'\u3000'.repeat(14_000)}apart`)
      const refused = memories.save([{ memory: said('Fine') }, { memory: wide }])
      await expect(refused).rejects.toMatchObject({ status: 422 })
      const odd = said('Odd')
      for (const vector of [new Float32Array(8).fill(NaN), new Float32Array(7).fill(1)]) {
        await expect(memories.save([{ memory: odd, vectors: [vector] }])).rejects.toThrow(
          /no number|vectors of 8/,
        )
      }
    })
    expect(all).toEqual([])
  })

  it('stand for what no embedder knew: a vector of nothing is near nothing', async () => {
    const strange = said('Xyzzy')
    const { of } = await recordsAfter(async (memories) => {
      await memories.save([{ memory: strange, vectors: [new Float32Array(8)] }])
      const query = { text: 'xyzzy', at: new Date(), limit: 3, scoreThreshold: 0 }
      expect(await memories.recall(query)).toHaveLength(1)
    })
    expect(Math.max(...of(strange).values.map(Math.abs))).toBeLessThan(1e-5)
  })

  it('are as many as a shorter text needs, once it is edited', async () => {
    const long = said('A sentence of some length to be cut. '.repeat(50))
    const { all, of } = await recordsAfter(async (memories) => {
      await memories.save([{ memory: long, vectors: vectorsOf(long) }])
      await memories.update(long.id, { text: 'Short' })
    })
    expect(all.map(({ id }) => id)).toEqual([of(long).id])
  })
})

describe('the turns of a sitting', () => {
  it('hold part of the turn before, and the last one says so', async () => {
    const [first, second, third] = talk('Where did you meet?', 'In Lisbon', 'When?') as [
      Memory,
      Memory,
      Memory,
    ]
    const later = said('Next day', {
      conversationId: 'trip',
      ts: new Date(third.ts.getTime() + 7 * 60 * 60 * 1_000),
    })
    const { of } = await recordsAfter(async (memories) => {
      for (const memory of [first, second, third, later]) {
        await memories.save([{ memory, vectors: vectorsOf(memory) }])
      }
    })
    near(of(first).values, [...vectorsOf(first)[0]!])
    near(of(second).values, blend(vectorsOf(second)[0]!, vectorsOf(first)[0]!))
    near(of(later).values, [...vectorsOf(later)[0]!])
    expect([first, second, third, later].map((turn) => of(turn).metadata['prev'])).toEqual([
      undefined,
      first.id,
      second.id,
      undefined,
    ])
    expect([first, second, third, later].map((turn) => of(turn).metadata['last'])).toEqual([
      false,
      false,
      true,
      true,
    ])
  })

  it('forget a deleted turn, also in the vector of the one behind it', async () => {
    for (const isKnownHere of [true, false]) {
      const turns = talk('Where did you meet?', 'My secret is xyzzy', 'When was it?')
      const [first, secret, third] = turns as [Memory, Memory, Memory]
      const emulator = await startPineconeEmulator()
      const store = openPineconeStore({ emulator, file: undefined })
      for (const memory of turns) {
        await store.forUser(ada).save([{ memory, vectors: vectorsOf(memory) }])
      }
      // Another process knows nothing but what Pinecone has: it asks the embedder again.
      const other = isKnownHere ? store : openPineconeStore({ emulator, file: undefined })
      await other.forUser(ada).delete(secret.id)
      const stored = emulator.stored('memories')
      const behind = stored.find(({ id }) => id === recordId(ada, third.id))!
      near(behind.values, blend(vectorsOf(third)[0]!, vectorsOf(first)[0]!))
      expect(behind.metadata['prev']).toBe(first.id)
      expect(JSON.stringify(stored)).not.toMatch(new RegExp(`xyzzy|${secret.id}`))
      await Promise.all([store.close(), other.close()])
      await emulator.close()
      assertContract(emulator)
    }
  })

  it('follow one that is edited, comes late, or is deleted as the last', async () => {
    const [first, late, third, last] = talk('One', 'Two comes late', 'Three', 'Four') as [
      Memory,
      Memory,
      Memory,
      Memory,
    ]
    const edited = { ...first, text: 'One, edited' }
    const { of } = await recordsAfter(async (memories) => {
      for (const memory of [first, third, last, late]) {
        await memories.save([{ memory, vectors: vectorsOf(memory) }])
      }
      await memories.update(first.id, { text: edited.text, vectors: vectorsOf(edited) })
      await memories.delete(last.id)
    })
    expect(of(late).metadata).toMatchObject({ prev: first.id, last: false })
    expect(of(third).metadata).toMatchObject({ prev: late.id, last: true })
    near(of(late).values, blend(vectorsOf(late)[0]!, vectorsOf(edited)[0]!))
    near(of(third).values, blend(vectorsOf(third)[0]!, vectorsOf(late)[0]!))
    expect(of(last)).toBeUndefined()
  })
})
