import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import * as z from 'zod'

/** One folder of the data: conversations as memories, and questions whose evidence is known. */
export interface Dataset {
  readonly name: string
  readonly conversations: readonly Conversation[]
  readonly questions: readonly Question[]
}

const Conversation = z.object({
  conversation_id: z.string(),
  speakers: z.array(z.string()),
  turns: z.array(
    z.object({
      id: z.string(),
      /** ISO 8601 without a zone, read as UTC. */
      ts: z.string(),
      speaker: z.string(),
      role: z.enum(['user', 'assistant']),
      text: z.string(),
      /** The sitting it belongs to. */
      session_id: z.string(),
    }),
  ),
})
export type Conversation = z.infer<typeof Conversation>

const Question = z.object({
  id: z.string(),
  conversation_id: z.string(),
  question: z.string(),
  /** What was said just before, oldest first. */
  context: z.array(z.string()).optional(),
  category: z.string(),
  /** Ids of the turns that answer it. */
  evidence: z.array(z.string()).min(1),
  asked_at: z.string().nullish(),
})
export type Question = z.infer<typeof Question>

/** Names of the folders in `directory` that hold a dataset. Throws when there are none. */
export function datasetNames(directory: string): string[] {
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => existsSync(join(directory, name, 'queries.jsonl')))
  if (names.length === 0) throw new Error(`No folder in ${directory} holds a queries.jsonl.`)
  return names.sort()
}

/** Without the questions that ask about the wrong person: they have evidence, but no answer. */
export function readDataset(directory: string, name: string): Dataset {
  const lines = (file: string) => readLines(join(directory, name, file))
  return {
    name,
    conversations: lines('conversations.jsonl').map((line) => Conversation.parse(line)),
    questions: lines('queries.jsonl')
      .map((line) => Question.parse(line))
      .filter(({ category }) => category !== 'adversarial'),
  }
}

function readLines(path: string): unknown[] {
  const bytes = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`))
  const lines = bytes.toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
}
