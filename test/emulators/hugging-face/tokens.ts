const WORD = /[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu
const BYTES_PER_PIECE = 5

/** Words and signs in order, lower case. */
export const words = (text: string): string[] => text.toLowerCase().match(WORD) ?? []

/** About as many tokens as a model counts: long words are several. */
export const countTokens = (text: string): number =>
  words(text).reduce((sum, word) => sum + piecesOf(word), 0)

/** The words that fit into so many tokens. */
export function wordsWithin(text: string, maxTokens: number): string[] {
  let left = maxTokens
  const all = words(text)
  const end = all.findIndex((word) => (left -= piecesOf(word)) < 0)
  return end === -1 ? all : all.slice(0, end)
}

const piecesOf = (word: string) => Math.ceil(Buffer.byteLength(word) / BYTES_PER_PIECE)
