import { wordsWithin } from './tokens.ts'

/** Signs per word; enough that two words rarely share many. */
const SPREAD = 12
/** So common that they say nothing. */
const COMMON_WEIGHT = 0.15
const COMMON = new Set(
  'a an and are as at be but by did do does for from had has have he her his how i in is it its me my of on or our she so that the their them they this to was we were what when where which who why will with you your'.split(
    ' ',
  ),
)

/**
 * A vector of length 1 that depends on the text alone: each word, and more weakly its beginning, adds
 * its own pattern of signs. Texts that share words are near each other, others are nearly at right
 * angles. What is over `maxTokens` is not read.
 */
export function embedText(text: string, dimension: number, maxTokens: number): number[] {
  const vector = new Float64Array(dimension)
  // Like the special tokens of a real model: no text is without direction.
  add(vector, '[CLS]', 0.3)
  for (const word of wordsWithin(text, maxTokens)) {
    add(vector, word, COMMON.has(word) ? COMMON_WEIGHT : 1)
    if (word.length > 5) add(vector, `${word.slice(0, 5)}…`, 0.6)
  }
  const length = Math.hypot(...vector)
  return Array.from(vector, (value) => Math.fround(value / length))
}

function add(vector: Float64Array, feature: string, weight: number) {
  let state = fnv1a(feature)
  for (let i = 0; i < SPREAD; i++) {
    state = xorshift(state)
    vector[(state >>> 1) % vector.length]! += (state & 1) === 1 ? weight : -weight
  }
}

function fnv1a(text: string): number {
  let hash = 0x81_1c_9d_c5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01_00_01_93)
  }
  return hash >>> 0 || 1
}

function xorshift(state: number): number {
  let next = state ^ (state << 13)
  next ^= next >>> 17
  next ^= next << 5
  return next >>> 0
}
