import { terms } from '../terms.ts'
import type { Columns } from './columns.ts'

/**
 * Whether a text names somebody or something of which this user never spoke: a word with a capital inside a
 * sentence that no memory holds. Nothing that is remembered is about them.
 */
export function namesStranger(columns: Columns, text: string): boolean {
  for (const [, opening, word] of text.matchAll(CAPITALISED)) {
    if (opening !== undefined) continue
    const isUnknown = terms(word!).some((term) => {
      const number = columns.termOf.get(term)
      return number === undefined || columns.documentFrequency[number] === 0
    })
    if (isUnknown) return true
  }
  return false
}

/** A capitalised word, and before it what opens a sentence or a quotation, if anything does. */
const CAPITALISED = /(^[^\p{L}\p{N}]*|[.!?:"“]\s*)?(?<![\p{L}\p{N}])(\p{Lu}\p{L}+)/gu
