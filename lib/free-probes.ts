import { type Endpoint, endpointHeaders, endpointRoute } from './endpoint-address.ts'

/** A request that costs nothing and shows whether a service can be reached. */
export interface Probe {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The description of the index. */
export const pineconeProbe = (controllerUrl: string, index: string, apiKey: string): Probe => ({
  url: `${controllerUrl.replace(/\/+$/, '')}/indexes/${index}`,
  headers: { 'api-key': apiKey, 'x-pinecone-api-version': '2026-07' },
})

/** The description of the model; a name may end in `:provider`. */
export const huggingFaceChatProbe = (routerUrl: string, model: string, token: string): Probe => ({
  url: `${routerUrl}/v1/models/${model.split(':')[0]}`,
  headers: { authorization: `Bearer ${token}` },
})

/** The hub's description of the model, which says who serves it. */
export const huggingFaceEmbeddingsProbe = (hubUrl: string, model: string): Probe => ({
  url: `${hubUrl}/api/models/${model}?expand[]=inferenceProviderMapping`,
})

/** The models of an OpenAI-shaped server. */
export const chatServerProbe = (endpoint: Endpoint): Probe => ({
  url: endpointRoute(endpoint, '/v1/models'),
  headers: endpointHeaders(endpoint),
})

/** What a text-embeddings-inference server says of itself. */
export const embeddingServerProbe = (endpoint: Endpoint): Probe => ({
  url: endpointRoute(endpoint, '/info'),
  headers: endpointHeaders(endpoint),
})
