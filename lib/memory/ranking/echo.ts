import { ALIVE, ECHO, ONLY_QUESTION, type Columns } from './columns.ts'

/** An echo holds nearly all the words of the question … */
const LEAST_COVERAGE = 0.9
/** … or means the same by its vector … */
const LEAST_COSINE = 0.9
/** … and little else: the day and the speaker are words of it too. */
const MOST_OTHER_TERMS = 5

/**
 * Marks what was asked before in the same words. Such a turn answers nothing, fills the results with itself
 * and, asked ten times, makes all else look unremarkable: so it does not count among the turns by which
 * scores are calibrated.
 */
export function markEchoes(
  columns: Columns,
  flags: Uint8Array,
  wordCount: number,
  coverage: Float32Array,
  cosine: Float32Array | undefined,
): void {
  for (let turn = 0; turn < flags.length; turn++) {
    if ((flags[turn]! & (ALIVE | ONLY_QUESTION)) !== (ALIVE | ONLY_QUESTION)) continue
    const length = columns.length[columns.firstPassage[turn]!]!
    const sameWords = coverage[turn]! >= LEAST_COVERAGE && length <= wordCount + MOST_OTHER_TERMS
    if (sameWords || (cosine !== undefined && cosine[turn]! >= LEAST_COSINE)) {
      flags[turn] = (flags[turn]! & ~ALIVE) | ECHO
    }
  }
}
