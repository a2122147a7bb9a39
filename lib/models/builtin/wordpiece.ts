/** Splits text as BERT's uncased tokenizer does; holds one vocabulary, whose lines are the ids. */
export interface WordPiece {
  /** How many pieces the vocabulary has; ids run from 0. */
  readonly size: number
  /** The id of [UNK], which stands for every word that has no pieces. */
  readonly unknown: number
  /** The ids of a text, without [CLS] and [SEP], the first `limit` of them. */
  encode(text: string, limit?: number): number[]
  /** The piece of an id as the vocabulary writes it: `happy`, `##ness`, `[UNK]`. */
  piece(id: number): string
  /** The id of a piece written so; undefined when the vocabulary lacks it. */
  idOf(piece: string): number | undefined
}

/**
 * `vocabulary` is BERT's vocab.txt: one piece a line, the line number its id. Gives the ids that the
 * model's own tokenizer.json gives (Hugging Face tokenizers 0.23), special tokens in the text included.
 * The pieces are kept in flat arrays and looked up by the hash of a stretch of the text itself, so that
 * neither loading nor encoding makes a string for each piece.
 */
export function createWordPiece(vocabulary: string): WordPiece {
  const lookup = indexPieces(vocabulary)
  const special = new Map<string, number>()
  for (const name of SPECIAL_TOKENS) special.set(name, requirePiece(lookup, name))
  const unknown = requirePiece(lookup, '[UNK]')

  return {
    size: lookup.size,
    unknown,
    encode(text, limit = Infinity) {
      const ids: number[] = []
      if (!text.includes('[')) {
        encodeStretch(lookup, unknown, normalize(text), ids, limit)
        return ids
      }
      for (const part of text.split(SPECIAL_TOKEN)) {
        const id = special.get(part)
        if (id === undefined) encodeStretch(lookup, unknown, normalize(part), ids, limit)
        else if (ids.length < limit) ids.push(id)
      }
      return ids
    },
    piece: (id) => vocabulary.slice(lookup.starts[id], (lookup.starts[id + 1] ?? 0) - 1),
    idOf(piece) {
      const continues = piece.length > 2 && piece.startsWith('##')
      const id = findPiece(lookup, piece, continues ? 2 : 0, piece.length, continues)
      return id < 0 ? undefined : id
    },
  }
}

const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const SPECIAL_TOKEN = /(\[(?:PAD|UNK|CLS|SEP|MASK)\])/

/** A longer word is one [UNK]; counted in code points. Source: max_input_chars_per_word in tokenizer.json. */
const WORD_CHARACTERS = 100

/** A hash table over the vocabulary's text: `slots` holds id + 1, 0 for none; collisions take the next slot. */
interface PieceIndex {
  readonly size: number
  readonly text: string
  /** Where each piece starts in `text`; the next entry less one, for the line break, is its end. */
  readonly starts: Int32Array
  readonly slots: Int32Array
  readonly longest: number
}

const FIRST_SEED = 0x811c9dc5
const CONTINUATION_SEED = 0x01234567
const HASH_FACTOR = 0x01000193

function indexPieces(vocabulary: string): PieceIndex {
  const text = vocabulary.endsWith('\n') ? vocabulary : `${vocabulary}\n`
  const size = text.split('\n').length - 1
  const starts = new Int32Array(size + 1)
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(size * 3)))
  const mask = slots.length - 1
  let longest = 0
  let start = 0
  for (let id = 0; id < size; id++) {
    const end = text.indexOf('\n', start)
    const continues = isContinuation(text, start, end)
    if (continues) start += 2
    let slot = spread(hashOf(text, start, end, continues)) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = id + 1
    longest = Math.max(longest, end - start)
    start = end + 1
    starts[id + 1] = start
  }
  return { size, text, starts, slots, longest }
}

function hashOf(text: string, start: number, end: number, continues: boolean): number {
  let hash = continues ? CONTINUATION_SEED : FIRST_SEED
  for (let at = start; at < end; at++) hash = mix(hash, text.charCodeAt(at))
  return hash
}

const isContinuation = (text: string, start: number, end: number) =>
  end - start > 2 && text.charCodeAt(start) === 35 && text.charCodeAt(start + 1) === 35

const mix = (hash: number, unit: number) => Math.imul(hash ^ unit, HASH_FACTOR)

/** FNV's low bits are weak over short words; folding the high ones in keeps runs of full slots short. */
const spread = (hash: number) => hash ^ (hash >>> 15)

function requirePiece(lookup: PieceIndex, piece: string): number {
  const id = findPiece(lookup, piece, 0, piece.length, false)
  if (id < 0) throw new Error(`The vocabulary has no ${piece}: it is not BERT's vocab.txt.`)
  return id
}

function findPiece(
  lookup: PieceIndex,
  text: string,
  start: number,
  end: number,
  continues: boolean,
): number {
  const hash = hashOf(text, start, end, continues)
  return probe(lookup, hash, text, start, end, continues)
}

/** The id of `text` from `start` to `end`, whose hash is given; -1 when the vocabulary lacks it. */
function probe(
  { slots, starts, text: pool }: PieceIndex,
  hash: number,
  text: string,
  start: number,
  end: number,
  continues: boolean,
): number {
  const mask = slots.length - 1
  for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
    const id = slots[slot]! - 1
    if (id < 0) return -1
    const line = starts[id]!
    const lineEnd = starts[id + 1]! - 1
    if (isContinuation(pool, line, lineEnd) !== continues) continue
    const offset = (continues ? line + 2 : line) - start
    if (lineEnd - offset !== end) continue
    let at = start
    while (at < end && pool.charCodeAt(at + offset) === text.charCodeAt(at)) at++
    if (at === end) return id
  }
}

/** Splits normalized text at spaces and around what stands alone, and encodes each word. */
function encodeStretch(
  lookup: PieceIndex,
  unknown: number,
  text: string,
  ids: number[],
  limit: number,
) {
  let start = 0
  let at = 0
  for (; at < text.length && ids.length < limit; at++) {
    const unit = text.charCodeAt(at)
    const isHighSurrogate = (unit & 0xfc00) === 0xd800 && at + 1 < text.length
    const kind = isHighSurrogate ? kindOfAstral(text.codePointAt(at) ?? unit) : kindOf(unit)
    const next = isHighSurrogate ? at + 1 : at
    if (kind !== LETTER) {
      if (at > start) encodeWord(lookup, unknown, text, start, at, ids)
      if (kind === ALONE) encodeWord(lookup, unknown, text, at, next + 1, ids)
      start = next + 1
    }
    at = next
  }
  if (text.length > start && ids.length < limit) {
    encodeWord(lookup, unknown, text, start, text.length, ids)
  }
  if (ids.length > limit) ids.length = limit
}

/** Greedy: the longest piece that starts the word, then the longest that continues it, to the end. */
function encodeWord(
  lookup: PieceIndex,
  unknown: number,
  text: string,
  start: number,
  end: number,
  ids: number[],
) {
  const before = ids.length
  let from = start
  while (from < end) {
    const continues = from > start
    const to = Math.min(end, from + lookup.longest)
    let hash = continues ? CONTINUATION_SEED : FIRST_SEED
    for (let at = from; at < to; at++) {
      hash = mix(hash, text.charCodeAt(at))
      prefixHashes[at - from] = hash
    }
    let id = -1
    let stop = to
    while (stop > from) {
      id = probe(lookup, prefixHashes[stop - from - 1]!, text, from, stop, continues)
      if (id >= 0) break
      stop--
    }
    if (id < 0 || (end - start > WORD_CHARACTERS && isLong(text, start, end))) {
      ids.length = before
      ids.push(unknown)
      return
    }
    ids.push(id)
    from = stop
  }
}

/** One scratch for all: encoding never yields. No piece of BERT's vocabulary is near this long. */
const prefixHashes = new Int32Array(256)

function isLong(text: string, start: number, end: number): boolean {
  let characters = 0
  for (let at = start; at < end; at++) if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) characters++
  return characters > WORD_CHARACTERS
}

/**
 * BERT's normalizer: drop controls, set ideographs apart, decompose, drop accents, lower case letter by letter
 * (so that a word's last sigma is not told from the others).
 */
function normalize(text: string): string {
  if (IS_PLAIN.test(text)) return text.toLowerCase()
  return text
    .replace(DROPPED, '')
    .replace(IDEOGRAPH, ' $& ')
    .normalize('NFD')
    .replace(ACCENT, '')
    .replaceAll('Σ', 'σ')
    .toLowerCase()
}

const IS_PLAIN = /^[\t\n\r\x20-\x7e]*$/
const DROPPED = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\ufffd]/gu
const ACCENT = /\p{Mn}/gu
/** The ranges of the model's own tokenizer, its gap from 2B820 to 2B91F included. */
const IDEOGRAPH =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu

const UNSEEN = 0
const LETTER = 1
const SPACE = 2
const ALONE = 3

/** What each UTF-16 unit is, filled as units are met. */
const kinds = new Uint8Array(65_536)

function kindOf(unit: number): number {
  const kind = kinds[unit]!
  if (kind !== UNSEEN) return kind
  return (kinds[unit] = classify(String.fromCharCode(unit)))
}

const kindOfAstral = (codePoint: number) => classify(String.fromCodePoint(codePoint))

function classify(character: string): number {
  if (WHITESPACE.test(character)) return SPACE
  return STANDS_ALONE.test(character) ? ALONE : LETTER
}

const WHITESPACE = /\s/u
const STANDS_ALONE = /[\p{P}\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/u
