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
  const turns = prompt.turns.map(({ role, text }) => ({ role, content: withoutTokens(text) }))
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
 * A text that cannot leave its quotation: one line, without the marks that would end it, without what models or their
 * templates take for the start of another turn, and without what no reader would see.
 */
function quotable(text: string): string {
  return withoutTokens(withoutUnseen(text).replaceAll(lineBreak, '\n'))
    .replaceAll(roleLabel, '$1$2 –')
    .replaceAll(/["“”„‟″＂]/g, '’')
    .split('\n')
    .map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trim())
    .filter((line) => line !== '')
    .join(' / ')
}

const lineBreak = /[\n\r\v\f\u0085\u2028\u2029]/g

/**
 * Characters that show nothing but could hide an order or cut a token in two: those of format (zero-width, direction,
 * tags) and those that choose a variant. The joiners of other scripts and of emoji stay.
 */
function withoutUnseen(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/(?![\u200c\u200d])\p{Cf}|[\ufe00-\ufe0e\u{e0100}-\u{e01ef}]/gu, '')
    .replaceAll(/(?<=[\0-\x7f]|^)(?:\u200c|\u200d)+|(?:\u200c|\u200d)+(?=[\0-\x7f]|$)/g, '')
}

/** `System:` or `### Assistant:` where a line begins, or looks as if it did. */
const roleLabel =
  /(^|[/|\\] *)[ \t#*>_`~-]*(system|developer|user|human|assistant|ai|bot|model|tool|function|instructions?|memor(?:y|ies))[ \t*_`]*[:：]/gim

/** Turns of the conversation are not quoted, but a token that stands for a role is none of their words. */
const withoutTokens = (text: string) =>
  text.replaceAll(specialToken, (token) =>
    token.replaceAll(/[<[＜]/g, '‹').replaceAll(/[>\]＞]/g, '›'),
  )

/** `<|im_start|>`, `</s>`, `<start_of_turn>`, `<<SYS>>`, `[INST]` and their kin. */
const specialToken = new RegExp(
  [
    '[<＜][|｜][^<>＜＞]{0,40}[|｜][>＞]',
    '</?(?:s|bos|eos|pad|unk|mask|cls|sep|think(?:ing)?|(?:start|end)_of_turn|(?:tool|function)\\w{0,20})(?:[ =][^<>]{0,40})?>',
    '</?(?:system|developer|user|human|assistant|instructions?|memor(?:y|ies)|prompt|context)(?:[ =][^<>]{0,40})?>',
    '<</?SYS>>',
    '\\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|IMG|PREFIX|MIDDLE|SUFFIX|THINK|ARGS|CALL_ID)\\]',
  ].join('|'),
  'gi',
)

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
