import { knowingWords } from './known-words.ts'
import { stem } from './stemmer.ts'
import { STOP_WORDS } from './stop-words.ts'

/**
 * The search terms of a text, in order and with repeats: lower case, accents folded, stop words out,
 * English endings off. Scripts that are written without spaces become pairs of characters.
 */
export function terms(text: string): string[] {
  const found: string[] = []
  if (isAscii(text)) {
    for (const word of text.toLowerCase().match(ASCII_WORD) ?? []) addWord(word, found)
    return found
  }
  for (const word of fold(text).match(WORD) ?? []) {
    if (UNSPACED.test(word)) addPairs(word, found)
    else addWord(word, found)
  }
  return found
}

/** Whether a text holds words of a script that is written without spaces. */
export function isUnspaced(text: string): boolean {
  return UNSPACED.test(text)
}

const UNSPACED_SCRIPTS = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}`
const UNSPACED = new RegExp(`[${UNSPACED_SCRIPTS}]`, 'u')
/** A run of an unspaced script, or a word with at most one apostrophe part: "手机" and "iPhone" in "iPhone手机". */
const WORD = new RegExp(
  String.raw`[${UNSPACED_SCRIPTS}]+|(?:(?![${UNSPACED_SCRIPTS}])[\p{L}\p{N}\p{M}])+(?:'(?:(?![${UNSPACED_SCRIPTS}])\p{L})+)?`,
  'gu',
)

/** What WORD finds in most texts. */
const ASCII_WORD = /[a-z0-9]+(?:'[a-z]+)?/g

function fold(text: string): string {
  // Latin accents only: the marks of other scripts are part of their words.
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('\u2019', "'")
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false
  return true
}

function addWord(word: string, found: string[]): void {
  const term = termOf(word)
  if (term !== '') found.push(term)
}

/** The term of a word; empty where it says nothing. */
const termOf = knowingWords((word) => {
  if (STOP_WORDS.has(word)) return ''
  const apostrophe = word.indexOf("'")
  if (apostrophe < 0) return stem(word)
  // "Anna's" and "Anna'll" are Anna, "I'll" and "don't" say nothing, "o'clock" is one word.
  const ending = word.slice(apostrophe + 1)
  if (ending === 't') return ''
  const bare = CONTRACTIONS.has(ending) ? word.slice(0, apostrophe) : word.replace("'", '')
  return STOP_WORDS.has(bare) ? '' : stem(bare)
})

const CONTRACTIONS = new Set(['s', 'd', 'll', 'm', 're', 've'])

function addPairs(run: string, found: string[]): void {
  const characters = Array.from(run)
  if (characters.length === 1) found.push(run)
  for (let at = 0; at + 1 < characters.length; at++) {
    found.push(`${characters[at]}${characters[at + 1]}`)
  }
}
