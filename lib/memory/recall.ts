import type { Memory } from './memory.ts'

export interface RecallQuery {
  readonly text: string
  /** Unit vector of `textToEmbed(text, speakers)`; undefined where there is none: the words alone then decide. */
  readonly embedding?: Float32Array | undefined
  /** When the question is asked; dates in it are read against this. */
  readonly at: Date
  /** At most so many memories; 0 gives none. */
  readonly limit: number
  /** Calibrated score a memory must have. Undefined: the default floor, share of the best and token budget. 0: the bare ranking. */
  readonly scoreThreshold?: number | undefined
  /** Only memories with any of these tags; empty or undefined: all. */
  readonly tags?: readonly string[] | undefined
  /** Ids that are never answered, such as the message itself. */
  readonly exclude?: readonly string[] | undefined
  /** The time the question speaks of, as `withPeriod` (lib/memory/period.ts) reads it. */
  readonly period?: Period | undefined
}

/** From `fromMs` up to, not including, `toMs`. */
export interface Period {
  readonly fromMs: number
  readonly toMs: number
  /** The words that name it and find nothing, such as "two days ago"; undefined where they may stand in a memory. */
  readonly said?: string | undefined
}

export interface Recalled {
  readonly memory: Memory
  /** 0 to 1; what it means is in docs/memory.md. */
  readonly score: number
  readonly why: Why
  /** Id of a newer memory that replaces this one. */
  readonly supersededBy?: string | undefined
}

/** The parts of a score; it recomputes from them (docs/memory.md). */
export type Why = Readonly<Record<string, number>>

/**
 * What an embedder is given for a question: its text without the name of the one speaker it names, since a
 * vector is lured by turns that merely say the name. `speakers` are those of the user's memories.
 */
export function textToEmbed(text: string, speakers: readonly string[]): string {
  const named = namedSpeaker(text, speakers)
  if (named === undefined) return text
  const nameless = text.replace(mentionOf(named, speakers), ' ').replaceAll(/\s+/g, ' ').trim()
  return nameless === '' ? text : nameless
}

/** The one speaker whom a text names, by first name or in full; undefined when it names none or several. */
export function namedSpeaker(text: string, speakers: readonly string[]): string | undefined {
  const named = speakers.filter((speaker) => mentionOf(speaker, speakers).test(text))
  return named.length === 1 ? named[0] : undefined
}

/** Finds a speaker's name in a text, with its ’s; the first name will do where only one bears it. */
function mentionOf(speaker: string, speakers: readonly string[]): RegExp {
  const first = firstName(speaker)
  const isShared = speakers.some((other) => other !== speaker && firstName(other) === first)
  const names = (isShared ? [speaker] : [speaker, first]).map((name) => RegExp.escape(name))
  const unbound = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}]/u.test(
    speaker,
  )
  const [start, end] = unbound ? ['', ''] : ['(?<![\\p{L}\\p{N}])', '(?![\\p{L}\\p{N}])']
  return new RegExp(`${start}(?:${names.join('|')})(?:['\u2019]s)?${end}`, 'giu')
}

function firstName(speaker: string): string {
  return speaker.trim().split(/\s+/)[0] ?? speaker
}
