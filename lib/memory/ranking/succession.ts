import { type Scored, scoreFrom } from './score.ts'

/** A result, and the turn that makes it outdated. */
export interface Placed extends Scored {
  readonly supersededBy?: number | undefined
}

/**
 * The hits with their successors: what makes a hit outdated stands right before it, brought in when it was
 * not among the hits, because a question is phrased like the old statement and finds that first. A
 * successor is needed at least as likely as what it replaces: the part `successor` of its score says so.
 */
export function withSuccessors(
  hits: readonly Scored[],
  successorsOf: (hit: Scored) => readonly number[],
  explain: (turn: number) => Scored,
): Placed[] {
  const placed: Placed[] = []
  const byTurn = new Map(hits.map((hit) => [hit.turn, hit]))
  const seen = new Set<number>()

  function place(hit: Scored): void {
    if (seen.has(hit.turn)) return
    seen.add(hit.turn)
    const newer = successorsOf(hit)
    for (const turn of newer) {
      if (!seen.has(turn)) place(liftedTo(hit, byTurn.get(turn) ?? explain(turn)))
    }
    placed.push(newer.length === 0 ? hit : { ...hit, supersededBy: newer[0]! })
  }

  for (const hit of hits) place(hit)
  return placed
}

function liftedTo(hit: Scored, successor: Scored): Scored {
  const lack = sumOf(hit) - sumOf(successor)
  if (lack <= 0) return successor
  const why = { ...successor.why, successor: lack }
  return { turn: successor.turn, why, score: scoreFrom(why) }
}

function sumOf({ why }: Scored): number {
  let sum = 0
  for (const [name, part] of Object.entries(why)) if (name !== 'fit') sum += part
  return sum
}
