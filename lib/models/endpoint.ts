import type { Endpoint } from '../endpoint-address.ts'
import { chatServerProbe, embeddingServerProbe } from '../free-probes.ts'
import type { Remedy } from '../upstream/fault.ts'
import {
  createUpstreamFetch,
  type UpstreamFetch,
  type UpstreamFetchOptions,
} from '../upstream/upstream-fetch.ts'

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
    probe: chatServerProbe(endpoint),
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
    probe: embeddingServerProbe(endpoint),
    ...options,
  })
}
