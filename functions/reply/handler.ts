import { route, streamed } from '../../lib/function.ts'
import { EVENT_STREAM_HEADERS, withKeepAlive } from '../../lib/event-stream.ts'
import { services } from '../../lib/services.ts'
import { HTML_HEADERS, showProblem } from '../page/answers.ts'
import { conversationOf, messageOf } from '../page/say.ts'
import { visit } from '../page/visit.ts'
import { answerFrames } from './frames.ts'
import { jsonLines } from '../../lib/memory/json-lines.ts'
import { livePage } from './live.ts'

const opened = services()

/** Answers while they are made: as frames for the page's script, or as the page itself where there is none. */
export const { routes, handler } = streamed(
  { name: 'reply', access: 'page', showProblem },
  {
    // Always 200: htmx would put the page of a 404 into the article that connected.
    'GET /c/{id}/m/{message}/stream': route({ forStrangers: true }, async (call) => ({
      statusCode: 200,
      headers: EVENT_STREAM_HEADERS,
      body: withKeepAlive(answerFrames(call, opened)),
    })),

    'GET /memories/download': route({}, async (call) => {
      const { memories } = await visit(call, opened)
      return {
        statusCode: 200,
        headers: {
          'content-type': 'application/x-ndjson; charset=utf-8',
          'content-disposition': 'attachment; filename="memories.jsonl"',
        },
        body: await jsonLines(memories),
      }
    }),

    'GET /c/{id}/m/{message}/live': route({}, async (call) => {
      const here = await visit(call, opened)
      const [id, messageId] = [conversationOf(call.params), messageOf(call.params)]
      return {
        statusCode: 200,
        headers: {
          ...HTML_HEADERS,
          'cache-control': 'no-store, no-transform',
          'x-accel-buffering': 'no', // nginx would hold the page back until it is whole.
        },
        cookies: here.cookies,
        body: await livePage(call, opened, here, id, messageId),
      }
    }),
  },
)
