import { FIRST_PERSON, ONLY_QUESTION, USER } from './columns.ts'
import type { Population, Question } from './population.ts'
import type { Lever } from './settings.ts'

/**
 * What each turn's score is multiplied by, for who said it and how: weights, never filters, because any of
 * these may be wrong about the one turn that matters. Gains are in points, with the built-in embedder; all are
 * in docs/recall.md.
 */
export function factors(
  population: Population,
  question: Question,
  without: ReadonlySet<Lever>,
): Float32Array {
  const byFlags = Float32Array.from({ length: 64 }, (_, flags) => {
    let factor = 1
    if (!without.has('user-turns')) factor *= userTurn(flags, question)
    if (!without.has('first-person')) factor *= firstPerson(flags)
    if (!without.has('questions')) factor *= pastQuestion(flags)
    return factor
  })
  const named = without.has('named-speaker') ? 0 : question.named
  const found = new Float32Array(population.turns)
  for (let turn = 0; turn < found.length; turn++) {
    const factor = byFlags[population.flags[turn]!]!
    found[turn] = named > 0 && population.speaker[turn] === named ? factor * NAMED_SPEAKER : factor
  }
  return found
}

/** Who is asked about has mostly said it: the turns of the one speaker whom the question names. Recall@10 on locomo +2.8. */
const NAMED_SPEAKER = 2

/** Where a user and an assistant talk, facts come from the user. Recall@10 +6 to +9 on beam, +1.5 on prefeval. */
function userTurn(flags: number, { chat }: Question): number {
  return chat && (flags & USER) !== 0 ? 1.5 : 1
}

/** Who says "I" tells of themselves, and that is what is asked for. Recall@10 +0 to +1. */
function firstPerson(flags: number): number {
  return (flags & FIRST_PERSON) === 0 ? 1 : 1.1
}

/** A past question is no fact: it is like the new one in every word, and answers nothing. Prefeval +4.0, else 0. */
function pastQuestion(flags: number): number {
  return (flags & ONLY_QUESTION) === 0 ? 1 : 0.4
}
