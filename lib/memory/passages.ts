/** Most embedders read 256 word pieces and lose the rest in silence; 600 characters of prose stay below. */
export const PASSAGE_CHARACTERS = 600

/** 256 of all-MiniLM-L6-v2, less its two marks and a reserve, because pieces are estimated here and not counted. */
export const PASSAGE_PIECES = 250

/**
 * The text in its passages, in order: each at most `PASSAGE_CHARACTERS` code points and about `PASSAGE_PIECES`
 * word pieces, without white space at its ends. Cut after a sentence, else at a space, else anywhere but inside
 * a code point: every word is in a passage. Empty for a text of white space.
 */
export function passages(text: string): string[] {
  if (SHORT.test(text)) return text.trim() === '' ? [] : [text.trim()]
  const found: string[] = []
  let start = 0
  while (start < text.length) {
    const end = endOfPassage(text, start)
    const passage = text.slice(start, end).trim()
    if (passage !== '') found.push(passage)
    start = end
  }
  return found
}

/** Most of what is said in a chat: a character is a piece at most, but for Hangul. */
const SHORT = new RegExp(`^[^\\uac00-\\ud7a3]{0,${PASSAGE_PIECES}}$`)

/** Where the passage that starts at `start` ends, in UTF-16 units. */
function endOfPassage(text: string, start: number): number {
  let afterSentence = start
  let afterSpace = start
  let at = start
  let characters = 0
  let pieces = 0
  let lettersOfWord = 0
  while (at < text.length) {
    const code = text.codePointAt(at)!
    const kind = kindOf(code)
    lettersOfWord = kind === 'letter' ? lettersOfWord + 1 : 0
    pieces += kind === 'letter' ? piecesOfLetter(lettersOfWord) : PIECES[kind]
    characters++
    if (characters > PASSAGE_CHARACTERS || pieces > PASSAGE_PIECES) {
      if (afterSentence > start) return afterSentence
      return afterSpace > start ? afterSpace : at
    }
    at += code > 0xffff ? 2 : 1
    if (kind === 'space') {
      afterSpace = at
      if (code === LINE_FEED || isSentenceEnd(text, at - 1)) afterSentence = at
    } else if (WIDE_SENTENCE_ENDS.has(code)) {
      afterSentence = at
    }
  }
  return at
}

type Kind = 'space' | 'letter' | 'digit' | 'hangul' | 'other'

function kindOf(code: number): Kind {
  if (code < 0x80) return ASCII_KINDS[code]!
  if (code >= 0xac00 && code <= 0xd7a3) return 'hangul'
  const character = String.fromCodePoint(code)
  if (LATIN.test(character)) return 'letter'
  return SPACE.test(character) ? 'space' : 'other'
}

const LATIN = /\p{Script=Latin}/u
const SPACE = /\s/u

const ASCII_KINDS: readonly Kind[] = Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCodePoint(code)
  if (LATIN.test(character)) return 'letter'
  if (SPACE.test(character)) return 'space'
  return /\d/.test(character) ? 'digit' : 'other'
})

/**
 * Word pieces of one character, rather too many than too few. A mark, an ideograph, and a letter of most scripts
 * are a piece each in an English vocabulary; a Hangul syllable falls into its two or three letters.
 */
const PIECES: Readonly<Record<Exclude<Kind, 'letter'>, number>> = {
  space: 0,
  digit: 0.65,
  hangul: 3,
  other: 1,
}

/** Long Latin words are rare ones, which a vocabulary holds only in short parts. */
function piecesOfLetter(placeInWord: number): number {
  if (placeInWord === 1) return 1
  return placeInWord <= 8 ? 0.25 : 0.6
}

const LINE_FEED = 0x0a

/** These end a sentence without a space behind them. */
const WIDE_SENTENCE_ENDS = new Set(Array.from('。！？｡', (mark) => mark.codePointAt(0)!))

/** Whether the space at `at` follows a sentence: its mark may stand inside a bracket or quotation. */
function isSentenceEnd(text: string, at: number): boolean {
  let last = at - 1
  while (last > 0 && CLOSING.has(text[last]!)) last--
  return SENTENCE_MARKS.has(text[last] ?? '')
}

const CLOSING = new Set(`"'”’»)]}`)
const SENTENCE_MARKS = new Set('.!?…؟।')
