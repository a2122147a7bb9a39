import { readRecalled } from '../../lib/chat/replay.ts'
import { notFound, Problem } from '../../lib/errors.ts'
import { type BufferedReply, type Call, json, route, type Routes } from '../../lib/function.ts'
import { cookieSecret } from '../../lib/function/cookie-secret.ts'
import { embedMemories, embedQuestion } from '../../lib/memory/embed-memories.ts'
import { importLines } from '../../lib/memory/import-lines.ts'
import { editMemory } from '../../lib/memory/edit-memory.ts'
import { isMemoryId } from '../../lib/memory/ids.ts'
import type { Memory } from '../../lib/memory/memory.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
import type { Services } from '../../lib/services.ts'
import { forgottenPage } from '../../web/pages/forgotten.ts'
import { type Found, memoriesPage, memoryItems, memoryList } from '../../web/pages/memories.ts'
import { uploadedPage } from '../../web/pages/uploaded.ts'
import { forgottenItem } from '../../web/partials/forgotten.ts'
import { memoryItem, memoryItemId } from '../../web/partials/memory.ts'
import { recalledId, recalledItem } from '../../web/partials/recalled.ts'
import { conversationPath } from '../../web/paths.ts'
import { page, seeOther } from './answers.ts'
import { isHtmx, sessionOf } from './say.ts'
import {
  EditForm,
  FORGET_ALL_WORDS,
  ForgetAllForm,
  ForgetForm,
  MemoriesQuery,
  PinForm,
  RestoreForm,
  UploadForm,
} from './schema.ts'
import { sealMemory, unsealMemory } from './undo.ts'
import { shellOf, visit } from './visit.ts'

const PAGE_MEMORIES = 50

/** Found at once; whoever wants more asks more precisely. */
const FOUND_MEMORIES = 30

/** Room for the longest memory, sealed: 32,000 characters of four bytes each, escaped. */
const SEALED_LIMIT_BYTES = 512 * 1024

/** Room for the longest memory as it is edited: each byte may be written as three. */
const EDIT_LIMIT_BYTES = 512 * 1024

/** A part of an uploaded file as the page's script sends it, each byte written as three. */
const UPLOAD_LIMIT_BYTES = 1024 * 1024

/** The page of all memories, and what can be done with one. */
export function memoryRoutes(opened: Promise<Services>): Routes<BufferedReply> {
  return {
    'GET /memories': route({ query: MemoriesQuery }, async (call) => {
      const { cursor, q = '' } = call.query
      const here = await visit(call, opened)
      if (isHtmx(call) && cursor !== undefined) {
        return page(memoryItems(await here.memories.list({ limit: PAGE_MEMORIES, cursor })))
      }
      const found = q === '' ? undefined : await find(call, opened, here.memories, q)
      const list = found ?? (await here.memories.list({ limit: PAGE_MEMORIES, cursor }))
      if (isHtmx(call)) return page(memoryList(list, q))
      const shell = await shellOf(call, here)
      return page(memoriesPage(shell, list, q, FORGET_ALL_WORDS), { cookies: here.cookies })
    }),

    'POST /memories/{id}/edit': route(
      { form: EditForm, bodyLimitBytes: EDIT_LIMIT_BYTES },
      async (call) => {
        const { embedder, store } = await opened
        const to = { memories: store.forUser(sessionOf(call)), embedder }
        const id = memoryIdOf(call.params)
        return showChanged(call, await editMemory(to, id, call.form, call.signal))
      },
    ),

    'POST /memories/{id}/pin': route({ form: PinForm }, async (call) => {
      const { store } = await opened
      const pinned = call.form.pinned === 'true'
      const memories = store.forUser(sessionOf(call))
      return showChanged(call, await memories.update(memoryIdOf(call.params), { pinned }))
    }),

    'POST /memories/forget-all': route({ form: ForgetAllForm }, async (call) => {
      const { chat, forgetCached, store } = await opened
      const userId = sessionOf(call)
      call.note({ deleted: await store.forUser(userId).clear() })
      await chat.forgetDeleted(userId)
      forgetCached()
      return seeOther('/memories')
    }),

    'POST /memories/upload': route(
      { form: UploadForm, bodyLimitBytes: UPLOAD_LIMIT_BYTES },
      async (call) => {
        const { embedder, store } = await opened
        const userId = sessionOf(call)
        const { lines, first } = call.form
        const uploaded = await importLines(lines, {
          userId,
          memories: store.forUser(userId),
          embedder,
          signal: call.signal,
          firstLine: first,
        })
        call.note({ added: uploaded.added, refused: uploaded.refused.length })
        if (call.header('accept') === 'application/json') return json(200, uploaded)
        return page(uploadedPage(await shellOf(call, await visit(call, opened)), uploaded))
      },
    ),

    'POST /memories/{id}/forget': route({ form: ForgetForm }, async (call) => {
      const { chat, config, store } = await opened
      const userId = sessionOf(call)
      const memories = store.forUser(userId)
      const memory = await memories.get(memoryIdOf(call.params))
      if (!memory || !(await memories.delete(memory.id))) throw notFound('memory')
      await chat.forgetDeleted(userId)
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

/** By words and meaning, as an answer would recall them; where nothing fits well, what fits least badly. */
async function find(
  { signal }: Pick<Call, 'signal'>,
  opened: Promise<Services>,
  memories: UserMemories,
  text: string,
): Promise<Found> {
  const { embedder } = await opened
  const { embedding } = await embedQuestion(embedder, memories, text, signal)
  const query = { text, embedding, at: new Date(), limit: FOUND_MEMORIES }
  const good = await memories.recall(query)
  if (good.length > 0) return { recalled: good, isGood: true }
  return {
    recalled: await memories.recall({ ...query, limit: 5, scoreThreshold: 0 }),
    isGood: false,
  }
}

function showChanged(call: Pick<Call, 'header'>, memory: Memory | undefined): BufferedReply {
  if (!memory) throw notFound('memory')
  return isHtmx(call) ? page(memoryItem(memory)) : seeOther('/memories')
}

function memoryIdOf({ id = '' }: Readonly<Record<string, string>>): string {
  if (!isMemoryId(id)) throw notFound('memory')
  return id
}

/** Where the reader came from: the answer that used the memory, or the list of all. */
async function backTo(memories: UserMemories, messageId: string | undefined): Promise<string> {
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
