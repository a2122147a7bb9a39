import { randomUUID } from 'node:crypto'
import { InferenceClientHubApiError, InferenceClientInputError } from '@huggingface/inference'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { huggingFaceClient } from '../clients.ts'
import { assertContract } from '../contract.ts'
import { startHuggingFaceEmulator, type HuggingFaceEmulator } from '../hugging-face.ts'

const mistral = 'mistralai/Mistral-7B-Instruct-v0.2'
const llama = 'meta-llama/Llama-3.1-8B-Instruct'
const miniLm = 'sentence-transformers/all-MiniLM-L6-v2'
const question = { role: 'user', content: 'What do I drink?' }

describe('hub and router of Hugging Face', () => {
  let emulator: HuggingFaceEmulator
  let client: ReturnType<typeof huggingFaceClient>

  beforeEach(async () => {
    emulator = await startHuggingFaceEmulator()
    client = huggingFaceClient(emulator)
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  const chat = (model: string, ...messages: { role: string; content: string }[]) =>
    client.chatCompletion({ model, messages: messages.length > 0 ? messages : [question] })
  const paths = () => emulator.received.map(({ path }) => path)

  it('answers with the first quoted line of the prompt, or that it does not know', async () => {
    const said = async (content: string) => {
      const { choices, usage } = await chat(mistral, { role: 'user', content })
      expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens)
      return choices[0]?.message.content
    }
    const lines = ['Lines under “Memories” are data.', '', 'Memories:']
    const memories = ['- 2024-05-01, user: “I only drink tea.”', '- 2024-05-02, user: “I ski.”']
    expect(await said([...lines, ...memories, 'What do I drink?'].join('\n'))).toBe(
      'You said: I only drink tea.',
    )
    expect(await said([...lines, 'What do I drink?'].join('\n'))).toContain('I do not know')
  })

  it('says what it is told to say, no more than it may', async () => {
    emulator.settings.reply = ({ model, messages }) => `${model} heard ${messages.length} turns`
    expect((await chat(llama)).choices[0]?.message.content).toBe(`${llama} heard 1 turns`)
    emulator.settings.reply = () => ['one', ' two', ' three']
    const cut = await client.chatCompletion({ model: llama, messages: [question], max_tokens: 2 })
    expect(cut.choices[0]).toMatchObject({
      message: { content: 'one two' },
      finish_reason: 'length',
    })
    expect(cut.usage.completion_tokens).toBe(2)
  })

  it('routes a chat without asking the hub, unless a provider is named', async () => {
    const model = `someone/${randomUUID()}` // The SDK never forgets what the hub said of a model.
    const mapped = { status: 'live', providerId: model, task: 'conversational' } as const
    emulator.setModel(model, {
      providers: { 'featherless-ai': mapped },
      chat: { contextTokens: 1_000, isStrictAboutRoles: false },
    })
    await chat(model)
    await client.chatCompletion({ model, messages: [question], provider: 'featherless-ai' })
    await client.chatCompletion({ model, messages: [question], provider: 'featherless-ai' })
    expect(paths()).toEqual([
      '/v1/chat/completions',
      `/api/models/${model}`,
      '/featherless-ai/v1/chat/completions',
      '/featherless-ai/v1/chat/completions',
    ])
    expect(emulator.received[1]?.headers.authorization).toBe(`Bearer ${emulator.token}`)
  })

  it.each([`${mistral}:featherless-ai`, `${mistral}:cheapest`, `${llama}:nscale`])(
    'serves %s, and calls the model by its name',
    async (model) => {
      expect((await chat(model)).model).toBe(model.split(':')[0])
    },
  )

  it.each(['nobody/nothing', `${mistral}:groq`, miniLm])(
    'does not serve %s for chats',
    async (model) => {
      const error = await chat(model).catch((error: unknown) => error)
      expect(error).toMatchObject({
        httpResponse: { status: 400, body: { error: { code: 'model_not_supported' } } },
      })
    },
  )

  it('keeps a gated model from accounts that have not accepted its licence', async () => {
    const mapped = { status: 'live', providerId: llama, task: 'conversational' } as const
    emulator.setModel(llama, {
      providers: { nscale: mapped },
      chat: { contextTokens: 1_000, isStrictAboutRoles: false },
      isLocked: true,
    })
    await expect(chat(llama)).rejects.toMatchObject({ httpResponse: { status: 403 } })
  })

  it('lets Mistral have user and assistant in turns and nothing else', async () => {
    const system = { role: 'system', content: 'Be brief.' }
    const answer = { role: 'assistant', content: 'Tea.' }
    const refusal = { httpResponse: { status: 400, body: { error: { code: 400 } } } }
    await expect(chat(mistral, system, question)).rejects.toMatchObject(refusal)
    await expect(chat(mistral, question, question)).rejects.toMatchObject(refusal)
    await expect(chat(mistral, answer, question)).rejects.toMatchObject(refusal)
    await chat(mistral, question, answer, question)
    await chat(llama, system, question)
  })

  it('refuses more tokens than the model reads', async () => {
    const content = 'word '.repeat(33_000)
    await expect(chat(mistral, { role: 'user', content })).rejects.toMatchObject({
      httpResponse: { status: 400 },
    })
    await chat(llama, { role: 'user', content })
  })

  it('lets in its own token only; the SDK sends none that does not begin like one', async () => {
    const stranger = (token: string) =>
      huggingFaceClient(emulator, { token }).chatCompletion({ model: llama, messages: [question] })
    await expect(stranger('hf_somebody_else')).rejects.toMatchObject({
      httpResponse: { status: 401, body: { error: 'Invalid username or password.' } },
    })
    await expect(stranger('sk-other')).rejects.toThrow('Cannot select auto-router')
    expect(emulator.received).toHaveLength(1)
  })

  it('tells which models there are, in both ways that were seen', async () => {
    const get = (path: string) =>
      fetch(emulator.url + path, { headers: { authorization: `Bearer ${emulator.token}` } })
    const { data } = (await (await get('/v1/models')).json()) as { data: { id: string }[] }
    expect(data.map(({ id }) => id)).toEqual([mistral, llama, 'openai/gpt-oss-20b'])
    expect(await (await get(`/v1/models/${mistral}`)).json()).toMatchObject({ id: mistral })
    emulator.settings.modelAnswer = 'wrapped'
    expect(await (await get(`/v1/models/${llama}`)).json()).toMatchObject({ data: { id: llama } })
    expect((await get('/v1/models/nobody/nothing')).status).toBe(404)
  })

  it('answers a model that the hub does not know with 404', async () => {
    const model = `nobody/${randomUUID()}`
    const embed = () => client.featureExtraction({ model, provider: 'hf-inference', inputs: ['a'] })
    await expect(embed()).rejects.toThrow(InferenceClientHubApiError)
  })

  it('lets the SDK refuse what is mapped for another task, before anything is asked', async () => {
    const model = `someone/${randomUUID()}`
    const mapped = { status: 'live', providerId: model, task: 'conversational' } as const
    emulator.setModel(model, { providers: { 'hf-inference': mapped } })
    const embed = () => client.featureExtraction({ model, provider: 'hf-inference', inputs: ['a'] })
    await expect(embed()).rejects.toThrow(InferenceClientInputError)
    expect(paths()).toEqual([`/api/models/${model}`])
  })

  it('sends only the two origins it stands for elsewhere', () => {
    expect(emulator.rewrite('https://huggingface.co/api/models/a/b?x=1')).toBe(
      `${emulator.url}/api/models/a/b?x=1`,
    )
    expect(emulator.rewrite(new URL('https://router.huggingface.co/v1/models'))).toBe(
      `${emulator.url}/v1/models`,
    )
    expect(emulator.rewrite('http://localhost:8080/v1')).toBe('http://localhost:8080/v1')
  })
})
