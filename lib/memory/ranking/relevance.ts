import { FIRST_PERSON, ONLY_QUESTION, USER } from './columns.ts'
import { lent, type Lending } from './lend.ts'
import type { Population, Question } from './population.ts'
import type { RankSettings } from './settings.ts'

/** What a turn is worth to a question, in parts that add up. */
export interface Relevance {
  readonly lexical: Float32Array
  readonly dense: Float32Array
  readonly neighbour: Float32Array
  /** What the three are multiplied by, for who said it and how. */
  readonly factor: Float32Array
}

/** With vectors; without any, the words alone are too sharp to lend to the edges. */
const LENDING: Lending = { near: 0.4, far: 0.1, edgeNear: 0.6, edgeFar: 0.15 }
const LEXICAL_LENDING: Lending = { near: 0.5, far: 0, edgeNear: 0, edgeFar: 0 }

/** Turns of the one speaker whom the question names. */
const NAMED_SPEAKER = 2.2
/** What the user said, not what was answered: facts come from the user. */
const USER_TURN = 1.5
const FIRST_PERSON_TURN = 1.1
/** A past question is no fact. */
const PAST_QUESTION = 0.7

export function relevanceOf(
  population: Population,
  question: Question,
  { denseWeight, without }: RankSettings,
): Relevance {
  const { turns, lexical, flags, speaker } = population
  const dense = new Float32Array(turns)
  const sum = lexical.slice()
  if (population.dense) {
    for (let turn = 0; turn < turns; turn++) {
      dense[turn] = denseWeight * population.dense[turn]!
      sum[turn]! += dense[turn]!
    }
  }
  const lending = lendingOf(population.dense !== undefined, without)
  const neighbour = lent(sum, population.before, population.after, lending)
  const factor = new Float32Array(turns)
  for (let turn = 0; turn < turns; turn++) {
    const flag = flags[turn]!
    let product = 1
    if (question.named > 0 && speaker[turn] === question.named && !without.has('named-speaker')) {
      product *= NAMED_SPEAKER
    }
    if (question.chat && (flag & USER) !== 0 && !without.has('user-turns')) product *= USER_TURN
    if ((flag & FIRST_PERSON) !== 0 && !without.has('first-person')) product *= FIRST_PERSON_TURN
    if ((flag & ONLY_QUESTION) !== 0 && !without.has('questions')) product *= PAST_QUESTION
    factor[turn] = product
  }
  return { lexical, dense, neighbour, factor }
}

function lendingOf(hasDense: boolean, without: RankSettings['without']): Lending {
  const lending = hasDense ? LENDING : LEXICAL_LENDING
  if (without.has('lending')) return { near: 0, far: 0, edgeNear: 0, edgeFar: 0 }
  return {
    near: lending.near,
    far: without.has('far') ? 0 : lending.far,
    edgeNear: without.has('edges') ? 0 : lending.edgeNear,
    edgeFar: without.has('edges') || without.has('far') ? 0 : lending.edgeFar,
  }
}
