import { expect } from 'vitest'
import type { Prompt } from '../../lib/chat/prompt.ts'
import type { UpstreamError } from '../../lib/errors.ts'
import type { Generator, GeneratorPiece } from '../../lib/models/generator.ts'

export const promptOf = (message: string, parts: Partial<Prompt> = {}): Prompt => ({
  instructions: 'You are a helpful assistant that remembers.',
  memories: [],
  recalled: [],
  turns: [],
  message,
  at: new Date('2026-03-01T12:00:00Z'),
  ...parts,
})

/** The text of an answer; the iteration must end with exactly one `end`. */
export async function textOf(generator: Generator, prompt = promptOf('What do I like?')) {
  const pieces = await Array.fromAsync(generator.generate(prompt, new AbortController().signal))
  expect(pieces.filter(({ type }) => type === 'end')).toEqual([pieces.at(-1)])
  return pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('')
}

export const finalPiece = (pieces: readonly GeneratorPiece[]) => pieces.at(-1)

/** What an answer that fails is refused with. */
export async function failureOf(
  generator: Generator,
  prompt = promptOf('What do I like?'),
): Promise<UpstreamError> {
  try {
    await textOf(generator, prompt)
  } catch (error) {
    return error as UpstreamError
  }
  throw new Error('It answered, though it should have failed.')
}
