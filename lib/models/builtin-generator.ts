import { setTimeout as sleep } from 'node:timers/promises'
import { countTokens, type Prompt, type PromptMemory } from '../chat/prompt.ts'
import { isOnlyQuestion } from '../memory/ranking/speech.ts'
import { terms } from '../memory/terms.ts'
import type { Generator } from './generator.ts'

export const BUILT_IN_GENERATOR = 'built-in'

/** Enough for a few long memories; what does not fit would not be quoted anyway. */
const PROMPT_TOKENS = 3000

/** A quote is one plain sentence: of a longer memory the sentence that answers best. */
const QUOTE_CHARACTERS = 280

/**
 * The generator that needs no model. It answers a question only by quoting what was recalled, with its date, or by
 * saying that nothing was; it acknowledges a statement by what it noted. It streams like any other, and waits
 * `wordMs` before each word where somebody wants to see it do so.
 */
export function createBuiltInGenerator({ wordMs = 0 } = {}): Generator {
  return {
    name: BUILT_IN_GENERATOR,
    promptTokens: PROMPT_TOKENS,
    async *generate(prompt, signal) {
      const answer = answerTo(prompt)
      for (const text of answer.match(/\s*\S+/g) ?? []) {
        signal.throwIfAborted()
        if (wordMs > 0) await sleep(wordMs, undefined, { signal })
        yield { type: 'text', text }
      }
      const usage = {
        promptTokens: countTokens(prompt.message),
        completionTokens: countTokens(answer),
        model: BUILT_IN_GENERATOR,
      }
      yield { type: 'end', finishReason: 'stop', usage }
    },
  }
}

function answerTo({ message, recalled, at }: Prompt): string {
  if (!asks(message)) return `Noted: “${shortened(message)}”`
  const [best, next] = bestStatements(recalled, message)
  if (!best) return 'I remember nothing about that.'
  const quote = (memory: PromptMemory) => `“${bestSentence(memory.text, message)}”`
  const opening = (memory: PromptMemory) => `${saidWhen(memory.ts, at)} ${who(memory)}`
  const first = `${opening(best).replace(/^./, (letter) => letter.toUpperCase())}: ${quote(best)}`
  if (!next) return first
  return opening(next) === opening(best)
    ? `${first} and ${quote(next)}`
    : `${first}, and ${opening(next)}: ${quote(next)}`
}

/**
 * The likeliest answer, the first of equals, and the next one where it is nearly as likely: who is allergic to two things is told of
 * both. A past question is no fact, however well it fits the present one, and what a newer memory replaces is none any more.
 */
function bestStatements(recalled: readonly PromptMemory[], question: string): PromptMemory[] {
  const asksWhen = WHEN.test(question)
  const oddsOf = ({ text, score }: PromptMemory) => {
    const ofTime = asksWhen && TIME.test(text) ? TIME_FACTOR : 1
    const ofAsking = /[?？]\s*$/u.test(text) ? ASKING_FACTOR : 1
    return (score / (1 - Math.min(score, 0.999))) * ofTime * ofAsking
  }
  const [best, ...others] = recalled
    .filter(({ superseded, text }) => !superseded && !isOnlyQuestion(text))
    .map((memory) => ({ memory, odds: oddsOf(memory) }))
    .sort((a, b) => b.odds - a.odds)
  if (!best) return []
  const next = others.find(({ memory }) => memory.text !== best.memory.text)
  return next && next.odds >= NEARLY * best.odds ? [best.memory, next.memory] : [best.memory]
}

/**
 * From this share of the best odds on, the next statement is told too. On conversations it was not written for that raises the share
 * of answers that hold the right quote from 47 to 55 in 100; more than half still quote one.
 */
const NEARLY = 0.4

/**
 * On conversations it was not written for, the odds that a recalled turn is the answer: of one that tells a time, where a time is
 * asked, these times those of one that does not; and of one that ends by asking, so much lower. Together they raise the share of
 * right first quotes from 45 to 47 in 100.
 */
const TIME_FACTOR = 4
const ASKING_FACTOR = 0.4
const WHEN = /^\W*(?:when|how long|what (?:year|month|day|date))\b/i
const TIME =
  /\b(?:yesterday|today|tonight|tomorrow|ago|last|next|weekend|(?:this )?(?:week|month|year)|january|february|march|april|may|june|july|august|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)day|\d{4})\b/i

const asks = (message: string) => isOnlyQuestion(message) || /[?？][!?！？\s]*$/u.test(message)

function who({ role, speaker }: PromptMemory): string {
  if (speaker !== undefined) return `${speaker} said`
  return role === 'user' ? 'you said' : 'I answered'
}

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

function saidWhen(ts: Date, at: Date): string {
  return day.format(ts) === day.format(at) ? 'today' : `on ${day.format(ts)}`
}

/** A short memory whole; of a long one the sentence that shares most words with the question, the first of equals. */
function bestSentence(text: string, question: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  if (line.length <= QUOTE_CHARACTERS) return line
  const wanted = new Set(terms(question))
  const sentences = line.match(/[^.!?。！？]+[.!?。！？]*/gu) ?? [line]
  const shared = sentences.map(
    (sentence) => terms(sentence).filter((term) => wanted.has(term)).length,
  )
  return shortened(sentences[shared.indexOf(Math.max(...shared))]!.trim())
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  const characters = Array.from(line)
  if (characters.length <= QUOTE_CHARACTERS) return line
  return `${characters.slice(0, QUOTE_CHARACTERS - 1).join('')}…`
}
