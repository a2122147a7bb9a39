import type { Answer } from '../contract.ts'
import { createAjv, problems, strict } from '../openapi.ts'
import { parseJson, type ReceivedRequest } from '../received.ts'

interface Chunk {
  readonly choices: readonly { finish_reason?: string | null }[]
  readonly usage?: unknown
}

/**
 * Rules of a streamed chat: each event fits the published schema (its deltas as providers send them),
 * one of them carries a finish reason, usage comes only when asked for, `[DONE]` is last.
 */
export function checkStream(schema: Record<string, unknown>) {
  const nullableText = { type: ['string', 'null'] }
  const delta = {
    type: 'object',
    properties: {
      role: { type: 'string' },
      content: nullableText,
      reasoning_content: nullableText,
    },
  }
  const definitions = schema['$defs'] as Record<string, unknown>
  const lenient = {
    ...schema,
    $defs: { ...definitions, ChatCompletionStreamOutputDelta: delta },
  }
  const validate = createAjv().compile(strict(lenient, { closed: false }) as object)

  return ({ json }: ReceivedRequest, { contentType, body, whole }: Answer): string[] => {
    if (contentType !== 'text/event-stream') return []
    const events = dataOf(body)
    const isDone = events.at(-1) === '[DONE]'
    const chunks = (isDone ? events.slice(0, -1) : events).map(parseJson)
    const found = chunks.flatMap((chunk) => problems(validate, chunk, 'event'))
    if (found.length > 0) return found.slice(0, 4)
    const isFinished = (chunks as Chunk[]).some(({ choices }) => choices[0]?.finish_reason)
    if (whole && !isDone) found.push('the stream ended without [DONE]')
    if (whole && !isFinished) found.push('the stream ended without a finish reason')
    const options = (json as { stream_options?: { include_usage?: boolean } }).stream_options
    const hasUsage = (chunks as Chunk[]).some(({ usage }) => usage !== undefined && usage !== null)
    if (hasUsage && options?.include_usage !== true) found.push('usage that nobody asked for')
    if (whole && !hasUsage && options?.include_usage === true) found.push('usage is missing')
    return found
  }
}

/** The data of each event that is complete. */
function dataOf(body: string): string[] {
  const events = body.replaceAll('\r\n', '\n').split('\n\n').slice(0, -1)
  return events.flatMap((event) => {
    const lines = event.split('\n').filter((line) => line.startsWith('data:'))
    return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).trimStart()).join('\n')]
  })
}
