import type { Outcome, ReplyEvent, Watcher } from '../../lib/chat/chat.ts'
import { describeError, isProblem } from '../../lib/errors.ts'
import { serverSentEvent } from '../../lib/event-stream.ts'
import type { Call } from '../../lib/function.ts'
import { countReply } from '../../lib/function/reply-metrics.ts'
import type { Services } from '../../lib/services.ts'
import {
  brokenFrame,
  endFrame,
  firstTextFrame,
  recalledFrame,
  textFrame,
} from '../../web/frames.ts'
import type { Html } from '../../web/html.ts'
import { createLiveMarkdown } from '../../web/markdown.ts'
import { ConversationIdText, MessageIdText } from '../page/schema.ts'
import { paced } from './pace.ts'

/** Faster than the eye, slower than a token: a quarter of the bytes of a frame a token. */
const FRAME_MS = 40

/** How long an answer goes on being made while no page looks at it: a reload, a tunnel, a hidden tab. */
const LINGER_MS = 60_000

export const pageWatcher = (signal: AbortSignal): Watcher => ({
  signal,
  lingerMs: LINGER_MS,
  remakes: false,
})

/** What the page is told when an answer broke in a way that left nothing to replay. */
export const brokenMessage = (error: unknown) =>
  isProblem(error) ? error.message : 'The answer failed on our side. Your message is kept.'

/**
 * An answer as frames that fill in its article: what is there at once, then what comes, its end, and `done`. Says only
 * `done` of what is not the caller's.
 */
export async function* answerFrames(call: Call, opened: Promise<Services>): AsyncGenerator<string> {
  const { session } = call.caller
  const conversation = ConversationIdText.safeParse(call.params['id'])
  const message = MessageIdText.safeParse(call.params['message'])
  if (session !== undefined && conversation.success && message.success) {
    call.note({ user_id: session })
    try {
      const { chat, takeCacheHits } = await opened
      const events = chat.reply(session, message.data, pageWatcher(call.signal))
      for await (const frame of framesOf(message.data, events, (outcome) =>
        report(call, outcome, takeCacheHits()),
      )) {
        yield serverSentEvent(frame.toString())
      }
    } catch (error) {
      // Gone, or out of time: without `done` the page connects anew and goes on where it was.
      if (call.signal.aborted) return
      call.log.error('answer failed', { failure: describeError(error) })
      yield serverSentEvent(
        brokenFrame(conversation.data, message.data, brokenMessage(error)).toString(),
      )
    }
  }
  yield serverSentEvent('', 'done')
}

async function* framesOf(
  id: string,
  events: AsyncIterable<ReplyEvent>,
  onEnd: (outcome: Outcome) => void,
): AsyncGenerator<Html> {
  const live = createLiveMarkdown()
  let isFirst = true
  for await (const batch of paced(events, FRAME_MS)) {
    let hasText = false
    for (const event of batch) {
      if (event.type === 'context' && event.context.length > 0) {
        yield recalledFrame(id, event.context)
      } else if (event.type === 'text') {
        live.push(event.text)
        hasText = true
      }
    }
    const end = batch.find((event) => event.type === 'end')
    if (end) {
      onEnd(end.outcome)
      yield endFrame(id, end.outcome)
    } else if (hasText) {
      const frame = isFirst ? firstTextFrame(id, live.snapshot()) : textFrame(id, live.frame())
      isFirst = false
      if (frame.length > 0) yield frame
    }
  }
}

/** Counts for the log line; only whoever had the answer made counts it. */
export function report(
  { log, metrics, note }: Call,
  outcome: Outcome,
  embeddingCacheHits: number,
): void {
  const { answer, context, problem } = outcome
  note({ recalled: context.length, state: answer.turn?.state ?? 'complete' })
  if (problem && problem.status >= 500) {
    log.error('answer failed', { failure: describeError(problem) })
  }
  countReply(metrics, outcome, embeddingCacheHits)
}
