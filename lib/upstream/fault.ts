import { UpstreamError } from '../errors.ts'

/**
 * - `network`: no connection, or it was lost
 * - `timeout`: our deadline passed
 * - `open`: not asked at all, since the last calls failed (circuit breaker)
 * - `status`: an answer that says no; see `statusCode`
 * - `nonsense`: an answer that is not what the protocol promises
 */
export type FaultKind = 'network' | 'timeout' | 'open' | 'status' | 'nonsense'

export interface FaultDetails {
  /** Machine-readable: `ECONNREFUSED`, or the code in the body of an answer, such as `model_not_supported`. */
  readonly code?: string | undefined
  readonly statusCode?: number | undefined
  /** What the upstream asked us to wait. */
  readonly retryAfterSeconds?: number | undefined
  /** True when the connection was an old one that had died unnoticed: nobody saw the request. */
  readonly wasStale?: boolean | undefined
}

/**
 * Why a call to an upstream failed, in figures and codes alone: no text of a body, no header, no key, no foreign error
 * as its cause (parsers and SDKs quote what they were given). Thrown by the fetch of lib/upstream; an SDK
 * passes it on as it is or as the cause of its own error, where `faultOf` finds it.
 */
export class UpstreamFault extends Error {
  override readonly name = 'UpstreamFault'
  readonly upstream: string
  readonly kind: FaultKind
  readonly code: string | undefined
  /** Not `status`: Pinecone's SDK takes an error with a `status` of 500 or more for its own and replaces it. */
  readonly statusCode: number | undefined
  readonly retryAfterSeconds: number | undefined
  readonly wasStale: boolean

  constructor(upstream: string, kind: FaultKind, details: FaultDetails = {}) {
    super(`${upstream} ${happened(kind, details)}.`)
    this.upstream = upstream
    this.kind = kind
    this.code = details.code
    this.statusCode = details.statusCode
    this.retryAfterSeconds = details.retryAfterSeconds
    this.wasStale = details.wasStale ?? false
  }
}

/** The fault in an error or in what caused it. */
export function faultOf(error: unknown): UpstreamFault | undefined {
  for (
    let each = error, depth = 0;
    each instanceof Error && depth < 5;
    each = each.cause, depth += 1
  ) {
    if (each instanceof UpstreamFault) return each
  }
  return undefined
}

/** What to do about a fault, as a sentence that names a setting; undefined where waiting is all there is. */
export type Remedy = (fault: UpstreamFault) => string | undefined

/**
 * What a caller is told of a failed call. A foreign error (a parser's, an SDK's) becomes `nonsense` by its name alone, since
 * its message may quote what was said.
 */
export function upstreamError(
  upstream: string,
  error: unknown,
  remedyFor: Remedy = () => undefined,
): UpstreamError {
  if (error instanceof UpstreamError) return error
  const fault =
    faultOf(error) ??
    new UpstreamFault(upstream, 'nonsense', {
      code: error instanceof Error ? error.name : typeof error,
    })
  const { retryAfterSeconds } = fault
  const remedy = remedyFor(fault)
  const detail = remedy === undefined ? fault.message : `${fault.message} ${remedy}`
  return new UpstreamError(upstream, failureOf(fault), detail, {
    cause: fault,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

/** True when the upstream was out of reach or overloaded: later, the same call can succeed. */
export function isOutage({ kind, statusCode = 0 }: UpstreamFault): boolean {
  return kind !== 'status' || statusCode >= 500
}

function failureOf({ kind, statusCode = 0 }: UpstreamFault) {
  if (kind === 'timeout' || kind === 'nonsense') return kind
  if (kind === 'network' || kind === 'open') return 'unavailable'
  if ([401, 402, 403, 407].includes(statusCode)) return 'refused'
  // 424 is how text-embeddings-inference says that its backend failed.
  return [408, 424, 425, 429].includes(statusCode) || statusCode >= 500 ? 'unavailable' : 'nonsense'
}

function happened(kind: FaultKind, { code, statusCode }: FaultDetails): string {
  const sentences: Record<FaultKind, string> = {
    network: 'cannot be reached',
    timeout: 'did not answer in time',
    open: 'failed several times in a row and is left alone for some seconds',
    status: `answered ${statusCode}`,
    nonsense: 'answered what cannot be understood',
  }
  return code === undefined ? sentences[kind] : `${sentences[kind]} (${code})`
}
