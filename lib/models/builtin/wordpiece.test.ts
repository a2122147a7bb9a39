import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readStaticTable } from './static-table.ts'
import { createWordPiece } from './wordpiece.ts'
import expected from './wordpiece.expected.json' with { type: 'json' }

const { wordPiece } = readStaticTable(
  readFileSync(new URL('static-minilm-128.bin', import.meta.url)),
)
const spell = (ids: readonly number[]) => ids.map((id) => wordPiece.piece(id)).join(' ')

describe('WordPiece', () => {
  // The ids were made once by Hugging Face's tokenizers 0.23.3 from the model's tokenizer.json (docs/embedders.md).
  it.each(expected)('splits $text as the model’s own tokenizer does', ({ text, ids }) => {
    expect(spell(wordPiece.encode(text))).toBe(spell(ids))
    expect(wordPiece.encode(text)).toEqual(ids)
  })

  it('gives no more ids than asked for, and the first ones', () => {
    const text = 'unbelievably long [MASK] stories of antidisestablishmentarianism [SEP]'
    const all = wordPiece.encode(text)
    for (let limit = 0; limit <= all.length + 1; limit++) {
      expect(wordPiece.encode(text, limit)).toEqual(all.slice(0, limit))
    }
  })

  it('knows every piece by its id and every id by its piece', () => {
    expect(wordPiece.size).toBe(30_522)
    for (let id = 0; id < wordPiece.size; id++) expect(wordPiece.idOf(wordPiece.piece(id))).toBe(id)
    expect(wordPiece.piece(2005)).toBe('for')
    expect(wordPiece.idOf('forr')).toBeUndefined()
    expect(wordPiece.idOf('##forr')).toBeUndefined()
  })

  it('tells a piece that starts a word from the same letters inside one', () => {
    const small = createWordPiece('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ntea\n##tea\n##m\n')
    expect(small.encode('tea')).toEqual([5])
    expect(small.encode('teatea team')).toEqual([5, 6, 5, 7])
    expect(small.encode('m')).toEqual([1])
  })

  it('refuses a vocabulary that lacks the special tokens', () => {
    expect(() => createWordPiece('tea\ncoffee\n')).toThrow('has no [PAD]')
  })
})
