import type { Outcome } from '../lib/chat/chat.ts'
import type { Recalled } from '../lib/memory/recall.ts'
import { type Html, html, partial, raw } from './html.ts'
import type { MarkdownFrame } from './markdown.ts'
import { answerFooter, brokenFooter, finishedBody, liveBody } from './partials/message.ts'
import { recalledSoFar } from './partials/recalled.ts'

/** What the stream of an answer sends: partials that fill in the article which connected to it. */

export const recalledFrame = (id: string, recalled: readonly Recalled[]): Html =>
  partial(`#t-${id}`, 'innerHTML', recalledSoFar(recalled))

/** The first text of each connection: it replaces what an earlier one, or the page itself, had shown. */
export const firstTextFrame = (id: string, text: { finished: Html; open: Html }): Html =>
  partial(`#b-${id}`, 'innerHTML', liveBody(id, text.finished, text.open))

/** Empty when nothing changed. */
export function textFrame(id: string, { finished, open, code }: MarkdownFrame): Html {
  return html`${finished.length > 0 ? partial(`#s-${id}`, 'beforeend', finished) : ''}${
    open === undefined ? '' : partial(`#t-${id}`, 'innerHTML', open)
  }${code ? partial(`#t-${id} code`, 'beforeend', code) : ''}`
}

export function endFrame(id: string, { answer, context, saved }: Outcome): Html {
  return html`${partial(`#b-${id}`, 'innerMorph', finishedBody(id, answer.text))}${closing(
    id,
    answerFooter({ answer, recalled: context, saved: worstOf(saved) }),
    answer.turn?.state === 'complete' ? 'Answer finished' : 'Answer ended',
  )}`
}

/** As much as can be said of both message and answer. */
export function worstOf({ message, reply }: Outcome['saved']): 'stored' | 'pending' | 'failed' {
  if (reply === 'failed') return 'failed'
  return message === 'pending' || reply === 'pending' ? 'pending' : 'stored'
}

/** The answer's own end is not known: what was shown stays. */
export const brokenFrame = (conversationId: string, id: string, message: string): Html =>
  html`${partial(`#b-${id} .waiting`, 'delete', '')}${closing(id, brokenFooter(conversationId, id, message), 'Answer failed')}`

/** Takes away what belonged to a running answer. The connector goes last: it is what htmx is reading from. */
const closing = (id: string, footer: Html, status: string) =>
  html`${partial(`#f-${id}`, 'outerHTML', footer)}${partial(`#stop-${id}`, 'delete', raw(''))}${partial(
    '#status',
    'textContent',
    status,
  )}${partial(`#n-${id}`, 'delete', raw(''))}`
