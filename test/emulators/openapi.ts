import { Ajv, type ValidateFunction } from 'ajv'
import type { Contract } from './contract.ts'
import { parseJson, type ReceivedRequest } from './received.ts'

/** The parts of an OpenAPI 3.0 document that are read here. */
export interface OpenApiDocument {
  readonly paths: Record<string, Record<string, unknown>>
  readonly components?: Record<string, unknown>
  readonly security?: readonly unknown[]
}

interface Parameter {
  readonly in: 'path' | 'query' | 'header'
  readonly name: string
  readonly required?: boolean
  readonly schema: { readonly type?: string; readonly default?: unknown; readonly items?: unknown }
}

interface Operation {
  readonly method: string
  readonly path: RegExp
  readonly pathNames: readonly string[]
  readonly parameters: readonly { parameter: Parameter; pointer: string }[]
  /** Pointer to the schema of the JSON body, where there is one. */
  readonly body: string | undefined
  /** By status, or by `4XX`; pointer to the schema by content type. */
  readonly responses: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export interface OpenApiContractOptions {
  /** Statuses that the document says in words are also answered as plain text. */
  readonly plainTextStatuses?: readonly number[]
  /** Statuses without a body that the document leaves out. */
  readonly bareStatuses?: readonly number[]
  /** Header that authenticates, where the document names one. */
  readonly keyHeader?: string
}

/**
 * Holds both sides to an OpenAPI document, strictly: an operation, parameter, member, status or content
 * type that it does not name is a breach. Validators are compiled on first use.
 */
export function openApiContract(
  document: OpenApiDocument,
  { plainTextStatuses = [], bareStatuses = [], keyHeader }: OpenApiContractOptions = {},
): Contract {
  const ajv = createAjv()
  ajv.addSchema(strict(document) as object, 'api')
  const operations = listOperations(document)
  const find = (request: ReceivedRequest) =>
    operations.find(({ method, path }) => method === request.method && path.test(request.path))
  const validate = (pointer: string, value: unknown, what: string) =>
    problems(validator(ajv, `api${pointer}`), value, what)

  return {
    request(request) {
      const operation = find(request)
      if (!operation) return ['no such operation']
      const found = checkParameters(operation, request, validate)
      if (keyHeader && !request.headers[keyHeader]) found.push(`header ${keyHeader} is missing`)
      if (operation.body === undefined) {
        if (request.body !== '') found.push('a body where none is allowed')
      } else if (contentType(request.headers['content-type']) !== 'application/json') {
        found.push(`content type ${request.headers['content-type'] ?? 'missing'}`)
      } else {
        found.push(...validate(operation.body, request.json, 'body'))
      }
      return found
    },

    response(request, { status, contentType, body }) {
      const operation = find(request)
      if (!operation) return []
      const { responses } = operation
      if (bareStatuses.includes(status) && body === '') return []
      const contents = responses.get(`${status}`) ?? responses.get(`${`${status}`[0]}XX`)
      if (!contents) return [`status ${status} is not documented`]
      if (contents.size === 0) return body === '' ? [] : ['a body where none is documented']
      if (contentType === 'text/plain' && plainTextStatuses.includes(status)) return []
      const pointer = contentType === undefined ? undefined : contents.get(contentType)
      if (pointer === undefined) return [`content type ${contentType ?? 'missing'} at ${status}`]
      return validate(pointer, contentType === 'application/json' ? parseJson(body) : body, 'body')
    },
  }
}

/** JSON Schema as OpenAPI means it. Formats are names only: what they promise has its own keywords. */
export function createAjv(): Ajv {
  const formats = { int32: true, int64: true, uint64: true, float: true, byte: true } as const
  return new Ajv({ strict: false, allErrors: true, formats })
}

export function validator(ajv: Ajv, reference: string): ValidateFunction {
  const found = ajv.getSchema(reference)
  if (!found) throw new Error(`No schema at ${reference}`)
  return found as ValidateFunction
}

export function problems(validate: ValidateFunction, value: unknown, what: string): string[] {
  if (validate(value)) return []
  const errors = (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const name = params['additionalProperty'] as string | undefined
    return `${what}${instancePath} ${message}${name === undefined ? '' : ` '${name}'`}`
  })
  return [errors.slice(0, 4).join('; ')]
}

/** Lower case and without parameters. */
export const contentType = (header: string | undefined) =>
  header === undefined ? undefined : (header.split(';')[0] ?? '').trim().toLowerCase()

/**
 * The same schema without its looseness: `nullable` without a type (which JSON Schema does not know)
 * becomes a choice, open enumerations (`x-enum`) are closed, and members nobody named are refused.
 */
export function strict(node: unknown, options: { closed?: boolean } = {}): unknown {
  const { closed = true } = options
  if (Array.isArray(node)) return node.map((each) => strict(each, options))
  if (typeof node !== 'object' || node === null) return node
  const schema: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(node)) {
    if (key === '$schema' || key === '$id') continue
    if (key === 'example' || key === 'examples') continue
    if (key === 'x-enum') schema['enum'] = value
    // A part of a whole does not know the members of the other parts.
    else schema[key] = strict(value, key === 'allOf' ? { closed: false } : options)
  }
  if (closed && typeof schema['properties'] === 'object' && schema['type'] === 'object') {
    schema['additionalProperties'] ??= false
  }
  if (schema['nullable'] !== true || schema['type'] !== undefined) return schema
  const { nullable: _, ...rest } = schema
  return { anyOf: [rest, { type: 'null' }] }
}

function listOperations(document: OpenApiDocument): Operation[] {
  const resolve = (pointer: string): { pointer: string; node: Record<string, unknown> } => {
    const node = at(document, pointer) as Record<string, unknown>
    const reference = node['$ref']
    return typeof reference === 'string' ? resolve(reference) : { pointer, node }
  }
  return Object.entries(document.paths).flatMap(([template, methods]) => {
    const base = `#/paths/${escape(template)}`
    const parametersAt = (pointer: string) =>
      ((at(document, pointer) as unknown[] | undefined) ?? []).map((_, index) => {
        const { pointer: found, node } = resolve(`${pointer}/${index}`)
        return { parameter: node as object as Parameter, pointer: `${found}/schema` }
      })
    const pathNames = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
    const path = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '([^/]+)')}$`)
    const verbs = Object.keys(methods).filter((key) => key !== 'parameters')
    return verbs.map((method) => {
      const here = `${base}/${method}`
      const body = `${here}/requestBody/content/application~1json/schema`
      const responses = Object.keys(at(document, `${here}/responses`) as object).map((status) => {
        const { pointer, node } = resolve(`${here}/responses/${status}`)
        const types = Object.keys((node['content'] as object | undefined) ?? {})
        const schemas = types.map((type) => {
          return [type, `${pointer}/content/${escape(type)}/schema`] as const
        })
        return [status, new Map(schemas)] as const
      })
      return {
        method: method.toUpperCase(),
        path,
        pathNames,
        parameters: [...parametersAt(`${base}/parameters`), ...parametersAt(`${here}/parameters`)],
        body: at(document, body) === undefined ? undefined : body,
        responses: new Map(responses),
      }
    })
  })
}

function checkParameters(
  { path, pathNames, parameters }: Operation,
  request: ReceivedRequest,
  validate: (pointer: string, value: unknown, what: string) => string[],
): string[] {
  const { query } = request
  const values = path.exec(request.path)?.slice(1) ?? []
  const read = ({ in: where, name, schema }: Parameter): unknown => {
    if (where === 'path') return decodeURIComponent(values[pathNames.indexOf(name)] ?? '')
    if (where === 'header') return request.headers[name.toLowerCase()]
    if (schema.type === 'array') return query.has(name) ? query.getAll(name) : undefined
    return query.get(name) ?? undefined
  }
  const found = parameters.flatMap(({ parameter, pointer }) => {
    const what = `${parameter.in} ${parameter.name}`
    const raw = read(parameter)
    if (raw === undefined) return parameter.required ? [`${what} is missing`] : []
    // The version of the contract is the only one that its document can speak for.
    if (parameter.in === 'header' && raw !== parameter.schema.default) {
      return [`${what} is '${raw as string}'`]
    }
    return validate(pointer, coerce(raw, parameter.schema.type), what)
  })
  const known = new Set(parameters.map(({ parameter }) => parameter.name))
  const unknown = [...new Set(query.keys())].filter((name) => !known.has(name))
  return [...found, ...unknown.map((name) => `query ${name} is not documented`)]
}

/** Paths and queries carry text only. */
function coerce(value: unknown, type: string | undefined): unknown {
  if ((type === 'integer' || type === 'number') && value !== '') return Number(value)
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value
  return value
}

function at(document: unknown, pointer: string): unknown {
  const steps = pointer.slice(2).split('/')
  const unescape = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~')
  return steps.reduce<unknown>(
    (node, step) => (node as Record<string, unknown> | undefined)?.[unescape(step)],
    document,
  )
}

const escape = (step: string) => step.replaceAll('~', '~0').replaceAll('/', '~1')
