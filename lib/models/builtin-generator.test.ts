import { describe, expect, it } from 'vitest'
import type { Prompt, PromptMemory } from '../chat/prompt.ts'
import { createBuiltInGenerator } from './builtin-generator.ts'

describe('the built-in generator', () => {
  const at = new Date('2026-11-20T12:00:00Z')
  const prompt = { message: 'I sail a sloop.', recalled: [], recent: [], at } as unknown as Prompt
  const piecesOf = async (wordMs: number, signal: AbortSignal) => {
    const pieces: string[] = []
    for await (const piece of createBuiltInGenerator({ wordMs }).generate(prompt, signal)) {
      if (piece.type === 'text') pieces.push(piece.text)
    }
    return pieces
  }

  it('says the same word by word, however long it waits before each', async () => {
    const { signal } = new AbortController()
    const pieces = await piecesOf(0, signal)
    expect(pieces.length).toBeGreaterThan(3)
    expect(await piecesOf(1, signal)).toEqual(pieces)
  })

  it('is stopped while it waits', async () => {
    const gone = new AbortController()
    const answering = piecesOf(3_600_000, gone.signal)
    gone.abort()
    await expect(answering).rejects.toMatchObject({ name: 'AbortError' })
  })

  const remembering = async (message: string, ...recalled: Partial<PromptMemory>[]) => {
    const memory = { role: 'user', ts: new Date('2026-03-01T12:00:00Z'), superseded: false }
    const asked = { message, recalled: recalled.map((each) => ({ ...memory, ...each })), at }
    const { signal } = new AbortController()
    let said = ''
    for await (const piece of createBuiltInGenerator().generate(
      asked as unknown as Prompt,
      signal,
    )) {
      if (piece.type === 'text') said += piece.text
    }
    return said
  }

  it('quotes what tells a time where a time is asked', async () => {
    const memories = [
      { text: 'We had a picnic at the lake.', score: 0.6 },
      { text: 'We even had a picnic last week.', score: 0.5 },
    ]
    expect(await remembering('When did we have a picnic?', ...memories)).toBe(
      'On 1 March 2026 you said: “We even had a picnic last week.”',
    )
    expect(await remembering('Where did we have a picnic?', ...memories)).toContain('at the lake')
    expect(
      await remembering('When?', { ...memories[0]!, score: 0.95 }, memories[1]!),
      'a much likelier one stands',
    ).toContain('at the lake')
  })

  it('tells of two where both are nearly as likely, each with its date', async () => {
    const walnuts = { text: 'I am allergic to walnuts.', score: 0.92 }
    const cats = { text: 'I am allergic to cat hair.', score: 0.85 }
    const ask = (...memories: Partial<PromptMemory>[]) =>
      remembering('What am I allergic to?', ...memories)
    expect(await ask(walnuts, cats, { text: 'And to wool.', score: 0.84 })).toBe(
      'On 1 March 2026 you said: “I am allergic to walnuts.” and “I am allergic to cat hair.”',
    )
    expect(await ask(walnuts, { ...cats, ts: at })).toBe(
      'On 1 March 2026 you said: “I am allergic to walnuts.”, and today you said: “I am allergic to cat hair.”',
    )
    expect(await ask({ ...walnuts, speaker: 'Ada' }, { ...cats, speaker: 'Grace' })).toBe(
      'On 1 March 2026 Ada said: “I am allergic to walnuts.”, and on 1 March 2026 Grace said: “I am allergic to cat hair.”',
    )
    const alone = 'On 1 March 2026 you said: “I am allergic to walnuts.”'
    expect(await ask(walnuts, { ...cats, score: 0.6 }), 'far less likely').toBe(alone)
    expect(await ask(walnuts, walnuts), 'said twice').toBe(alone)
  })

  it('prefers what says to what ends by asking, and never quotes what is replaced', async () => {
    const asking = { text: 'I love pottery. Do you?', score: 0.6 }
    const saying = { text: 'Pottery calms me.', score: 0.5 }
    expect(await remembering('Which craft?', asking, saying)).toContain('Pottery calms me.')
    expect(await remembering('Which craft?', asking)).toContain('I love pottery.')
    const replaced = { ...saying, score: 0.9, superseded: true }
    expect(await remembering('Which craft?', replaced, asking)).toContain('I love pottery.')
  })
})
