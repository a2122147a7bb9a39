import type { Memory } from '../../lib/memory/memory.ts'
import type { Recalled, Why } from '../../lib/memory/recall.ts'
import { dateOf } from '../dates.ts'
import { type Html, html, raw } from '../html.ts'
import { cut } from '../text.ts'
import { conversationPath, memoryPath, messagePath } from '../paths.ts'

/** The memories an answer was given, each with its date, its score and why, and Forget. */
export const recalledList = (answer: Memory, recalled: readonly Recalled[]): Html =>
  recalled.length === 0
    ? raw('')
    : html`<details class="used"><summary>${countOf(recalled.length)} used</summary>
${recalledItems(answer.turn!.messageId, recalled)}
</details>`

export const recalledItems = (messageId: string, recalled: readonly Recalled[]): Html =>
  html`<ol class="memories">${recalled.map((one) => recalledItem(messageId, one))}</ol>`

/** The same, fetched when it is opened: a long history would otherwise carry lists that nobody reads. */
export const recalledLater = (conversationId: string, messageId: string, count: number): Html => {
  const path = messagePath(conversationId, messageId, 'memories')
  return html`<details class="used" hx-get="${path}" hx-trigger="toggle once" hx-target="find ol"  hx-swap="outerHTML"><summary>${countOf(count)} used</summary>
<ol class="memories"><li><a href="${path}">Show them</a></li></ol>
</details>`
}

/** What was found, while the model is still to say its first word. */
export const recalledSoFar = (recalled: readonly Recalled[]): Html =>
  html`<div class="waiting"><p>Thinking${
    recalled.length > 0 ? ` with ${countOf(recalled.length)}` : ''
  }<span class="dots" aria-hidden="true">…</span></p>${
    recalled.length > 0
      ? html`<ul>${recalled.map(({ memory }) => html`<li dir="auto">${cut(memory.text, 120)}</li>`)}</ul>`
      : ''
  }</div>`

export const recalledItem = (messageId: string, recalled: Recalled): Html => {
  const { memory, score, why, supersededBy } = recalled
  const id = recalledId(messageId, memory.id)
  return html`<li id="${id}">
<p class="said" dir="auto">${memory.speaker ? html`<b>${memory.speaker}:</b> ` : ''}${cut(memory.text, SHOWN_CHARACTERS)}</p>
<div class="about">${scoreMeter(score)} <span>${memory.role === 'user' ? 'You' : 'Assistant'}, ${dateOf(memory.ts)}</span>
${supersededBy ? html`<a class="tag" href="#${recalledId(messageId, supersededBy)}" title="Something newer replaces this.">Superseded</a>` : ''}
${sourceLink(memory)}
${forgetForm(memory.id, id, messageId)}
${whyDetails(why)}</div>
</li>`
}

const SHOWN_CHARACTERS = 400

export const recalledId = (messageId: string, memoryId: string) => `r-${messageId}-${memoryId}`

/** A drawing, not a meter element: no two browsers draw those alike. */
export const scoreMeter = (score: number): Html =>
  html`<span class="score" title="0 to 1: how likely this memory answers the message"><svg viewBox="0 0 100 10" width="50" height="5" aria-hidden="true"><rect width="100" height="10" rx="5"/><rect width="${(score * 100).toFixed(0)}" height="10" rx="5"/></svg><span class="sr">Score</span> <data value="${score.toFixed(4)}">${score.toFixed(2)}</data></span>`

/** Where it was said. */
export const sourceLink = ({ id, conversationId, turn }: Memory): Html | '' =>
  conversationId === undefined
    ? ''
    : html`<a href="${conversationPath(conversationId)}?at=${id}#${turn ? anchorOf(turn) : `u-${id}`}">View in chat</a>`

const anchorOf = ({ messageId, inReplyTo }: NonNullable<Memory['turn']>) =>
  `${inReplyTo === undefined ? 'u' : 'a'}-${messageId}`

/** `at` is the list item that the answer replaces; `messageId` says in whose list of used memories it stands. */
export const forgetForm = (memoryId: string, at: string, messageId?: string): Html => {
  const path = memoryPath(memoryId, 'forget')
  return html`<form method="post" action="${path}" hx-post="${path}" hx-target="#${at}" hx-swap="outerHTML" hx-sync="this:drop">${
    messageId === undefined
      ? ''
      : html`<input type="hidden" name="message_id" value="${messageId}">`
  }<button>Forget</button></form>`
}

/** The parts of a score in words (docs/memory.md); a part that came later stands under its own name. */
const whyWords: Record<string, string> = {
  lexical: 'Shared words',
  dense: 'Similar meaning',
  neighbour: 'What was said around it',
  speaker: 'Who said it',
  recency: 'How recent it is',
  period: 'The time asked for',
  base: 'How likely any memory is',
  fit: 'How well anything fits',
}

const WHY_NAMES = Object.keys(whyWords)

/** All parts add up, but this one: what they come to is multiplied by it. */
const FACTOR = 'fit'

export const whyDetails = (why: Why): Html | '' => {
  const parts = Object.entries(why).filter(([, part]) => Math.abs(part) >= 0.005)
  if (parts.length === 0) return ''
  return html`<details class="why"><summary>Why</summary><dl>${parts
    .toSorted(([a], [b]) => rankOf(a) - rankOf(b))
    .map(
      ([name, part]) =>
        html`<div><dt>${whyWords[name] ?? name}</dt><dd>${signOf(name, part)}${Math.abs(part).toFixed(2)}</dd></div>`,
    )}</dl><p>Added up, and put on a scale from 0 to 1.</p></details>`
}

function signOf(name: string, part: number): string {
  if (name === FACTOR) return '×'
  return part > 0 ? '+' : '−'
}

/** What speaks for the memory first, what it was held against last. */
function rankOf(name: string): number {
  const at = WHY_NAMES.indexOf(name)
  return at < 0 ? WHY_NAMES.length : at
}

const countOf = (count: number) => (count === 1 ? '1 memory' : `${count} memories`)
