import type { HuggingFaceEmulator } from './hugging-face.ts'
import type { PineconeEmulator } from './pinecone.ts'

/** What makes the product use an emulator: the key, as in production, and the addresses. */
export const pineconeSettings = ({ apiKey, url }: Pick<PineconeEmulator, 'apiKey' | 'url'>) => ({
  PINECONE_API_KEY: apiKey,
  PINECONE_CONTROLLER_HOST: url,
})

export const huggingFaceSettings = ({
  token,
  url,
}: Pick<HuggingFaceEmulator, 'token' | 'url'>) => ({
  HF_TOKEN: token,
  HF_ROUTER_URL: url,
  HF_HUB_URL: url,
})
