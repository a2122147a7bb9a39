import { NONE, vectorOf, type Columns } from './columns.ts'

/** Puts a turn into its place in its conversation. What has no conversation is nobody's neighbour. */
export function linkTurn(columns: Columns, slot: number, conversationId: string | undefined): void {
  columns.previous[slot] = NONE
  columns.next[slot] = NONE
  columns.conversation[slot] = NONE
  columns.after[slot] = NONE
  if (conversationId !== undefined) {
    const conversation = conversationNumber(columns, conversationId)
    columns.conversation[slot] = conversation
    let before = columns.newestOf[conversation]!
    while (before !== NONE && isLater(columns, before, slot)) before = columns.previous[before]!
    const after = before === NONE ? oldestOf(columns, conversation) : columns.next[before]!
    join(columns, before, slot)
    if (after === NONE) columns.newestOf[conversation] = slot
    else join(columns, slot, after)
  }
  describeStart(columns, slot)
}

export function unlinkTurn(columns: Columns, slot: number): void {
  const conversation = columns.conversation[slot]!
  if (conversation === NONE) return
  const before = columns.previous[slot]!
  const after = columns.next[slot]!
  if (before !== NONE) {
    columns.next[before] = after
    columns.after[before] = NONE
  }
  if (after === NONE) columns.newestOf[conversation] = before
  else {
    columns.previous[after] = before
    describeStart(columns, after)
  }
}

function join(columns: Columns, before: number, after: number): void {
  if (before !== NONE) columns.next[before] = after
  columns.previous[after] = before
  describeStart(columns, after)
}

/** Who stands before this turn in its sitting and, if anyone does, how long the sum with its vector is. */
function describeStart(columns: Columns, slot: number): void {
  const previous = columns.previous[slot]!
  const near =
    previous !== NONE && columns.tsMs[slot]! - columns.tsMs[previous]! <= columns.sittingGapMs
  columns.before[slot] = near ? previous : NONE
  columns.pairLength[slot] = near ? lengthOfSum(columns, previous, slot) : 0
  if (previous !== NONE) columns.after[previous] = near ? slot : NONE
}

function lengthOfSum(columns: Columns, before: number, slot: number): number {
  const last = columns.firstPassage[before + 1]! - 1
  const first = columns.firstPassage[slot]!
  // A text of nothing but white space has no passage.
  if (last < columns.firstPassage[before]! || first === columns.firstPassage[slot + 1]) return 0
  const lastVector = vectorOf(columns, last)
  const firstVector = vectorOf(columns, first)
  if (lastVector === undefined || firstVector === undefined) return 0
  let squares = 0
  for (const [at, value] of firstVector.entries()) squares += (value + lastVector[at]!) ** 2
  return Math.sqrt(squares)
}

function isLater(columns: Columns, a: number, b: number): boolean {
  const difference = columns.tsMs[a]! - columns.tsMs[b]!
  return difference === 0 ? columns.ids[a]! > columns.ids[b]! : difference > 0
}

/** Only walked when a turn arrives that is older than all of its conversation. */
function oldestOf(columns: Columns, conversation: number): number {
  let slot = columns.newestOf[conversation]!
  while (slot !== NONE && columns.previous[slot] !== NONE) slot = columns.previous[slot]!
  return slot
}

function conversationNumber(columns: Columns, id: string): number {
  const known = columns.conversationOf.get(id)
  if (known !== undefined) return known
  columns.conversationOf.set(id, columns.newestOf.length)
  return columns.newestOf.push(NONE) - 1
}
