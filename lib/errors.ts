const brand = Symbol.for('ai-memory-layer.problem')

/**
 * A failure with an answer: what was wrong and what to do. Bundles share no classes, so a problem is known
 * by its brand and not by `instanceof` (an error may rise from a store that another bundle opened).
 */
export class Problem extends Error {
  override readonly name: string = 'Problem'
  readonly [brand] = true
  readonly status: number
  /** Short and the same for every occurrence; `message` is the detail of this one. */
  readonly title: string
  readonly errors: readonly FieldError[] | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, title: string, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.status = status
    this.title = title
    this.errors = options.errors
    this.headers = options.headers ?? {}
  }
}

export interface ProblemOptions {
  readonly errors?: readonly FieldError[]
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** One fault of a request: `path` is a JSON Pointer, `message` says what is allowed. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

export const isProblem = (error: unknown): error is Problem =>
  typeof error === 'object' && error !== null && brand in error

/** What is unknown or belongs to somebody else: the two are told apart to nobody. */
export const notFound = (what: string) => new Problem(404, 'Not found', `There is no such ${what}.`)

/** The store does not answer: nothing was written, the same call can succeed later. */
export class StoreUnavailableError extends Problem {
  override readonly name = 'StoreUnavailableError'
  constructor(detail: string, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(503, 'Memory is not available', detail, {
      headers: { 'retry-after': String(options.retryAfterSeconds ?? 2) },
      cause: options.cause,
    })
  }
}

export type UpstreamFailure = 'unavailable' | 'refused' | 'nonsense' | 'timeout'

const upstreamAnswer = {
  unavailable: [503, 'The model is not available'],
  refused: [502, 'The model refused our credentials'],
  nonsense: [502, 'The model answered nonsense'],
  timeout: [504, 'The model took too long'],
} as const satisfies Record<UpstreamFailure, readonly [number, string]>

/** A service we call did not do its part. `detail` is ours: it never holds a prompt, a text or a key. */
export class UpstreamError extends Problem {
  override readonly name = 'UpstreamError'
  readonly failure: UpstreamFailure
  readonly upstream: string
  constructor(
    upstream: string,
    failure: UpstreamFailure,
    detail: string,
    options: { retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    const [status, title] = upstreamAnswer[failure]
    const retryAfter = String(Math.ceil(options.retryAfterSeconds ?? 5))
    super(status, title, detail, {
      headers: failure === 'unavailable' ? { 'retry-after': retryAfter } : {},
      cause: options.cause,
    })
    this.failure = failure
    this.upstream = upstream
  }
}

/** The service whose failure this is, where it is one's. */
export const upstreamOf = (error: unknown) =>
  isProblem(error) && 'upstream' in error ? String(error.upstream) : undefined

/**
 * What a log may say of an error: its name, code and where it rose. Its message only when it is ours, for those of
 * others (SDKs, parsers) may quote a prompt, a text or a key.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error) && !isProblem(error)) return { name: typeof error }
  const { name, stack, cause } = error
  return {
    name,
    code: (error as NodeJS.ErrnoException).code,
    ...(isProblem(error) ? { message: error.message } : {}),
    at: stack
      ?.split('\n')
      .filter((line) => line.startsWith('    at '))
      .slice(0, 8)
      .map((line) => line.trim()),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  }
}
