export interface ChatMessage {
  readonly role: string
  readonly content: string
}

/**
 * Answers like a model that does nothing but read: with the first quoted line of the prompt, or that it
 * does not know. A quoted line begins like one of a list (a dash, a number or date, a bracket, `>`).
 */
export function answerFromMemory(messages: readonly ChatMessage[]): string {
  const lines = messages.flatMap(({ content }) => content.split('\n'))
  const quoted = lines.map(quoteIn).find((quote) => quote !== undefined)
  return quoted === undefined
    ? 'I do not know; nothing I was given says so.'
    : `You said: ${quoted}`
}

function quoteIn(line: string): string | undefined {
  if (!/^\s*[-*•>[(\d]/u.test(line)) return undefined
  const quote = /["“«](.{2,})["”»]/u.exec(line) ?? /^\s*>\s*(.{2,})$/u.exec(line)
  return quote?.[1]?.trim()
}
