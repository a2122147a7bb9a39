import {
  ALIVE,
  CHANGE,
  END,
  FIRST_PERSON,
  HIDDEN,
  JOB,
  MOVE,
  ONLY_QUESTION,
  USER,
  type Columns,
} from './columns.ts'
import { contentOf, nearness, type Content } from './content.ts'
import {
  asksForHome,
  asksForWork,
  hasOneValue,
  isNumber,
  isTimeOrChange,
  namesPerson,
} from './subject-words.ts'
import { inverseFrequency } from './lexical.ts'
import { terms } from '../terms.ts'

/** What a hit says, and which of the question's words it holds. */
interface Subject {
  readonly turn: number
  readonly content: Content
  readonly asked: readonly number[]
  /** How much those tell, and how much all of the question does. */
  readonly askedWeight: number
  readonly questionWeight: number
}

/** At most so many for one hit: who changed their mind thrice is asked about the last times. */
const MOST_SUCCESSORS = 2

/**
 * Which later turns make this one outdated, newest first. Likeness alone does not tell: "my sister's birthday"
 * is as near to "my brother's birthday" as an old address to the new one. The question tells what the
 * subject is: a successor holds the words of the question that the hit holds, is worth about as much to
 * it, and speaks of a change or of how things are now. Where it does not repeat those words ("sold the Golf
 * at last"), it must tell of a change to something rare that the hit names, or of a new home or job where that is asked.
 */
export function successorsOf(
  columns: Columns,
  flags: Uint8Array,
  worth: Float32Array,
  words: readonly string[],
  turn: number,
  ranked: readonly number[],
): number[] {
  const subject = subjectOf(columns, words, turn)
  const isLater = (other: number) =>
    columns.tsMs[other]! > columns.tsMs[turn]! &&
    (flags[other]! & (ALIVE | HIDDEN | ONLY_QUESTION)) === ALIVE &&
    (flags[other]! & USER) === (flags[turn]! & USER) &&
    columns.speaker[other] === columns.speaker[turn] &&
    (!isFollowUp(columns, turn, other) || isTerse(subject, contentOf(columns, other)))
  const found = new Set<number>()
  for (const other of ranked) {
    if (!isLater(other)) continue
    const isWorthIt = worth[other]! >= LEAST_WORTH * worth[turn]!
    if (restatesInFull(columns, subject, other)) found.add(other)
    else if (isWorthIt && restates(columns, subject, other)) found.add(other)
  }
  for (const other of turnsWithRareTermsOf(columns, subject)) {
    if (isLater(other) && tellsOfItsEnd(columns, subject, other)) found.add(other)
  }
  for (const other of lifeChangesOf(columns, subject, ranked)) if (isLater(other)) found.add(other)
  const newestFirst = [...found].sort((a, b) => columns.tsMs[b]! - columns.tsMs[a]!)
  return newestFirst.slice(0, MOST_SUCCESSORS)
}

/** A successor is worth at least this share of what its hit is worth to the question. */
const LEAST_WORTH = 0.6
/** Up to so many terms a text is about one thing, and up to so many about nothing else. */
const SHORT_TERMS = 25
const TERSE_TERMS = 12

function subjectOf(columns: Columns, words: readonly string[], turn: number): Subject {
  const content = contentOf(columns, turn)
  const question = words.map((word) => columns.termOf.get(word))
  const asked = question.filter((term) => term !== undefined && content.has(term))
  return {
    turn,
    content,
    asked: asked as number[],
    askedWeight: weightOf(columns, asked),
    questionWeight: weightOf(columns, question),
  }
}

function weightOf(columns: Columns, terms: readonly (number | undefined)[]): number {
  return terms.reduce<number>((sum, term) => sum + inverseFrequency(columns, term), 0)
}

/**
 * What is said a few turns later in the same sitting goes on with the subject ("Pixie is fitting in great"); only where both are
 * terse does it correct it ("actually it is green now").
 */
function isFollowUp(columns: Columns, turn: number, other: number): boolean {
  let next = turn
  for (let step = 0; step < FOLLOW_UP_TURNS && next >= 0; step++) {
    next = columns.after[next]!
    if (next === other) return true
  }
  return false
}

const FOLLOW_UP_TURNS = 4

const isTerse = ({ content }: Subject, other: Content) =>
  Math.max(content.size, other.size) <= TERSE_TERMS

/** Whether a passage of the turn says of the same subject how it is now, or that it changed. */
function restates(columns: Columns, subject: Subject, other: number): boolean {
  if (subject.askedWeight < LEAST_ASKED * subject.questionWeight) return false
  if (subject.askedWeight === 0) return false
  const near = nearness(columns, subject.turn, other)
  for (let p = columns.firstPassage[other]!; p < columns.firstPassage[other + 1]!; p++) {
    const tells = columns.tells[p]!
    if (tells === 0) continue
    const content = contentOf(columns, other, p)
    if (!aboutSamePerson(columns, subject, content)) continue
    const held = weightOf(
      columns,
      subject.asked.filter((term) => content.has(term)),
    )
    const isShort = Math.max(content.size, subject.content.size) <= SHORT_TERMS
    const isSame = held >= SAME_SUBJECT * subject.askedWeight
    if (isShort && isSame && near >= ((tells & CHANGE) === 0 ? NEAR : NEAR_WITH_CHANGE)) return true
    const isWholeQuestion = held >= LONG_TEXT_COVERAGE * subject.questionWeight
    if (!isShort && isSame && isWholeQuestion && near >= NEAR_WHEN_LONG) return true
  }
  return false
}

/** A hit that holds less of the question says nothing of its subject. */
const LEAST_ASKED = 0.45
const SAME_SUBJECT = 0.8
const NEAR = 0.4
const NEAR_WITH_CHANGE = 0.3
/** A long text speaks of many things: it must hold most of the question, and be near as a whole. */
const LONG_TEXT_COVERAGE = 0.5
const NEAR_WHEN_LONG = 0.5

/**
 * Whether two short statements say the same but for one value, of something that has one value at a time: "I
 * live in Leipzig" and "I live in Dresden", "the meeting is at 3" and "the meeting is at 4". What may have
 * several ("I am allergic to walnuts", "to cat hair") is left alone.
 */
function restatesInFull(
  columns: Columns,
  { turn, content, asked, askedWeight, questionWeight }: Subject,
  other: number,
): boolean {
  if (askedWeight < SAME_SUBJECT * questionWeight || askedWeight === 0) return false
  if (columns.length[columns.firstPassage[other]!]! > TERSE_TERMS) return false
  if ((columns.flags[turn]! & FIRST_PERSON) !== (columns.flags[other]! & FIRST_PERSON)) return false
  const otherContent = contentOf(columns, other)
  if (asked.some((term) => !otherContent.has(term))) return false
  const text = (term: number) => columns.termTexts[term]!
  const values = [...content].filter((term) => !otherContent.has(term)).map(text)
  const otherValues = [...otherContent].filter((term) => !content.has(term)).map(text)
  if (values.length === 0 || otherValues.length === 0 || otherValues.some(namesPerson)) return false
  const areNumbers =
    content.size - values.length >= 2 && [...values, ...otherValues].every(isNumber)
  const areShort = Math.max(values.length, otherValues.length) <= MOST_VALUE_TERMS
  return areNumbers || (areShort && asked.some((term) => hasOneValue(text(term))))
}

const MOST_VALUE_TERMS = 2

/** Whether the turn, a short one, says that what the hit answers the question with is over. */
function tellsOfItsEnd(columns: Columns, subject: Subject, other: number): boolean {
  const passage = columns.firstPassage[other]!
  const content = contentOf(columns, other)
  // "Moved" alone may be said of anything; with a word of the question it is said of what is asked about.
  const isAsked = subject.asked.some((term) => content.has(term))
  if ((columns.tells[passage]! & (isAsked ? END | CHANGE : END)) === 0) return false
  if (!isTerse(subject, content)) return false
  if (!aboutSamePerson(columns, subject, content)) return false
  const isLinked = rareTermsOf(columns, subject).some((term) => content.has(term))
  return isLinked && nearness(columns, subject.turn, other) >= NEAR_WITH_CHANGE
}

/** Terse turns that tell of a new home or job of who speaks, where the question and the hit are about that. */
function* lifeChangesOf(columns: Columns, subject: Subject, ranked: readonly number[]) {
  if ((columns.flags[subject.turn]! & FIRST_PERSON) === 0) return
  const text = (term: number) => columns.termTexts[term]!
  for (const { asks, told, terms } of LIFE_CHANGES) {
    if (!subject.asked.some((term) => asks(text(term)))) continue
    for (const other of new Set([...ranked, ...turnsWith(columns, terms)])) {
      if ((columns.tells[columns.firstPassage[other]!]! & told) === 0) continue
      const content = contentOf(columns, other)
      if (isTerse(subject, content) && aboutSamePerson(columns, subject, content)) yield other
    }
  }
}

/** `terms` find what tells of them, however far behind in the ranking: it shares no word with the question. */
const LIFE_CHANGES = [
  { asks: asksForHome, told: MOVE, terms: terms('moved moving relocated') },
  { asks: asksForWork, told: JOB, terms: terms('job work') },
]

/** "My sister lives in Oslo" is not outdated by "I live in Dresden now". */
function aboutSamePerson(columns: Columns, subject: Subject, content: Content): boolean {
  const persons = [...subject.content].filter((term) => namesPerson(columns.termTexts[term]!))
  return persons.length === 0 || persons.some((term) => content.has(term))
}

function turnsWithRareTermsOf(columns: Columns, subject: Subject): Set<number> {
  return turnsWithTerms(columns, rareTermsOf(columns, subject))
}

function turnsWith(columns: Columns, words: readonly string[]): Set<number> {
  return turnsWithTerms(
    columns,
    words.flatMap((word) => columns.termOf.get(word) ?? []),
  )
}

function turnsWithTerms(columns: Columns, all: readonly number[]): Set<number> {
  const turns = new Set<number>()
  for (const term of all) {
    const count = columns.postings.read(term, buffer)
    for (let at = 0; at < count; at++) turns.add(columns.owner[buffer.entries[at]! >> 6]!)
  }
  turns.delete(-1)
  return turns
}

/**
 * Terms that name the thing itself: few memories hold them, the question does not, and they are neither times
 * nor words of change.
 */
function rareTermsOf(columns: Columns, { content, asked }: Subject): number[] {
  const most = Math.max(RARE_PASSAGES, columns.alivePassages * RARE_SHARE)
  return [...content].filter(
    (term) =>
      columns.documentFrequency[term]! <= most &&
      !asked.includes(term) &&
      !isTimeOrChange(columns.termTexts[term]!),
  )
}

const RARE_PASSAGES = 4
const RARE_SHARE = 0.005

const buffer = { entries: new Int32Array(64) }
