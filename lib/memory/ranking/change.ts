/** Whether a text tells that something is over: "sold", "quit", "no longer". English, and a few words of Chinese. */
export function tellsOfEnd(text: string): boolean {
  return END.test(text)
}

/** Whether a text tells that something is no longer as it was: over, or "moved", "extended", "changed". */
export function tellsOfChange(text: string): boolean {
  return END.test(text) || CHANGE.test(text)
}

/** Whether a text speaks of how things are of late ("now", "since January"): with a subject in common, a change. */
export function tellsOfNow(text: string): boolean {
  return NOW.test(text)
}

/** Whether a text says that who speaks has moved to a place, which has a name; "moved to the front" is no move. */
export function tellsOfMove(text: string): boolean {
  return MOVE.test(text)
}

/** Whether a text says that who speaks has a new job. */
export function tellsOfNewJob(text: string): boolean {
  return JOB.test(text)
}

const I_HAVE = String.raw`\b(?:[Ii]|[Ww]e)(?:['’](?:ve|m|re)| have| am| are)? (?:just |already |finally |recently )?`

const MOVE = new RegExp(
  String.raw`${I_HAVE}(?:moved|moving|relocated) (?:back |over )?(?:in)?to \p{Lu}`,
  'u',
)

const JOB = new RegExp(
  String.raw`${I_HAVE}(?:start(?:ed|ing)? (?:work|working|(?:a|my) new job)|(?:got|took|found|have|accepted) (?:a|the|my) (?:new )?job)\b`,
  'u',
)

const END = new RegExp(
  [
    String.raw`\b(?:no longer|any ?more|used to|sold|quit|resigned|retired|divorced|dropped|stopped)\b`,
    String.raw`\b(?:switch(?:ed|ing)?|swapped|traded|replac(?:ed|ing)|left|cancell?ed|died|passed away)\b`,
    String.raw`\b(?:g[ai]v(?:e|en|ing) (?:up|away)|broke(?:n)? up|split up|got rid of)\b`,
    '不再|换成|换了|卖了|辞职|取消|分手',
  ].join('|'),
  'iu',
)

const CHANGE = new RegExp(
  [
    String.raw`\b(?:instead|turns? out|turned out|correction|chang(?:ed|ing)|moved|moving (?:to|out|in))\b`,
    String.raw`\b(?:postponed|rescheduled|extended|increased|raised|reduced|decreased|lowered)\b`,
    String.raw`\b(?:upgraded|updated)\b`,
    '改成|搬到|搬家|推迟',
  ].join('|'),
  'iu',
)

const NOW = new RegExp(
  [
    String.raw`\b(?:now|nowadays|these days|lately|recently|currently|from now on|as of|since|since then)\b`,
    String.raw`\b(?:never|actually|new|newer|finally|at last|has reached|became|has become|began|started|extra|additional)\b`,
    '现在|最近|新的|开始',
  ].join('|'),
  'iu',
)
