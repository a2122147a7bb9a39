import { StoreUnavailableError } from '../../errors.ts'
import { upstreamError, UpstreamFault } from '../../upstream/fault.ts'

/** What callers are told when Pinecone does not do its part. */
export function unavailable(error: unknown, addition = ''): unknown {
  if (!(error instanceof UpstreamFault)) return error
  const { message } = upstreamError(error.upstream, error, pineconeRemedy)
  const { retryAfterSeconds } = error
  return new StoreUnavailableError([message, addition].filter(Boolean).join(' '), {
    cause: error,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds: Math.ceil(retryAfterSeconds) }),
  })
}

export function pineconeRemedy({ statusCode, code }: UpstreamFault): string | undefined {
  if (statusCode === 401) return 'The key is refused: check PINECONE_API_KEY.'
  if (statusCode === 402) return 'The credit of this account is used up: see its billing settings.'
  if (statusCode === 403) {
    return 'The plan of this account allows no more, such as namespaces: see its quotas, or set PINECONE_ISOLATION=metadata.'
  }
  if (code === 'NOT_READY') return 'The index is being made; that takes some seconds.'
  return undefined
}
