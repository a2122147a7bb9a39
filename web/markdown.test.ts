import { array, assert, integer, oneof, property, stringMatching } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLiveMarkdown, renderMarkdown } from './markdown.ts'

const ANSWER = `Sure, **Ada**:

1. one
2. two

| a | b |
|---|---|
| 1 | 2 |

\`\`\`ts
if (1 < 2) {
  call("x")
}

// after an empty line
\`\`\`

> quoted

Last words.`

/** Puts the frames together as the page does. */
function assemble(pieces: readonly string[]) {
  const live = createLiveMarkdown()
  let finished = ''
  let open = ''
  let bytes = 0
  for (const piece of pieces) {
    live.push(piece)
    const frame = live.frame()
    finished += frame.finished
    if (frame.open !== undefined) open = frame.open.toString()
    if (frame.code) open = open.replace('</code>', () => `${escape(frame.code!)}</code>`)
    bytes += frame.finished.length + (frame.open ?? '').length + (frame.code ?? '').length
  }
  return { html: finished + open, bytes, snapshot: live.snapshot() }
}

const escape = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const cutInto = (text: string, size: number) =>
  text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []

describe('markdown of a text that grows', () => {
  it.each([1, 3, 7, 40, 1000])(
    'ends as the whole text reads, in pieces of %i characters',
    (size) => {
      const { html, snapshot } = assemble(cutInto(ANSWER, size))
      expect(html).toBe(renderMarkdown(ANSWER).toString())
      expect(`${snapshot.finished}${snapshot.open}`).toBe(html)
    },
  )

  it('ends as the whole text reads, whatever paragraphs and code it is made of', () => {
    const line = stringMatching(/^[a-z <&"]{1,12}$/)
    const block = oneof(
      line,
      line.map((text) => `\`\`\`\n${text}\n\n${text}\n\`\`\``),
      line.map((text) => `> ${text}`),
    )
    assert(
      property(array(block, { minLength: 1 }), integer({ min: 1, max: 9 }), (blocks, size) => {
        const text = blocks.join('\n\n')
        expect(assemble(cutInto(text, size)).html).toBe(renderMarkdown(text).toString())
      }),
      { numRuns: 200 },
    )
  })

  it('sends a finished block once, however long the answer grows', () => {
    const short = assemble(cutInto(ANSWER, 20)).bytes
    const long = assemble(cutInto(`${ANSWER}\n\n`.repeat(20), 20)).bytes
    expect(long).toBeLessThan(short * 22)
  })

  it('sends of a block of code only what is new', () => {
    const live = createLiveMarkdown()
    live.push('```\nlet a')
    expect(live.frame().open?.toString()).toContain('let a')
    live.push(' = 1 < 2\n')
    expect(live.frame()).toMatchObject({ open: undefined, code: ' = 1 < 2\n' })
    live.push('``')
    live.frame()
    live.push('`\n')
    const closed = live.frame()
    expect(closed.open?.toString()).toContain('let a = 1 &lt; 2\n</code>')
  })
})

describe('markdown of an answer', () => {
  it('holds no HTML, no image and no link that could run', () => {
    const html = renderMarkdown(
      '<b>x</b> ![i](https://e.test/i.png) [a](javascript:x) [b](//e.test) [c](data:text/html,x) [d](https://e.test)',
    ).toString()
    expect(html).not.toMatch(/<b>|<img|href="(?!https:\/\/e\.test[/"])/)
    expect(html.match(/href=/g)).toHaveLength(2) // An image that is asked for is a link to it.
    expect(html).toContain('rel="nofollow noopener noreferrer ugc"')
  })
})
