import type { Recalled } from '../../lib/memory/recall.ts'
import type { Memory } from '../../lib/memory/memory.ts'
import { dateOf } from '../dates.ts'
import { type Html, html, raw } from '../html.ts'
import { renderMarkdown } from '../markdown.ts'
import { messagePath } from '../paths.ts'
import { recalledLater, recalledList, recalledSoFar } from './recalled.ts'

/** One message of the reader, as the history and the answer to a form draw it. */
export const messageArticle = (message: Memory, { isLast }: { isLast: boolean }): Html => {
  const id = message.turn?.messageId ?? message.id
  return html`<article class="msg user" id="u-${id}" aria-labelledby="uh-${id}">
<h2 id="uh-${id}" class="${message.speaker ? 'by' : 'sr'}" dir="auto">${message.speaker ?? 'You'}</h2>
<div class="text" dir="auto">${message.text}</div>
<footer><small>${dateOf(message.ts)}</small><button type="button" class="copy">Copy</button>${
    isLast && message.turn ? editForm(message) : ''
  }</footer>
</article>`
}

/** Sends the message anew, in other words. Only the latest one shows it (styles), whichever came after it was drawn. */
const editForm = (message: Memory) => {
  const { messageId } = message.turn!
  const path = messagePath(message.conversationId!, messageId, 'edit')
  return html`<details class="edit"><summary>Edit</summary>
<form method="post" action="${path}" hx-post="${path}" hx-target="#log" hx-swap="beforeend" hx-sync="this:drop">
<label class="sr" for="e-${messageId}">Your message</label>
<textarea id="e-${messageId}" name="text" rows="3" required dir="auto">${message.text}</textarea>
<button>Send</button>
</form></details>`
}

/** An answer that is being made, or that its first watcher will have made. */
export interface LiveAnswer {
  readonly conversationId: string
  readonly messageId: string
  /** What is there of it already. */
  readonly text?: string | undefined
}

/** Shows what is there and connects to the rest. */
export const liveArticle = ({ conversationId, messageId: id, text }: LiveAnswer): Html =>
  answerArticle(
    id,
    html`${liveBody(id, text ? renderMarkdown(text) : raw(''), text ? raw('') : recalledSoFar([]))}`,
    html`<span id="n-${id}" hx-sse:connect="${messagePath(conversationId, id, 'stream')}" hx-sse:close="done"></span><footer id="f-${id}"></footer>`,
  )

/** Finished blocks and the open one, apart for the stream and one text for the reader. */
export const liveBody = (id: string, finished: Html, open: Html): Html =>
  html`<div class="seg" id="s-${id}">${finished}</div><div class="seg" id="t-${id}">${open}</div>`

export const finishedBody = (id: string, text: string): Html =>
  html`<div class="seg" id="s-${id}">${renderMarkdown(text)}</div>`

/** An answer that is over, with what it was given. */
export interface FinishedAnswer {
  readonly answer: Memory
  /** Undefined: the reader asks for them when the list is opened. */
  readonly recalled?: readonly Recalled[] | undefined
  /** Whether message and answer are kept; known only when the answer was just made. */
  readonly saved?: 'stored' | 'pending' | 'failed' | undefined
}

export const finishedArticle = (finished: FinishedAnswer): Html => {
  const { answer } = finished
  const id = answer.turn?.messageId ?? answer.id
  return answerArticle(id, finishedBody(id, answer.text), answerFooter(finished), answer.speaker)
}

/** A message nobody answered, or whose answer was forgotten. */
export const missingArticle = (conversationId: string, id: string): Html =>
  answerArticle(
    id,
    html`<p class="gone">No answer is kept.</p>`,
    html`<footer id="f-${id}">${retryForm(conversationId, id)}</footer>`,
  )

/** What stands before an answer that is streamed into a page without a script. */
export const answerStart = (id: string, before: Html): Html =>
  raw(
    html`<article class="msg assistant" id="a-${id}" aria-labelledby="h-${id}">
<h2 id="h-${id}">Assistant</h2>${before}
<div class="text md" id="b-${id}" dir="auto">`.toString(),
  )
export const answerEnd = (footer: Html): Html => html`</div>
${footer}
</article>`

// hx-ignore: nothing that a model wrote is ever read as an instruction to the page.
const answerArticle = (id: string, body: Html, rest: Html, speaker = 'Assistant') =>
  html`<article class="msg assistant" id="a-${id}" aria-labelledby="h-${id}">
<h2 id="h-${id}" dir="auto">${speaker}</h2>
<div class="text md" id="b-${id}" dir="auto" hx-ignore>${body}</div>
${rest}
</article>`

/** How an answer ended, what can be done with it, and the memories it was given. */
export const answerFooter = ({ answer, recalled, saved }: FinishedAnswer): Html => {
  const { turn } = answer
  if (!turn) return html`<footer><small>${dateOf(answer.ts)}</small></footer>`
  const id = turn.messageId
  const conversationId = answer.conversationId!
  const count = turn.recalled?.length ?? 0
  return html`<footer id="f-${id}">
${endedHow(answer)}${saved === 'failed' ? failure('This answer could not be saved. It is gone when you reload.') : ''}
${answer.text === '' ? '' : html`<button type="button" class="copy">Copy</button>`}${retryForm(conversationId, id)}
<small>${statsOf(answer)}${saved ? savedWords[saved] : ''}</small>
${
  recalled
    ? recalledList(answer, recalled)
    : count > 0
      ? recalledLater(conversationId, id, count)
      : raw('')
}
</footer>`
}

/** The footer of an answer that nobody foresaw would fail. */
export const brokenFooter = (conversationId: string, id: string, message: string): Html =>
  html`<footer id="f-${id}">${failure(message)}${retryForm(conversationId, id)}</footer>`

const failure = (message: string) => html`<p class="failure" role="alert">${message}</p>`

function endedHow({ turn, text }: Memory): Html | '' {
  if (turn?.state === 'stopped') return html`<span class="tag">Stopped</span>`
  if (turn?.failure) return failure(turn.failure)
  if (turn?.state === 'failed') return failure('The answer failed.')
  if (turn?.state === 'cut') {
    return failure(
      text === ''
        ? 'The answer was cut off before it began.'
        : 'The answer was cut off. What was said so far is kept.',
    )
  }
  return ''
}

const retryForm = (conversationId: string, id: string) => {
  const path = messagePath(conversationId, id, 'retry')
  return html`<form method="post" action="${path}" hx-post="${path}" hx-target="#a-${id}" hx-swap="outerHTML" hx-sync="this:drop"><button>Retry</button></form>`
}

const savedWords = { stored: ' · saved', pending: ' · being saved', failed: '' }

/** The model, its speed and cost, as far as they are known. */
function statsOf({ turn, ts }: Memory): Html {
  const { usage, latencyMs } = turn!
  const tokens = usage?.completionTokens
  return html`${dateOf(ts)}${usage ? ` · ${usage.model}` : ''}${
    tokens ? ` · ${tokens} tokens` : ''
  }${latencyMs === undefined ? '' : ` · ${durationOf(latencyMs)}`}`
}

const durationOf = (ms: number) => (ms < 100 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`)
