import type { Prompt, PromptMemory } from './prompt.ts'

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What the model's chat template allows; see lib/models/model-family.ts. */
export interface MessageRules {
  readonly hasSystemRole: boolean
}

/**
 * A prompt as chat messages: the instructions, what was recalled, the latest turns, and the message last. User and assistant
 * always alternate, for many templates refuse anything else: neighbours of one role become one message. Where
 * there is no system role, the instructions open the first message of the user.
 */
export function toMessages(prompt: Prompt, { hasSystemRole }: MessageRules): ChatMessage[] {
  const turns = prompt.turns.map(({ role, text }) => ({ role, content: text }))
  const said: ChatMessage[] = [...turns, { role: 'user', content: prompt.message }]
  const system = systemText(prompt)
  if (!hasSystemRole) return merged([{ role: 'user', content: system }, ...said])
  // An answer whose question no longer fits says little, and templates want the user to begin.
  const begin = said.findIndex(({ role }) => role === 'user')
  return merged([{ role: 'system', content: system }, ...said.slice(begin)])
}

function systemText({ instructions, memories, at }: Prompt): string {
  const day = weekday.format(at)
  const parts = [instructions, `Today is ${day}, ${isoDay(at)}.`]
  if (memories.length > 0) parts.push(`Memories\n${memories.map(memoryLine).join('\n')}`)
  return parts.join('\n\n')
}

const weekday = new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: 'UTC' })

const isoDay = (date: Date) => date.toISOString().slice(0, 10)

/** `- 2026-03-01, user: “I only drink tea.”` */
function memoryLine({ text, ts, role, speaker, superseded }: PromptMemory): string {
  const who = speaker === undefined ? role : quotable(speaker).replaceAll(':', ' ')
  const since = superseded ? ' (out of date: a newer memory replaces it)' : ''
  return `- ${isoDay(ts)}, ${who}${since}: “${quotable(text)}”`
}

/**
 * A text that cannot leave its quotation: one line, without the marks that would end it, and without what models or their
 * templates take for the start of another turn.
 */
function quotable(text: string): string {
  return text
    .replaceAll(roleLabel, '$1 –')
    .replaceAll(specialToken, (token) => token.replaceAll(/[<[]/g, '‹').replaceAll(/[>\]]/g, '›'))
    .replaceAll(/["“”]/g, '’')
    .split(lineBreak)
    .map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trim())
    .filter((line) => line !== '')
    .join(' / ')
}

/** `System:` or `### Assistant:` where a line begins. */
const roleLabel =
  /^[ \t#*>]*(system|developer|user|human|assistant|ai|bot|instructions?|memories)[ \t*]*[:：]/gim

/** `<|im_start|>`, `</s>`, `<start_of_turn>`, `<<SYS>>`, `[INST]` and their kin. */
const specialToken = new RegExp(
  [
    '<[|｜][^<>]{0,40}[|｜]>',
    '</?(?:s|bos|eos|pad|unk|system|user|assistant|think|(?:start|end)_of_turn|tool_\\w{1,20})>',
    '<</?SYS>>',
    '\\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\\]',
  ].join('|'),
  'gi',
)

const lineBreak = /[\n\r\v\f\u0085\u2028\u2029]/

/** Neighbours of one role as one message, a blank line between them. */
function merged(messages: readonly ChatMessage[]): ChatMessage[] {
  const result: ChatMessage[] = []
  for (const message of messages) {
    const last = result.at(-1)
    if (last?.role !== message.role) result.push(message)
    else result[result.length - 1] = { ...last, content: `${last.content}\n\n${message.content}` }
  }
  return result
}
