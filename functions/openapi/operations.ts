import type * as z from 'zod'
import type { RouteKey } from '../../lib/function.ts'
import { Line } from '../../lib/memory/json-lines.ts'
import { ConversationIdText, UserIdText } from '../../lib/schema.ts'
import { ChatRequest } from '../chat/schema.ts'
import { IngestRequest } from '../ingest/schema.ts'
import { ListQuery, MemoryPatch, OneQuery, SearchRequest } from '../memories/schema.ts'
import { EraseQuery, UserQuery } from '../users/schema.ts'
import * as answers from './answers.ts'

/** Every schema that has a name in the document. */
export const named = { ChatRequest, IngestRequest, SearchRequest, MemoryPatch, Line, ...answers }
export type SchemaName = keyof typeof named

export interface Operation {
  readonly summary: string
  readonly description?: string
  /** Schema of what the path names; a UUID where there is none. */
  readonly id?: z.ZodType
  readonly query?: z.ZodObject
  readonly body?: SchemaName | 'lines'
  /** Where `Idempotency-Key` makes a repeat safe. */
  readonly isIdempotent?: boolean
  readonly answers: Readonly<Record<number, SchemaName | 'lines' | 'nothing' | 'chat' | 'document'>>
  readonly problems: readonly number[]
}

/** Of every call that is about a user: its key, its limit, our faults. */
const always = [401, 404, 429, 500, 503, 504]
const withQuery = [...always, 422]
const withBody = [...withQuery, 400, 413, 415]
const upstream = 502

const table = {
  'POST /api/chat': {
    summary: 'Answer a message from what its user said before, and remember the exchange',
    description:
      'The same `message_id` again joins or replays the first answer. With `stream`, or `Accept: text/event-stream`, ' +
      'the answer comes as events: `context` once, `token` many times, then `done` or `error`.',
    body: 'ChatRequest',
    answers: { 200: 'chat' },
    problems: [...withBody, 409, upstream],
  },
  'POST /api/ingest': {
    summary: 'Remember what was said elsewhere: all of it or nothing',
    body: 'IngestRequest',
    isIdempotent: true,
    answers: { 200: 'IngestAnswer' },
    problems: [...withBody, 409],
  },
  'GET /api/memories': {
    summary: 'List memories, newest first',
    query: ListQuery,
    answers: { 200: 'MemoryPage' },
    problems: withQuery,
  },
  'POST /api/memories/search': {
    summary: 'Find memories by meaning and words, best first',
    body: 'SearchRequest',
    answers: { 200: 'SearchAnswer' },
    problems: withBody,
  },
  'GET /api/memories/{id}': {
    summary: 'Read a memory',
    query: OneQuery,
    answers: { 200: 'Memory' },
    problems: withQuery,
  },
  'PATCH /api/memories/{id}': {
    summary: 'Change the text or the tags of a memory, or pin it',
    query: OneQuery,
    body: 'MemoryPatch',
    answers: { 200: 'Memory' },
    problems: withBody,
  },
  'DELETE /api/memories/{id}': {
    summary: 'Forget a memory',
    query: OneQuery,
    answers: { 204: 'nothing' },
    problems: withQuery,
  },
  'DELETE /api/conversations/{id}': {
    summary: 'Forget a conversation',
    id: ConversationIdText,
    query: OneQuery,
    answers: { 200: 'Deleted' },
    problems: withQuery,
  },
  'GET /api/users/{id}/export': {
    summary: 'Give away everything kept of a user, one memory a line, newest first',
    id: UserIdText,
    query: UserQuery,
    answers: { 200: 'lines' },
    problems: withQuery,
  },
  'POST /api/users/{id}/import': {
    summary: 'Remember the lines of an export',
    description:
      'A memory that is there already is skipped. A line that cannot be taken is told by its number, and the rest is kept. ' +
      'An id that stands for another user’s memory is replaced by one that follows from it.',
    id: UserIdText,
    query: UserQuery,
    body: 'lines',
    isIdempotent: true,
    answers: { 200: 'ImportAnswer' },
    problems: [...withBody, 409],
  },
  'DELETE /api/users/{id}': {
    summary: 'Forget everything about a user',
    description:
      'Asked again it gives the same receipt as it stands now. With `dry_run=true` it only says what there is.',
    id: UserIdText,
    query: EraseQuery,
    answers: { 200: 'Receipt' },
    problems: withQuery,
  },
  'GET /api/health': {
    summary: 'Whether a chat can be answered, and what is wrong where not',
    answers: { 200: 'Health', 503: 'Health' },
    problems: [],
  },
  'GET /api/openapi.json': {
    summary: 'This document',
    answers: { 200: 'document' },
    problems: [429],
  },
} satisfies Partial<Record<RouteKey, Operation>>

/** By route key. */
export const operations: Readonly<Record<string, Operation>> = table
