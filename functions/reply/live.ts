import { describeError, notFound } from '../../lib/errors.ts'
import type { Call } from '../../lib/function.ts'
import type { Services } from '../../lib/services.ts'
import { worstOf } from '../../web/frames.ts'
import { type Html, html, raw } from '../../web/html.ts'
import { createLiveMarkdown } from '../../web/markdown.ts'
import { type ChatItem, chatItem, chatPageEnd, chatPageStart } from '../../web/pages/chat.ts'
import { answerEnd, answerFooter, answerStart, brokenFooter } from '../../web/partials/message.ts'
import { stopForm } from '../../web/partials/composer.ts'
import { conversationView } from '../page/chat-view.ts'
import { readHistory } from '../page/history.ts'
import { shellOf, type Visit } from '../page/visit.ts'
import { brokenMessage, pageWatcher, report } from './frames.ts'
import { paced } from './pace.ts'

/** A browser paints whole blocks; more often would only cost. */
const BLOCK_MS = 100

/**
 * The conversation as a page that arrives while the answer to a message is made, block by block: what a browser without
 * a script can show of it. Once the answer is there the same address shows it at once.
 */
export async function livePage(
  call: Call,
  opened: Promise<Services>,
  here: Visit,
  conversationId: string,
  messageId: string,
): Promise<AsyncIterable<string>> {
  const { notes } = await opened
  const shell = await shellOf(call, here, { conversationId })
  const history = await readHistory(here.memories, conversationId, { now: new Date() })
  const at = history.items.findIndex((item) => isAnswerTo(item, messageId))
  if (at < 0) throw notFound('message')
  const view = conversationView(history, { ...shell.visitor, conversationId }, notes)
  const before = { ...view, items: history.items.slice(0, at) }
  const after = { ...view, items: history.items.slice(at + 1) }

  return (async function* () {
    yield chatPageStart({ ...shell, path: `/c/${conversationId}` }, before).toString()
    yield answerStart(
      messageId,
      html`<div class="early">${stopForm(conversationId, messageId)}</div>`,
    ).toString()
    for await (const piece of answerBlocks(call, opened, here, conversationId, messageId)) {
      yield piece.toString()
    }
    yield html`${after.items.map(chatItem)}${chatPageEnd(after)}`.toString()
  })()
}

function isAnswerTo(item: ChatItem, messageId: string): boolean {
  if (item.type === 'message') return false
  return (item.type === 'answer' ? item.answer.turn?.messageId : item.messageId) === messageId
}

/** The finished blocks of an answer as they come, then what is left of it and its footer. */
async function* answerBlocks(
  call: Call,
  opened: Promise<Services>,
  { userId }: Visit,
  conversationId: string,
  messageId: string,
): AsyncGenerator<Html> {
  const { chat, takeCacheHits } = await opened
  const live = createLiveMarkdown()
  let footer = raw('')
  try {
    const events = chat.reply(userId, messageId, pageWatcher(call.signal))
    for await (const batch of paced(events, BLOCK_MS)) {
      for (const event of batch) {
        if (event.type === 'text') live.push(event.text)
        if (event.type === 'end') {
          report(call, event.outcome, takeCacheHits())
          const { answer, context, saved } = event.outcome
          footer = answerFooter({ answer, recalled: context, saved: worstOf(saved) })
        }
      }
      yield live.frame().finished
    }
  } catch (error) {
    if (call.signal.aborted) throw error
    call.log.error('answer failed', { failure: describeError(error) })
    footer = brokenFooter(conversationId, messageId, brokenMessage(error))
  }
  yield html`${live.snapshot().open}${answerEnd(footer)}`
}
