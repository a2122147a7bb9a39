import type { Outcome, ReplyEvent } from '../../lib/chat/chat.ts'
import { forgotten } from '../../lib/chat/respond.ts'
import { describeError, isProblem, Problem } from '../../lib/errors.ts'
import { EVENT_STREAM_HEADERS, serverSentEvent, withKeepAlive } from '../../lib/event-stream.ts'
import { type Call, isHangUp, json, MetricUnit, route, streamed } from '../../lib/function.ts'
import { newUserId } from '../../lib/function/identity.ts'
import { countReply } from '../../lib/function/reply-metrics.ts'
import { problemBody } from '../../lib/function/replies.ts'
import type { Recalled } from '../../lib/memory/recall.ts'
import { recalledOnWire } from '../../lib/memory/wire.ts'
import { services } from '../../lib/services.ts'
import { ChatRequest } from './schema.ts'

const opened = services()

/** Answers one message from what its user said before, and remembers the exchange. */
export const { routes, handler } = streamed(
  { name: 'chat', access: 'api' },
  {
    'POST /api/chat': route({ body: ChatRequest }, async (call) => {
      const { body, caller, signal, note } = call
      const { chat, takeCacheHits } = await opened
      const startedAtMs = performance.now()
      const userId = caller.mayActAs(body.user_id) ?? newUserId()
      note({ user_id: userId })
      const message = {
        text: body.message,
        messageId: body.message_id,
        conversationId: body.metadata?.conversation_id ?? 'default',
        tags: body.metadata?.tags,
      }
      const said = await chat.say(userId, message, { signal, isAwaited: true })
      const events = chat.reply(userId, said.messageId, {
        signal,
        lingerMs: 0,
        remakes: true,
        topK: body.top_k,
        scoreThreshold: body.score_threshold,
      })
      const answered = (outcome: Outcome) => {
        const { answer, context, saved } = outcome
        note({ recalled: context.length, state: answer.turn!.state, reply: saved.reply })
        if (said.isNew) call.metrics.addMetric('MemoriesStored', MetricUnit.Count, 1)
        countReply(call.metrics, outcome, takeCacheHits())
        return answerOnWire(outcome, userId, performance.now() - startedAtMs)
      }
      if (body.stream ?? call.header('accept')?.includes('text/event-stream')) {
        return {
          statusCode: 200,
          headers: EVENT_STREAM_HEADERS,
          body: withKeepAlive(toServerSentEvents(events, answered, call)),
        }
      }
      const outcome = await outcomeOf(events)
      const whole = answered(outcome)
      if (outcome.problem) throw outcome.problem
      return json(200, whole)
    }),
  },
)

async function outcomeOf(events: AsyncIterable<ReplyEvent>): Promise<Outcome> {
  for await (const event of events) {
    if (event.type === 'end') return event.outcome
  }
  throw forgotten()
}

async function* toServerSentEvents(
  events: AsyncIterable<ReplyEvent>,
  answered: (outcome: Outcome) => unknown,
  { requestId, log, signal }: Call,
): AsyncGenerator<string> {
  const failed = (problem: Problem) =>
    serverSentEvent(JSON.stringify(problemBody(problem, requestId)), 'error')
  try {
    for await (const event of events) {
      if (event.type === 'context') {
        yield serverSentEvent(JSON.stringify({ context: onWire(event.context) }), 'context')
      } else if (event.type === 'text') {
        yield serverSentEvent(JSON.stringify({ text: event.text }), 'token')
      } else if (event.outcome.problem) {
        answered(event.outcome)
        log.error('failed', { failure: describeError(event.outcome.problem) })
        yield failed(event.outcome.problem)
      } else {
        yield serverSentEvent(JSON.stringify(answered(event.outcome)), 'done')
      }
    }
  } catch (error) {
    if (isHangUp(signal)) return // Nobody is left to be told.
    // The head is out, so the failure is told in the stream, as the last of its events.
    log.error('failed', { failure: describeError(error) })
    yield failed(isProblem(error) ? error : unforeseen())
  }
}

const unforeseen = () =>
  new Problem(500, 'Internal error', 'The answer failed on our side. Your message is kept.')

const onWire = (context: readonly Recalled[]) => context.map(recalledOnWire)

function answerOnWire(
  { answer, context, saved, made }: Outcome,
  userId: string,
  latencyMs: number,
) {
  const { messageId, usage } = answer.turn!
  return {
    response: answer.text,
    context: onWire(context),
    usage: {
      prompt_tokens: usage?.promptTokens ?? 0,
      completion_tokens: usage?.completionTokens ?? 0,
      model: usage?.model ?? 'none',
    },
    latency_ms: Math.round(latencyMs),
    ...(made ? { timings: timingsOnWire(made) } : {}),
    user_id: userId,
    conversation_id: answer.conversationId,
    message_id: messageId,
    memory: saved,
  }
}

const timingsOnWire = ({ embedMs, recallMs, firstTokenMs }: NonNullable<Outcome['made']>) => ({
  embed_ms: roundMs(embedMs),
  recall_ms: roundMs(recallMs),
  first_token_ms: roundMs(firstTokenMs),
})

const roundMs = (ms: number) => Math.round(ms * 100) / 100
