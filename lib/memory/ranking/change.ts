import { CHANGE, END, JOB, MOVE, NOW } from './columns.ts'

/** What a text tells of how things change, as the bits of `Columns.tells`. English, and a few words of Chinese. */
export function tellsOf(text: string): number {
  // Hundreds of passages are asked at once: an expression that minds no case takes four times as long, a word none at all.
  const lower = text.toLowerCase()
  const mayMove = lower.includes('mov') || lower.includes('relocated')
  const mayWork = lower.includes('work') || lower.includes('job')
  const ends = ENDS.test(lower)
  return (
    (ends ? END : 0) |
    (ends || CHANGES.test(lower) ? CHANGE : 0) |
    (IS_NOW.test(lower) ? NOW : 0) |
    (mayMove && MOVED.test(text) ? MOVE : 0) |
    (mayWork && HAS_NEW_JOB.test(text) ? JOB : 0)
  )
}

const I_HAVE = String.raw`\b(?:[Ii]|[Ww]e)(?:['’](?:ve|m|re)| have| am| are)? (?:just |already |finally |recently )?`

/** Who speaks has moved to a place, which has a name; "moved to the front" is no move. */
const MOVED = new RegExp(
  String.raw`${I_HAVE}(?:moved|moving|relocated) (?:back |over )?(?:in)?to \p{Lu}`,
  'u',
)

const HAS_NEW_JOB = new RegExp(
  String.raw`${I_HAVE}(?:start(?:ed|ing)? (?:work|working|(?:a|my) new job)|(?:got|took|found|have|accepted) (?:a|the|my) (?:new )?job)\b`,
)

/** Something is over. */
const ENDS = anyOf(
  '不再|换成|换了|卖了|辞职|取消|分手',
  'no longer|any ?more|used to|sold|quit|resigned|retired|divorced|dropped|stopped',
  'switch(?:ed|ing)?|swapped|traded|replac(?:ed|ing)|left|cancell?ed|died|passed away',
  'g[ai]v(?:e|en|ing) (?:up|away)|broke(?:n)? up|split up|got rid of',
)

/** Something is no longer as it was. */
const CHANGES = anyOf(
  '改成|搬到|搬家|推迟',
  'instead|turns? out|turned out|correction|chang(?:ed|ing)|moved|moving (?:to|out|in)',
  'postponed|rescheduled|extended|increased|raised|reduced|decreased|lowered',
  'upgraded|updated',
)

/** How things are of late: with a subject in common, a change. */
const IS_NOW = anyOf(
  '现在|最近|新的|开始',
  'now|nowadays|these days|lately|recently|currently|from now on|as of|since|since then',
  'never|actually|new|newer|finally|at last|has reached|became|has become|began|started|extra|additional',
)

function anyOf(chinese: string, ...english: string[]): RegExp {
  return new RegExp(String.raw`\b(?:${english.join('|')})\b|${chinese}`)
}
