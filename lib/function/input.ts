import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import * as z from 'zod'
import { type FieldError, Problem } from '../errors.ts'
import type { RouteInput } from '../function.ts'

type Input = RouteInput<z.ZodType, z.ZodType, z.ZodType>

export const DEFAULT_BODY_LIMIT_BYTES = 64 * 1024

export const bodyLimitBytes = (input: Input) => input.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES

/** Parses what a route takes from an event. Throws one Problem that names every fault. */
export function readInput(
  input: Input,
  event: APIGatewayProxyEventV2,
  limitBytes: number,
  callerFaults: readonly FieldError[],
): { body: unknown; form: unknown; query: unknown; lines: string } {
  const faults: FieldError[] = [...callerFaults]
  const parse = (schema: z.ZodType | undefined, read: () => unknown, prefix: string) => {
    if (!schema) return undefined
    const parsed = schema.safeParse(read())
    if (parsed.success) return parsed.data
    faults.push(...parsed.error.issues.flatMap((issue) => toFieldErrors(issue, schema, prefix)))
    return undefined
  }
  const body = parse(input.body, () => readJson(event, limitBytes), '')
  const form = parse(input.form, () => readForm(event, limitBytes), '')
  const lines = input.takesLines ? readJsonLines(event, limitBytes) : ''
  const query = parse(
    input.query,
    () => Object.fromEntries(new URLSearchParams(event.rawQueryString)),
    '/query',
  )
  if (faults.length === 0) return { body, form, query, lines }
  throw invalid(faults)
}

export const invalid = (errors: readonly FieldError[]) =>
  new Problem(
    422,
    'Invalid request',
    errors.length === 1
      ? 'One thing in the request is not right.'
      : `${errors.length} things in the request are not right.`,
    { errors },
  )

/** The same form as a message_id: a name that callers make up. */
export function faultsOfKey(idempotencyKey: string | undefined): FieldError[] {
  if (idempotencyKey === undefined || /^[A-Za-z0-9_-]{8,64}$/.test(idempotencyKey)) return []
  const message = 'An Idempotency-Key has 8 to 64 of the characters A-Z a-z 0-9 _ -.'
  return [{ path: '/headers/idempotency-key', message }]
}

/** A form may only come from our own pages: a browser says so, a program has to send our Origin. */
export function checkForgery({ headers }: APIGatewayProxyEventV2): void {
  if (headers['sec-fetch-site'] === 'same-origin' || isOwnOrigin(headers)) return
  throw new Problem(
    403,
    'Cross-site request',
    'Forms are taken from this site only. A program sends the header Origin with this site’s own address.',
  )
}

export function isOwnOrigin(headers: APIGatewayProxyEventV2['headers']): boolean {
  const { origin, host } = headers
  if (!origin || !host) return false
  return URL.canParse(origin) && new URL(origin).host === host
}

/** The body as text, whole; throws 413 over the limit, and 400 for bytes that are no text. */
export function readText(event: APIGatewayProxyEventV2, limitBytes: number): string {
  const { body = '', isBase64Encoded } = event
  const bytes = isBase64Encoded ? Buffer.from(body, 'base64') : Buffer.from(body, 'utf8')
  if (bytes.length > limitBytes) throw tooLarge(limitBytes)
  if (!isBase64Encoded) return body
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new Problem(400, 'Not UTF-8', 'The body is not text in UTF-8.', { cause })
  }
}

/** Throws where others would put U+FFFD, so that nothing is stored that nobody said. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

export const tooLarge = (limitBytes: number) =>
  new Problem(413, 'Body too large', `A body may have at most ${limitBytes / 1024} KiB here.`)

function readJson(event: APIGatewayProxyEventV2, limitBytes: number): unknown {
  const type = event.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Problem(415, 'Not JSON', 'Send JSON, with the header content-type: application/json.')
  }
  const text = readText(event, limitBytes)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Problem(400, 'Not JSON', 'The body is not valid JSON.', { cause })
  }
}

function readJsonLines(event: APIGatewayProxyEventV2, limitBytes: number): string {
  const type = event.headers['content-type'] ?? ''
  if (!/^application\/(x-ndjson|ndjson|jsonl|x-jsonlines)\s*(;|$)/i.test(type)) {
    throw new Problem(
      415,
      'Not JSON lines',
      'Send one JSON object a line, with the header content-type: application/x-ndjson.',
    )
  }
  return readText(event, limitBytes)
}

function readForm(event: APIGatewayProxyEventV2, limitBytes: number): unknown {
  const type = event.headers['content-type'] ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new Problem(415, 'Not a form', 'Send application/x-www-form-urlencoded.')
  }
  return Object.fromEntries(new URLSearchParams(readText(event, limitBytes)))
}

function toFieldErrors(issue: z.core.$ZodIssue, schema: z.ZodType, prefix: string): FieldError[] {
  const pointer = (path: readonly PropertyKey[]) =>
    prefix +
    path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  if (issue.code !== 'unrecognized_keys') {
    return [{ path: pointer(issue.path), message: messageOf(issue) }]
  }
  const known = knownKeys(schema, issue.path)
  return issue.keys.map((key) => ({
    path: pointer([...issue.path, key]),
    message: `There is no member “${key.slice(0, 64)}” here; the nearest is “${nearest(key, known)}”.`,
  }))
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return `This is required: a value of type ${issue.expected}.`
  }
  return issue.message
}

/** The members of the object that `path` leads to. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema
  for (const part of path) {
    at = unwrap(at)
    if (at instanceof z.ZodArray) at = at.element
    else if (at instanceof z.ZodObject) at = at.shape[String(part)]
  }
  at = unwrap(at)
  return at instanceof z.ZodObject ? Object.keys(at.shape) : []
}

function unwrap(schema: unknown): unknown {
  let at = schema
  while (at instanceof z.ZodOptional || at instanceof z.ZodDefault || at instanceof z.ZodNullable) {
    at = at.unwrap()
  }
  return at
}

function nearest(word: string, candidates: readonly string[]): string {
  const short = word.slice(0, 64)
  const distances = candidates.map((candidate) => editDistance(short, candidate))
  return candidates[distances.indexOf(Math.min(...distances))] ?? ''
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row.at(-1)!
}
