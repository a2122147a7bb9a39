import { terms } from '../terms.ts'

/** Whether a term is a word for somebody close: whoever is spoken of is the subject. */
export function namesPerson(term: string): boolean {
  return PERSONS.has(term)
}

const PERSONS = stems(
  'sister brother cousin father mother dad mum mom son daughter aunt uncle niece nephew parents',
  'grandmother grandfather grandma grandpa husband wife partner girlfriend boyfriend fiancee',
  'friend colleague neighbour neighbor boss flatmate roommate landlord teacher kids children',
)

/** Words that any two statements may share without being about the same thing. */
export function isTimeOrChange(term: string): boolean {
  return TIMES_AND_CHANGES.has(term) || /^\d+$/.test(term)
}

const TIMES_AND_CHANGES = stems(
  'last next week weekend month year day today yesterday tomorrow morning noon afternoon evening',
  'night time ago monday tuesday wednesday thursday friday saturday sunday january february march',
  'one two three four five six seven eight nine ten eleven twelve hundred thousand half',
  'april june july august september october november december first second new old good great',
  'move moved change changed stop stopped drop dropped leave left sell sold quit switch switched',
  'replace raise reduce extend increase update reschedule cancel use instead longer anymore',
)

/** Whether a term asks for something that has one value at a time. */
export function hasOneValue(term: string): boolean {
  return ONE_VALUE.has(term)
}

const ONE_VALUE = stems(
  'live favourite favorite address password rent salary budget deadline boss weigh weight height',
)

/** Whether a term asks where somebody lives, which a move changes. */
export function asksForHome(term: string): boolean {
  return HOME.has(term)
}

const HOME = stems('live lives living home address')

/** Whether a term asks for somebody's work, which a new job changes. */
export function asksForWork(term: string): boolean {
  return WORK.has(term)
}

const WORK = stems('work works working job employer')

export function isNumber(term: string): boolean {
  return /^\d+(?:[a-z]{1,2})?$/.test(term) || NUMBERS.has(term)
}

const NUMBERS = stems(
  'one two three four five six seven eight nine ten eleven twelve noon midnight',
)

function stems(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(terms(lines.join(' ')))
}
