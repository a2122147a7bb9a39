import { expect, it } from 'vitest'
import { said } from '../../../test/conformance/memory-store/suite.ts'
import { createMemoryIndex, SITTING_GAP_MS } from '../memory-index.ts'
import type { Memory, UserId } from '../memory.ts'
import { createRank } from '../rank.ts'
import { toRecords } from './records.ts'
import { sampleOf } from './sample.ts'

/** Without the words of the first hits, such as their day, which all of these turns share. */
const rank = createRank({ without: new Set(['feedback']) })

/** What neighbours lend to each turn of one conversation when only some of the turns come back. */
function lentIn(turns: readonly Memory[], found: readonly Memory[], question: string) {
  const matches = found.flatMap((memory) => {
    const at = turns.indexOf(memory)
    const link = { prev: turns[at - 1]?.id, last: at === turns.length - 1 }
    const place = { userId: 'ada' as UserId, dimension: 8, at: 1, link }
    return toRecords(memory, undefined, place).map((record) => ({ ...record, score: 0 }))
  })
  const index = createMemoryIndex()
  const query = { text: question, at: new Date(), limit: 10, scoreThreshold: 0 }
  const ranked = rank(index, query, sampleOf(index, query, matches, [], false))
  return found.map(({ id }) => ranked.find((result) => result.id === id)!.why['neighbour']!)
}

const talk = (...texts: string[]) => texts.map((text) => said(text, { conversationId: 'birds' }))

it('lends past a turn that did not come back, less than to the one beside it', () => {
  const turns = talk('I saw a heron today.', 'Hm.', 'By the mill.', 'In May.', 'Lovely.')
  const [heron, , mill, may] = turns as [Memory, Memory, Memory, Memory]
  const [, toMill, toMay] = lentIn(turns, [heron, mill, may], 'heron')
  expect(toMill).toBeGreaterThan(0)
  expect(toMay).toBe(0) // Its neighbour came back: what stands before that is too far.
  const neighbours = talk('I saw a heron today.', 'By the mill.', 'Lovely.')
  const [, toNext] = lentIn(neighbours, neighbours.slice(0, 2), 'heron')
  expect(toNext).toBeGreaterThan(toMill!)
})

it('lends nothing past a pause or into another conversation', () => {
  const [heron, pause, mill] = talk('I saw a heron today.', 'Hm.', 'By the mill.')
  const late = new Date(heron!.ts.getTime() + SITTING_GAP_MS + 1)
  const later = said('By the mill.', { conversationId: 'birds', ts: late })
  expect(lentIn([heron!, pause!, later], [heron!, later], 'heron')[1]).toBe(0)
  const elsewhere = { ...mill!, conversationId: 'trip' }
  expect(lentIn([heron!, pause!, elsewhere], [heron!, elsewhere], 'heron')[1]).toBe(0)
})
