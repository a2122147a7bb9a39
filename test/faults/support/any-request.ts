import { apiDocument, type DocumentedOperation } from '../../support/openapi.ts'
import type { Random } from './random.ts'

/** A request that may be well, or wrong in one of many ways. */
export interface AnyRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
}

type Schema = Readonly<Record<string, unknown>>

/** Requests made from the document: half of them by its rules, half of them broken somewhere. */
export function createRequestMaker(random: Random): () => AnyRequest {
  const { between, pick } = random
  const chance = (share: number) => random.next() < share
  const operations = Object.entries(apiDocument.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation,
    })),
  )

  function text(least: number, most: number): string {
    const length = chance(0.02) ? most : between(least, Math.max(least, Math.min(most, 40)))
    return Array.from({ length }, () => pick(LETTERS)).join('')
  }

  /** A value that fits the schema, as far as a schema says it. */
  function fitting(schema: Schema): unknown {
    const target = schema['$ref'] as string | undefined
    if (target !== undefined) {
      return fitting(apiDocument.components.schemas[target.split('/').at(-1)!] as Schema)
    }
    if (Array.isArray(schema['enum'])) return pick(schema['enum'] as unknown[])
    const number = (name: string, otherwise: number) => (schema[name] as number) ?? otherwise
    switch (schema['type']) {
      case 'object':
        return members(schema)
      case 'array': {
        const most = Math.min(number('maxItems', 4), chance(0.02) ? 1000 : 4)
        const length = between(number('minItems', 0), most)
        return Array.from({ length }, () => fitting(schema['items'] as Schema))
      }
      case 'integer':
        return between(Math.max(number('minimum', 0), -1000), Math.min(number('maximum', 50), 1000))
      case 'number':
        return random.next()
      case 'boolean':
        return chance(0.5)
      default:
        return string(schema)
    }
  }

  function string(schema: Schema): string {
    if (schema['format'] === 'date-time') {
      return new Date(between(0, 1_770_000_000) * 1000).toISOString()
    }
    if (schema['format'] === 'uuid') return pick(IDS)
    const pattern = schema['pattern'] as string | undefined
    if (pattern !== undefined) return pick(NAMES.filter((name) => new RegExp(pattern).test(name)))
    return text((schema['minLength'] as number) ?? 0, (schema['maxLength'] as number) ?? 200)
  }

  function members({ properties = {}, required = [] }: Schema): Record<string, unknown> {
    const entries = Object.entries(properties as Record<string, Schema>)
      .filter(([name]) => (required as string[]).includes(name) || chance(0.4))
      .map(([name, schema]) => [name, fitting(schema)])
    return Object.fromEntries(entries) as Record<string, unknown>
  }

  /** The value with something in it replaced, taken away or added. */
  function broken(value: unknown): unknown {
    if (chance(0.3) || typeof value !== 'object' || value === null) return pick(JUNK)
    if (Array.isArray(value)) {
      return value.length === 0
        ? [pick(JUNK)]
        : value.with(between(0, value.length - 1), broken(value[0]))
    }
    const entries = Object.entries(value)
    const at = between(0, entries.length)
    if (at === entries.length) entries.push([pick(KEYS), pick(JUNK)])
    else if (chance(0.3)) entries.splice(at, 1)
    else entries[at] = [entries[at]![0], broken(entries[at]![1])]
    return Object.fromEntries(entries)
  }

  function bodyOf({ requestBody }: DocumentedOperation): [string, string | Buffer | undefined] {
    const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? []
    if (type === undefined || media === undefined) return ['', undefined]
    const one = () => {
      const value = fitting((media['x-line'] ?? media.schema) as Schema)
      return JSON.stringify(chance(0.4) ? broken(value) : value) ?? ''
    }
    const lines = media['x-line'] ? Array.from({ length: between(0, 5) }, one).join('\n') : one()
    if (chance(0.9)) return [type, lines]
    const bytes = Buffer.from(lines)
    const cut = bytes.subarray(0, between(0, bytes.length))
    return [chance(0.5) ? type : pick(TYPES), Buffer.concat([cut, Buffer.from(pick(BYTES))])]
  }

  return () => {
    if (chance(0.08))
      return { method: 'GET', path: pick(PAGES) + pick(ENDS), headers: {}, body: undefined }
    const { path, method, operation } = pick(operations)
    const [type, body] = bodyOf(operation)
    const query = new URLSearchParams()
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
    let filled = path
    for (const { name, in: place, schema } of operation.parameters) {
      if (place === 'path') {
        const id = chance(0.15)
          ? pick(ENDS) || 'x'
          : encodeURIComponent(String(fitting(schema as Schema)))
        filled = filled.replace(`{${name}}`, () => id)
      } else if (place === 'query' && (chance(0.5) || name === 'user_id')) {
        query.append(name, String(chance(0.15) ? pick(JUNK) : fitting(schema as Schema)))
      } else if (place === 'header' && chance(0.1)) {
        headers[name.toLowerCase()] = chance(0.5)
          ? pick(HEADERS)
          : String(fitting(schema as Schema))
      }
    }
    const search = chance(0.03) ? `?${pick(ENDS)}` : query.size > 0 ? `?${query.toString()}` : ''
    const isOther = chance(0.04)
    const verb = isOther ? pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) : method
    const takesBody = verb !== 'GET' && verb !== 'HEAD'
    return {
      method: verb,
      path: filled + search,
      headers,
      body: takesBody ? body : undefined,
    }
  }
}

const LETTERS = Array.from('abc tea,.?!äß茶차\u{1f600}\u0301\u200d\n\t"\\<>&%')
export const NAMES = [
  'ada',
  'bob',
  'ada@example.org',
  'kitchen_1',
  'message-0001',
  'message-0002',
  'a',
]
/** Of memories that a run can put there first, and one of none. */
export const IDS = Array.from(
  { length: 50 },
  (_, at) => `019b76da-a800-7000-8000-${String(at).padStart(12, '0')}`,
).concat('01a1fc1f-383d-726e-8bf6-f036098e3097')
const KEYS = ['__proto__', 'constructor', 'toString', '', 'a/b~c', 'user_id', 'x'.repeat(300), '\0']
const NUMBERS: unknown[] = [null, true, 0, -1, 1.5, 1e308, -0, 2 ** 53, [], {}, [[[[]]]]]
const TEXTS = [
  '',
  ' ',
  '\0',
  '\ud800',
  '*',
  '../..',
  'x'.repeat(5000),
  '١٢',
  'NaN',
  '1e3',
  "' OR 1=1 --",
]
const JUNK = NUMBERS.concat(TEXTS)
const TYPES = [
  'text/plain',
  'application/xml',
  'application/json; charset=latin1',
  'x',
  'multipart/form-data',
]
const BYTES = [
  [0xff, 0xfe],
  [0xc3, 0x28],
  [0],
  [0xed, 0xa0, 0x80],
  [0x22, 0x7d],
  [0xef, 0xbb, 0xbf],
]
const HEADERS = ['', 'x', '*', 'a b', 'é', '-', 'x'.repeat(300), '0', 'null', '../']
const PAGES = [
  '/',
  '/c/',
  '/memories',
  '/assets/',
  '/c/default/m/x/stream',
  '/healthz',
  '/api/',
  '//',
]
const ENDS = [
  '',
  '%ff',
  '%00',
  '%2e%2e',
  '..',
  '%',
  '?cursor=x',
  '?before=1',
  '#',
  'x'.repeat(3000),
  "'",
  '%0d%0a',
  '*',
]
