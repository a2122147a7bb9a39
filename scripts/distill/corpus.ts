import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { WordPiece } from '../../lib/models/builtin/wordpiece.ts'

/** Texts as word pieces: text i has the pieces from `offsets[i]` to `offsets[i + 1]`. */
export interface TokenizedTexts {
  readonly count: number
  readonly pieces: Int32Array
  readonly offsets: Int32Array
}

/** The texts of `corpus.jsonl.gz`: one JSON string a line. Throws when a line is none. */
export function readCorpus(gzipped: Uint8Array): string[] {
  const lines = gunzipSync(gzipped).toString('utf8').trimEnd().split('\n')
  return lines.map((line, i) => {
    const text: unknown = JSON.parse(line)
    if (typeof text !== 'string') throw new TypeError(`Line ${i + 1} of the corpus is no string.`)
    return text
  })
}

/** As many pieces of a text as the teacher reads, without [CLS] and [SEP]. */
export function tokenize(texts: readonly string[], wordPiece: WordPiece): TokenizedTexts {
  const offsets = new Int32Array(texts.length + 1)
  const all: number[] = []
  for (const [i, text] of texts.entries()) {
    for (const id of wordPiece.encode(text, TEACHER_PIECES)) all.push(id)
    offsets[i + 1] = all.length
  }
  return { count: texts.length, pieces: Int32Array.from(all), offsets }
}

/** Room of 256 less [CLS] and [SEP]. */
export const TEACHER_PIECES = 254

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
