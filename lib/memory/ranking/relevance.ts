import { factors } from './boosts.ts'
import { ECHO, USER } from './columns.ts'
import { lent, type Lending } from './lend.ts'
import type { Population, Question } from './population.ts'
import type { Lever } from './settings.ts'

/** What each turn is worth to a question: (lexical + dense + neighbour) × factor. */
export interface Relevance {
  readonly lexical: Float32Array
  readonly dense: Float32Array | undefined
  readonly neighbour: Float32Array
  readonly factor: Float32Array
  readonly worth: Float32Array
}

export function relevanceOf(
  population: Population,
  question: Question,
  without: ReadonlySet<Lever>,
): Relevance {
  const { turns, flags, lexical, dense, before, after } = population
  // Words and vectors count alike: 0.8 or 1.4 for the vectors costs a point of recall somewhere.
  const own = dense ? lexical.map((score, turn) => score + dense[turn]!) : lexical
  const lending = lendingOf(without)
  const said = own.map((score, turn) => ((flags[turn]! & ECHO) === 0 ? score : 0))
  const neighbour = lent(said, before, after, lending)
  for (let turn = 0; turn < turns; turn++) {
    if ((flags[turn]! & ECHO) !== 0)
      lendAnswer(population, turn, lending.near * own[turn]!, neighbour)
  }
  const factor = factors(population, question, without)
  const worth = new Float32Array(turns)
  for (let turn = 0; turn < turns; turn++) {
    worth[turn] = (own[turn]! + neighbour[turn]!) * factor[turn]!
  }
  return { lexical, dense, neighbour, factor, worth }
}

/**
 * What asks the same as the question lends to its answer, which somebody else gave, and to nobody else: who
 * asks the same thing again and again would lift whatever stands around it.
 */
function lendAnswer(
  { flags, speaker, after }: Population,
  turn: number,
  amount: number,
  neighbour: Float32Array,
): void {
  const next = after[turn]!
  if (next < 0 || (flags[next]! & ECHO) !== 0) return
  const isAnother = speaker[next] !== speaker[turn] || ((flags[next]! ^ flags[turn]!) & USER) !== 0
  if (isAnother) neighbour[next]! += amount
}

const LENDING: Lending = { near: 0.4, far: 0.1, beyond: 0.2, edgeNear: 0.6, edgeFar: 0.15 }

function lendingOf(without: ReadonlySet<Lever>): Lending {
  if (without.has('lending')) return { near: 0, far: 0, beyond: 0, edgeNear: 0, edgeFar: 0 }
  const far = without.has('far') ? 0 : 1
  const edges = without.has('edges') ? 0 : 1
  return {
    near: LENDING.near,
    far: LENDING.far * far,
    beyond: LENDING.beyond * far,
    edgeNear: LENDING.edgeNear * edges,
    edgeFar: LENDING.edgeFar * far * edges,
  }
}
