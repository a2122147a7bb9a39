import * as z from 'zod'
import { notFound, Problem } from '../../lib/errors.ts'
import { type BufferedReply, route, type Routes } from '../../lib/function.ts'
import { cookieSecret } from '../../lib/function/cookie-secret.ts'
import { embedMemories } from '../../lib/memory/embed-memories.ts'
import { readRecalled } from '../../lib/chat/replay.ts'
import { isMemoryId } from '../../lib/memory/ids.ts'
import type { Services } from '../../lib/services.ts'
import { forgottenPage } from '../../web/pages/forgotten.ts'
import { memoriesPage } from '../../web/pages/memories.ts'
import { forgottenItem } from '../../web/partials/forgotten.ts'
import { memoryItem, memoryItemId } from '../../web/partials/memory.ts'
import { recalledId, recalledItem } from '../../web/partials/recalled.ts'
import { conversationPath } from '../../web/paths.ts'
import { page, seeOther } from './answers.ts'
import { isHtmx, sessionOf } from './say.ts'
import { ForgetForm, RestoreForm } from './schema.ts'
import { sealMemory, unsealMemory } from './undo.ts'
import { shellOf, visit } from './visit.ts'

const PAGE_MEMORIES = 50

const MemoriesQuery = z.object({ cursor: z.string().optional() })

/** Room for the longest memory, sealed: 32,000 characters of four bytes each, escaped. */
const SEALED_LIMIT_BYTES = 512 * 1024

/** The page of all memories, and what can be done with one. */
export function memoryRoutes(opened: Promise<Services>): Routes<BufferedReply> {
  return {
    'GET /memories': route({ query: MemoriesQuery }, async (call) => {
      const here = await visit(call, opened)
      const list = await here.memories.list({ limit: PAGE_MEMORIES, cursor: call.query.cursor })
      return page(memoriesPage(await shellOf(call, here), list), { cookies: here.cookies })
    }),

    'POST /memories/{id}/forget': route({ form: ForgetForm }, async (call) => {
      const { config, store } = await opened
      const userId = sessionOf(call)
      const memories = store.forUser(userId)
      const memory = await memories.get(memoryIdOf(call.params))
      if (!memory || !(await memories.delete(memory.id))) throw notFound('memory')
      const messageId = call.form.message_id
      const sealed = sealMemory(cookieSecret(config), userId, memory, new Date())
      const at =
        messageId === undefined ? memoryItemId(memory.id) : recalledId(messageId, memory.id)
      if (isHtmx(call)) return page(forgottenItem({ memoryId: memory.id, sealed, at, messageId }))
      const back = await backTo(memories, messageId)
      const forgotten = { memoryId: memory.id, sealed, messageId }
      return page(
        forgottenPage(await shellOf(call, await visit(call, opened)), forgotten, memory.text, back),
      )
    }),

    'POST /memories/{id}/restore': route(
      { form: RestoreForm, bodyLimitBytes: SEALED_LIMIT_BYTES },
      async (call) => {
        const { config, embedder, store } = await opened
        const userId = sessionOf(call)
        const memories = store.forUser(userId)
        const memory = unsealMemory(cookieSecret(config), userId, call.form.memory, new Date())
        if (!memory || memory.id !== call.params['id']) throw tooLate
        // What the words do not find the vectors do: an answer that is kept out of recall has none.
        const vectors =
          memory.reach === 'recall'
            ? (await embedMemories(embedder, [memory], call.signal)).vectors?.[0]
            : undefined
        await memories.save([{ memory, vectors }])
        const messageId = call.form.message_id
        if (!isHtmx(call)) return seeOther(await backTo(memories, messageId))
        const { answer } = messageId === undefined ? {} : await memories.turn(messageId)
        const recalled = answer && (await readRecalled(memories, answer))
        const one = recalled?.find((recalled) => recalled.memory.id === memory.id)
        return page(one ? recalledItem(messageId!, one) : memoryItem(memory))
      },
    ),
  }
}

function memoryIdOf({ id = '' }: Readonly<Record<string, string>>): string {
  if (!isMemoryId(id)) throw notFound('memory')
  return id
}

/** Where the reader came from: the answer that used the memory, or the list of all. */
async function backTo(
  memories: Awaited<ReturnType<typeof visit>>['memories'],
  messageId: string | undefined,
): Promise<string> {
  if (messageId === undefined) return '/memories'
  const { message } = await memories.turn(messageId)
  return message?.conversationId === undefined
    ? '/memories'
    : conversationPath(message.conversationId)
}

const tooLate = new Problem(
  410,
  'Too late',
  'This memory cannot be had back any more: it was forgotten too long ago.',
)
