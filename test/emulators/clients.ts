import { InferenceClient } from '@huggingface/inference'
import { Pinecone } from '@pinecone-database/pinecone'
import type { HuggingFaceEmulator } from './hugging-face.ts'
import type { PineconeEmulator } from './pinecone.ts'

/** The real SDK, unmodified, on an emulator. */
export const pineconeClient = ({ apiKey, url }: Pick<PineconeEmulator, 'apiKey' | 'url'>) =>
  new Pinecone({ apiKey, controllerHostUrl: url, maxRetries: 0 })

/** The real SDK, unmodified; its fetch only sends the two origins it knows to the emulator. */
export const huggingFaceClient = (
  emulator: HuggingFaceEmulator,
  { token = emulator.token, retries = false } = {},
) =>
  new InferenceClient(token, {
    fetch: (url, init) => fetch(emulator.rewrite(url as string), init),
    retry_on_error: retries,
  })

/** The real SDK on an endpoint of one's own, such as `emulator.endpointUrl`. */
export const endpointClient = (endpointUrl: string, token?: string) =>
  new InferenceClient(token, { endpointUrl, retry_on_error: false })
