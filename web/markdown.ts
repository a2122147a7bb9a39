import MarkdownIt, { type RendererRule } from 'markdown-it'
import { type Html, raw } from './html.ts'

/** Answers are markdown of a model that may have read anything: no HTML, no images, links by allow-list. */
const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true })
markdown.linkify.set({ fuzzyEmail: false })
markdown.disable('image') // Fetching one would tell its host whatever the model put into the address.
markdown.validateLink = (url) => /^(?:https?:\/\/|mailto:|#|\/(?![/\\]))/i.test(url.trim())

const linkOpen: RendererRule = (tokens, index, options, _, renderer) => {
  tokens[index]!.attrSet('rel', 'nofollow noopener noreferrer ugc')
  tokens[index]!.attrSet('target', '_blank')
  return renderer.renderToken(tokens, index, options)
}
const code: RendererRule = (tokens, index) => codeBlock(tokens[index]!.content)

const rules: Record<string, RendererRule> = {
  link_open: linkOpen,
  fence: code,
  code_block: code,
  // An answer stands below the h2 that names its author; levels of its own could only break that outline.
  heading_open: (tokens, index) => `<h3 class="${tokens[index]!.tag}">`,
  heading_close: () => '</h3>\n',
  // What scrolls sideways must be reachable by keyboard.
  table_open: () => '<div class="table" tabindex="0"><table>\n',
  table_close: () => '</table></div>\n',
}
Object.assign(markdown.renderer.rules, rules)

function codeBlock(code: string): string {
  const copy = '<button type="button" class="copy">Copy</button>'
  return `<div class="code">${copy}<pre tabindex="0"><code>${escape(code)}</code></pre></div>\n`
}

function escape(text: string): string {
  return markdown.utils.escapeHtml(text)
}

/** The whole of a text at once. */
export const renderMarkdown = (text: string): Html => raw(markdown.render(text))

/** What changed since the frame before. */
export interface MarkdownFrame {
  /** Blocks that are finished: they are never sent again. */
  readonly finished: Html
  /** The last block as it is now; undefined when `code` says all that is new. */
  readonly open: Html | undefined
  /** Characters to append to the code block that is open. */
  readonly code: string | undefined
}

/**
 * Markdown of a text that grows. Blocks that are finished are rendered once and only the last one again, so that a
 * long answer costs a frame no more than a short one.
 */
export function createLiveMarkdown() {
  let text = ''
  let finished = ''
  /** Where the open block begins. */
  let start = 0
  let openCode: { start: number; sent: string } | undefined

  /** Moves `start` behind the finished blocks; gives their HTML and the type of the last one. */
  function finishBlocks(): { html: string; code: string | undefined } {
    const rest = text.slice(start)
    const tokens = markdown.parse(rest, {})
    const last = tokens.findLastIndex(
      ({ level, map, nesting }) => level === 0 && map && nesting >= 0,
    )
    const token = tokens[last]
    const code = token?.type === 'fence' ? token.content : undefined
    const line = token?.map?.[0] ?? 0
    if (line === 0) return { html: '', code }
    const html = markdown.renderer.render(tokens.slice(0, last), markdown.options, {})
    start += offsetOfLine(rest, line)
    finished += html
    return { html, code }
  }

  return {
    push(piece: string): void {
      text += piece.replaceAll('\r', '')
    },
    /** What changed since the last call. */
    frame(): MarkdownFrame {
      const { html, code } = finishBlocks()
      const isSameCode =
        code !== undefined && openCode?.start === start && code.startsWith(openCode.sent)
      const more = isSameCode ? code.slice(openCode!.sent.length) : undefined
      openCode = code === undefined ? undefined : { start, sent: code }
      const open = isSameCode ? undefined : raw(markdown.render(text.slice(start)))
      return { finished: raw(html), open, code: more }
    },
    /** All of it as it is now, for a reader who has nothing yet. */
    snapshot(): { finished: Html; open: Html } {
      const { code } = finishBlocks()
      openCode = code === undefined ? undefined : { start, sent: code }
      return { finished: raw(finished), open: raw(markdown.render(text.slice(start))) }
    },
  }
}

function offsetOfLine(text: string, line: number): number {
  let offset = 0
  for (let at = 0; at < line; at++) offset = text.indexOf('\n', offset) + 1
  return offset
}
