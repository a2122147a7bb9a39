/**
 * Whether the speaker tells of themselves: what people ask for later is mostly what somebody said of their
 * own life. English and Chinese; elsewhere it is false and costs nothing.
 */
export function isFirstPerson(text: string): boolean {
  return /\b(?:i|i['\u2019](?:m|ve|d|ll)|im|my|me|mine|myself|we|our|us)\b|我/iu.test(text)
}

/**
 * Whether a text only asks. "Do you know where I parked?" tells nothing; "I sold it. Was that wise?" does.
 * A question typed without its mark is known by its first word.
 */
export function isOnlyQuestion(text: string): boolean {
  if (text.length > LONGEST_BARE_QUESTION) return false
  const sentences = text.match(/[^.!?。！？\n]+[.!?。！？]*/gu) ?? []
  const said = sentences.map((sentence) => sentence.trim()).filter((s) => /[\p{L}\p{N}]/u.test(s))
  return said.length > 0 && said.every((s) => asks(s) || GREETING.test(s)) && said.some(asks)
}

/** Who takes more words to ask than this tells something on the way. */
const LONGEST_BARE_QUESTION = 120

function asks(sentence: string): boolean {
  if (/[?？][!?！？]*$/u.test(sentence) || /[吗呢]$/u.test(sentence)) return true
  return !/[.!。！]$/u.test(sentence) && OPENS_A_QUESTION.test(sentence)
}

const GREETING = /^(?:hi|hey|hello|ok|okay|thanks|thank you|please|well|so|wow|oh)\b[^?]{0,24}$/iu

const OPENS_A_QUESTION =
  /^(?:and |so |but |ok |hey )?(?:what|who|whom|whose|where|why|how|which|when (?:is|are|was|were|did|do|does|will|can|should)|(?:do|does|did|am|is|are|was|were|can|could|will|would|should|have|has|had) (?:i|you|we|he|she|it|they|my|your|our|the|there|this|that|any)|(?:what|who|where|when|how|why)['\u2019]?s|can you|could you|tell me|remind me)\b/iu
