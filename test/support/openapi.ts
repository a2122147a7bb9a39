import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { openApiDocument } from '../../functions/openapi/document.ts'
import type { ServerSentEvent } from './events.ts'

/** One request and its answer, as they went over the wire. */
export interface Exchange {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly status: number
  readonly headers: Headers
  /** Parsed where it is JSON; undefined where there is none. */
  readonly body: unknown
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>
    readonly headers: Readonly<Record<string, { required?: boolean; schema: object }>>
  }
}

export interface DocumentedOperation {
  readonly operationId: string
  readonly parameters: readonly DocumentedParameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> }
  readonly responses: Readonly<Record<string, DocumentedResponse>>
}

export interface DocumentedParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly schema: object
}

interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, { $ref: string }>>
  readonly content?: Readonly<Record<string, MediaType>>
}

interface MediaType {
  readonly schema: object
  readonly 'x-line'?: object
  readonly 'x-events'?: Readonly<Record<string, object>>
}

export const apiDocument = openApiDocument() as unknown as ApiDocument

export type ApiContract = ReturnType<typeof createApiContract>

/** Holds exchanges against a document. What it gives is a list of complaints; empty is well. */
export function createApiContract(document: ApiDocument) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  // Callers shall ignore members they do not know; the tests shall not: what is answered is documented.
  ajv.addSchema({ $id: 'api', components: closed(document.components) })
  const compiled = new Map<object, ValidateFunction>()

  function faultsOf(what: string, schema: object, value: unknown): string[] {
    let validate = compiled.get(schema)
    if (!validate) {
      validate = ajv.compile(closed(atRoot(schema)) as object)
      compiled.set(schema, validate)
    }
    if (validate(value)) return []
    return validate.errors!.map(
      ({ instancePath, message, params }) =>
        `${what}${instancePath}: ${message} ${JSON.stringify(params)}`,
    )
  }

  function bodyFaults(response: DocumentedResponse, { headers, body }: Exchange): string[] {
    const type = headers.get('content-type')
    const name = type?.split(';')[0]
    const media = Object.entries(response.content ?? {}).find(([known]) => known === name)?.[1]
    if (!response.content) {
      return type === null && body === undefined
        ? []
        : [`a body of type ${type} where none is documented`]
    }
    if (!media) return [`a body of type ${type}, which is not documented`]
    const lines = media['x-line']
    if (lines === undefined)
      return name === 'text/event-stream' ? [] : faultsOf('body', media.schema, body)
    const written = ((body as string | undefined) ?? '').split('\n').filter((line) => line !== '')
    return written.flatMap((line) => faultsOf('line', lines, JSON.parse(line)))
  }

  function headerFaults(response: DocumentedResponse, headers: Headers): string[] {
    return Object.keys(response.headers ?? {}).flatMap((name) => {
      const value = headers.get(name)
      const { required = false, schema } = document.components.headers[name]!
      if (value === null) return required ? [`the header ${name} is missing`] : []
      const isNumber = (schema as { type: string }).type === 'integer'
      return faultsOf(`header ${name}`, schema, isNumber ? Number(value) : value)
    })
  }

  return {
    /** The operation a request is for; the methods of its path where it is for none; undefined for an unknown path. */
    find(
      method: string,
      path: string,
    ): { key: string; operation: DocumentedOperation } | string[] | undefined {
      const [bare = ''] = path.split('?')
      const wanted = (method === 'HEAD' ? 'GET' : method).toLowerCase()
      const fitting = Object.entries(document.paths)
        .filter(([template]) => patternOf(template).test(bare))
        .toSorted(([a], [b]) => Number(a.includes('{')) - Number(b.includes('{')))
      for (const [template, operations] of fitting) {
        const operation = operations[wanted]
        if (operation) return { key: `${wanted.toUpperCase()} ${template}`, operation }
      }
      if (fitting.length === 0) return undefined
      return fitting
        .flatMap(([, operations]) => Object.keys(operations).map((name) => name.toUpperCase()))
        .toSorted()
    },

    complaintsAbout(exchange: Exchange): string[] {
      const { method, path, status, headers } = exchange
      if (!path.startsWith('/api/') || method === 'OPTIONS') return []
      const found = this.find(method, path)
      const problem = document.paths['/api/chat']!['post']!.responses['404']!
      const isStandIn = found === undefined || Array.isArray(found)
      if (isStandIn && ![401, 404, 405, 413, 429, 503].includes(status)) {
        return [`${status} of an operation that is not documented`]
      }
      if (Array.isArray(found) && status === 405 && headers.get('allow') !== found.join(', ')) {
        return [`Allow is ${headers.get('allow')}, and documented are ${found.join(', ')}`]
      }
      const response = isStandIn ? problem : found.operation.responses[status]
      if (!response) {
        // A streamed function has no head alone.
        return method === 'HEAD' && status === 405 ? [] : [`the status ${status} is not documented`]
      }
      const faults = headerFaults(response, headers)
      return method === 'HEAD' ? faults : [...faults, ...bodyFaults(response, exchange)]
    },

    complaintsAboutEvents(path: string, events: readonly ServerSentEvent[]): string[] {
      const found = this.find('POST', path)
      if (found === undefined || Array.isArray(found))
        return [`no events are documented at ${path}`]
      const known = found.operation.responses['200']!.content!['text/event-stream']!['x-events']!
      return events.flatMap(({ event, data }) => {
        if (event === 'comment') return []
        const schema = known[event]
        return schema ? faultsOf(event, schema, data) : [`the event ${event} is not documented`]
      })
    },
  }
}

/** `#/components/…` of the document, seen from a schema that was taken out of it. */
function atRoot(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object
}

/** The schema without room for members that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  )
  const isOpen = 'type' in schema && 'properties' in schema && !('additionalProperties' in schema)
  return isOpen ? { ...inner, additionalProperties: false } : inner
}

function patternOf(template: string): RegExp {
  const source = template.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/]+')
  return new RegExp(`^${source}$`)
}
