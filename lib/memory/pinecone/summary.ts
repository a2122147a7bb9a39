import type { Memory, Role } from '../memory.ts'
import type { ConversationSummary } from '../store.ts'

/** What is known of a conversation without reading its turns. */
export interface Summary {
  readonly turns: number
  readonly title: Place & { readonly text: string }
  readonly newest: Place
}

/** A turn's place in its conversation. */
export interface Place {
  readonly id: string
  readonly tsMs: number
  readonly role: Role
}

/** The newest linked turn of a conversation: what is said next stands behind it. */
export interface Head {
  readonly id: string
  readonly tsMs: number
  readonly records: number
}

export const NO_TURNS: Summary = {
  turns: 0,
  title: { id: '', tsMs: Infinity, role: 'assistant', text: '' },
  newest: { id: '', tsMs: -Infinity, role: 'user' },
}

/** Changes that answer undefined cannot be made without reading the turns again. */
type SummaryChange = (summary: Summary) => Summary | undefined

export const added =
  (memory: Memory): SummaryChange =>
  ({ turns, title, newest }) => {
    const place = placeOf(memory)
    const isBetterTitle =
      turns === 0 || (place.role === title.role ? isBefore(place, title) : place.role === 'user')
    return {
      turns: turns + 1,
      title: isBetterTitle ? { ...place, text: memory.text } : title,
      newest: turns === 0 || isBefore(newest, place) ? place : newest,
    }
  }

export const removed =
  ({ id }: Memory): SummaryChange =>
  (summary) => {
    if (summary.turns <= 1) return NO_TURNS
    if (summary.title.id === id || summary.newest.id === id) return undefined
    return { ...summary, turns: summary.turns - 1 }
  }

export const edited =
  (before: Memory, after: Memory): SummaryChange =>
  (summary) => {
    const isMoved = before.ts.getTime() !== after.ts.getTime() || before.role !== after.role
    if (isMoved) return undefined
    if (summary.title.id !== after.id) return summary
    return { ...summary, title: { ...summary.title, text: after.text } }
  }

export const summaryOf = (memories: Iterable<Memory>): Summary => {
  let summary = NO_TURNS
  for (const memory of memories) summary = added(memory)(summary)!
  return summary
}

/** A long title stands only with its memory: then it is given beside. */
export const toConversation = (
  id: string,
  { turns, title, newest }: Summary,
  longTitle?: string,
): ConversationSummary => ({
  id,
  title: longTitle ?? title.text,
  turns,
  newestAt: new Date(newest.tsMs),
  newestRole: newest.role,
})

/** In order of time, then id, as a conversation is read. */
export function isBefore(a: Pick<Place, 'id' | 'tsMs'>, b: Pick<Place, 'id' | 'tsMs'>): boolean {
  return a.tsMs === b.tsMs ? a.id < b.id : a.tsMs < b.tsMs
}

const placeOf = ({ id, ts, role }: Memory): Place => ({ id, tsMs: ts.getTime(), role })
