/**
 * Whether a text tells that something is no longer as it was ("sold", "quit", "no longer", "was moved to").
 * English, and a few words of Chinese.
 */
export function tellsOfChange(text: string): boolean {
  return CHANGE.test(text)
}

/** Whether a text speaks of how things are of late ("now", "since January"): with a subject in common, a change. */
export function tellsOfNow(text: string): boolean {
  return NOW.test(text)
}

const CHANGE = new RegExp(
  [
    String.raw`\b(?:no longer|any ?more|used to|instead|turns? out|turned out|correction)\b`,
    String.raw`\b(?:sold|quit|resigned|retired|divorced|dropped|stopped|switch(?:ed|ing)?|swapped|traded)\b`,
    String.raw`\b(?:replac(?:ed|ing)|chang(?:ed|ing)|moved|moving (?:to|out|in)|left|cancell?ed|postponed)\b`,
    String.raw`\b(?:rescheduled|extended|increased|raised|reduced|decreased|lowered|upgraded|updated)\b`,
    String.raw`\b(?:g[ai]v(?:e|en|ing) (?:up|away)|broke(?:n)? up|split up|got rid of|passed away|died)\b`,
    '不再|改成|换成|换了|搬到|搬家|卖了|辞职|取消|推迟|分手',
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
