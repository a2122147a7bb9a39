import type { Remedy } from '../upstream/fault.ts'
import {
  createUpstreamFetch,
  type UpstreamFetch,
  type UpstreamFetchOptions,
} from '../upstream/upstream-fetch.ts'

/** A server of one's own, reached by its address; a token only where it asks for one. */
export interface Endpoint {
  /** With or without `/v1` at its end. */
  readonly url: string
  readonly token?: string | undefined
}

/** The address of a route, such as `/v1/models`, wherever the configured one ends. */
export function endpointRoute({ url }: Endpoint, route: `/${string}`): string {
  const { origin, pathname, search } = new URL(url)
  const base = pathname.replace(/\/+$/, '').replace(/\/v1$/, '')
  return `${origin}${base}${route}${search}`
}

export const endpointHeaders = ({ token }: Endpoint): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

/** What to do where the server wants to know who asks. */
export const endpointRemedy =
  (setting: string): Remedy =>
  ({ statusCode = 0 }) =>
    [401, 403].includes(statusCode) ? `Set or check ${setting}.` : undefined

/** A fetch for an OpenAI-shaped server; its list of models is the probe, which costs nothing. */
export function createChatEndpointFetch(
  endpoint: Endpoint,
  options: Partial<UpstreamFetchOptions> = {},
): UpstreamFetch {
  return createUpstreamFetch({
    name: 'The model server',
    isRepeatable: () => true, // A second answer to the same messages costs tokens and changes nothing.
    probe: { url: endpointRoute(endpoint, '/v1/models'), headers: endpointHeaders(endpoint) },
    ...options,
  })
}

/** A fetch for a text-embeddings-inference server; what it says of itself is the probe. */
export function createEmbeddingEndpointFetch(
  endpoint: Endpoint,
  options: Partial<UpstreamFetchOptions> = {},
): UpstreamFetch {
  return createUpstreamFetch({
    name: 'The embedding server',
    isRepeatable: () => true,
    probe: { url: endpointRoute(endpoint, '/info'), headers: endpointHeaders(endpoint) },
    ...options,
  })
}
