import { describe, expect, it } from 'vitest'
import { readServerSentEvents } from './server-sent-events.ts'

const read = (...chunks: (string | Uint8Array)[]) => {
  async function* stream() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  }
  return Array.fromAsync(readServerSentEvents(stream()))
}
const data = (...values: string[]) => values.map((value) => ({ event: '', data: value }))

describe('Server-sent events', () => {
  it.each(['\n', '\r\n', '\r'])('end their lines with %j', async (end) => {
    expect(await read(`data: a${end}${end}data: b${end}${end}`)).toEqual(data('a', 'b'))
  })

  it('may be cut anywhere, also between CR and LF and within a character', async () => {
    const bytes = Buffer.from('data: ü🍵\r\ndata: a\r\n\r\ndata: b\r\n\r\n')
    for (let cut = 1; cut < bytes.length; cut += 1) {
      expect(await read(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(data('ü🍵\na', 'b'))
    }
  })

  it('hold several lines, need no space, and are decorated with comments and ids', async () => {
    expect(await read(': hi\nid: 1\ndata:a\ndata: b\nretry: 5\n\n')).toEqual(data('a\nb'))
  })

  it('count without a blank line at the end of the stream', async () => {
    expect(await read('data: a\n\ndata: b')).toEqual(data('a', 'b'))
  })

  it('have a kind', async () => {
    expect(await read('event: error\ndata: x\n\ndata: y\n\n')).toEqual([
      { event: 'error', data: 'x' },
      { event: '', data: 'y' },
    ])
  })
})
