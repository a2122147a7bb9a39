import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { InferenceClient } from '@huggingface/inference'
import { Pinecone } from '@pinecone-database/pinecone'

/**
 * What a turn over Pinecone is measured beside, on the same machine in the same run: the four calls of a turn as the
 * guides of the two SDKs have them, with the global fetch. No limits, no retries, no words, no outbox, no log, nothing
 * that survives a crash.
 */

const { PINECONE_API_KEY = '', PINECONE_CONTROLLER_HOST = '', HF_TOKEN, HF_URL = '' } = process.env
const EMBEDDING_MODEL = 'sentence-transformers/all-MiniLM-L6-v2'
const MODEL = 'mistralai/Mistral-7B-Instruct-v0.2'
const DIMENSION = 384

const pinecone = new Pinecone({
  apiKey: PINECONE_API_KEY,
  controllerHostUrl: PINECONE_CONTROLLER_HOST,
})
await pinecone.createIndex({
  name: 'plain',
  dimension: DIMENSION,
  metric: 'dotproduct',
  spec: { serverless: { cloud: 'aws', region: 'us-east-1' } },
  suppressConflicts: true,
})
const { host } = await pinecone.describeIndex('plain')
const index = pinecone.index({ host })
const models = new InferenceClient(HF_TOKEN, {
  // The emulator in the place of every address of Hugging Face.
  fetch: (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input)
    return fetch(`${HF_URL}${pathname}${search}`, init)
  },
})

async function chat(userId: string, message: string) {
  const [values] = (await models.featureExtraction({
    model: EMBEDDING_MODEL,
    provider: 'hf-inference',
    inputs: [message],
  })) as number[][]
  const namespace = `u_${userId}`
  const metadata = { user_id: userId, role: 'user', text: message, ts: Date.now() }
  const id = `${userId}:${metadata.ts}:${randomUUID()}`
  const [{ matches }] = await Promise.all([
    index.query({ namespace, vector: values!, topK: 5, includeMetadata: true }),
    index.upsert({ namespace, records: [{ id, values: values!, metadata }] }),
  ])
  const context = matches.map((match) => `- ${String(match.metadata?.['text'])}`).join('\n')
  const answer = await models.chatCompletion({
    model: MODEL,
    messages: [{ role: 'user', content: `Known of the user:\n${context}\n\n${message}` }],
    max_tokens: 512,
  })
  return { response: answer.choices[0]?.message.content, context: matches }
}

const server = createServer((request, response) => {
  const send = (status: number, type: string, body: string) =>
    response.writeHead(status, { 'content-type': type }).end(body)
  if (request.url === '/metrics') {
    const { user, system } = process.cpuUsage()
    send(
      200,
      'text/plain',
      `process_cpu_seconds_total ${(user + system) / 1e6}\nprocess_resident_memory_bytes ${process.memoryUsage.rss()}\n`,
    )
    return
  }
  void buffer(request)
    .then((body) => JSON.parse(body.toString()) as { user_id: string; message: string })
    .then(({ user_id, message }) => chat(user_id, message))
    .then(
      (answer) => send(200, 'application/json', JSON.stringify(answer)),
      (error: unknown) => send(500, 'text/plain', String(error)),
    )
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ message: 'ready', url: `http://127.0.0.1:${port}` }))
})
process.on('SIGTERM', () => process.exit(0))
