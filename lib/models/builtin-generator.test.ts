import { describe, expect, it } from 'vitest'
import type { Prompt } from '../chat/prompt.ts'
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
})
