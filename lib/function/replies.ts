import type { Problem } from '../errors.ts'
import type { BufferedReply } from '../function.ts'

/** On every answer; one that is a page says more. */
export const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

export function json(
  statusCode: number,
  value: unknown,
  headers: Record<string, string> = {},
): BufferedReply {
  return {
    statusCode,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  }
}

/** RFC 9457. */
export function problemAsJson(problem: Problem, requestId: string): BufferedReply {
  return json(problem.status, problemBody(problem, requestId), {
    ...problem.headers,
    'content-type': 'application/problem+json',
  })
}

export function problemBody({ title, status, message, errors }: Problem, requestId: string) {
  return {
    type: 'about:blank',
    title,
    status,
    detail: message,
    request_id: requestId,
    ...(errors ? { errors } : {}),
  }
}
