import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { createWordPiece, type WordPiece } from './wordpiece.ts'

/** One vector for every word piece, as bytes, and the vocabulary they belong to. */
export interface StaticTable {
  /** `static-minilm-128@1`: what was distilled, its dimension and its version. */
  readonly name: string
  readonly dimension: number
  /** How many word pieces; piece i has `scales[i] × cells[i × dimension …]` as its vector. */
  readonly rows: number
  readonly scales: Float32Array
  readonly cells: Int8Array
  readonly wordPiece: WordPiece
}

/** What `writeStaticTable` puts into a file; `vocabulary` is vocab.txt, one piece a line. */
export interface StaticTableContents {
  readonly name: string
  readonly version: number
  readonly dimension: number
  readonly scales: Float32Array
  readonly cells: Int8Array
  readonly vocabulary: string
}

/**
 * The file, all numbers little endian:
 *
 *     0   8 bytes   "SEMTABLE"
 *     8   32 bytes  SHA-256 of everything after it
 *     40  u32       format, 1
 *     44  u32       version of the contents
 *     48  u32       dimension
 *     52  u32       rows
 *     56  u32       bytes of deflated vocabulary
 *     60  28 bytes  name in ASCII, padded with zeros
 *     88  float32   a scale for each row
 *         int8      rows × dimension cells
 *         bytes     vocabulary, raw deflate: one piece a line, UTF-8
 */
export function writeStaticTable(contents: StaticTableContents): Uint8Array {
  const { dimension, scales, cells } = contents
  const vocabulary = deflateRawSync(contents.vocabulary, { level: 9 })
  const name = Buffer.from(contents.name, 'ascii')
  if (name.length > NAME_BYTES) throw new RangeError(`A name has at most ${NAME_BYTES} bytes.`)
  const file = Buffer.alloc(HEADER_BYTES + scales.byteLength + cells.byteLength + vocabulary.length)
  file.write(MAGIC, 0, 'ascii')
  const numbers = [FORMAT, contents.version, dimension, scales.length, vocabulary.length]
  for (const [i, number] of numbers.entries()) file.writeUInt32LE(number, 40 + 4 * i)
  name.copy(file, NAME_AT)
  for (const [i, scale] of scales.entries()) file.writeFloatLE(scale, HEADER_BYTES + 4 * i)
  file.set(
    new Uint8Array(cells.buffer, cells.byteOffset, cells.length),
    HEADER_BYTES + scales.byteLength,
  )
  file.set(vocabulary, file.length - vocabulary.length)
  checksum(file).copy(file, CHECKSUM_AT)
  return file
}

/**
 * The table in `bytes`, which it goes on using: nothing is copied but the scales. Throws when the bytes are not a table
 * or were damaged.
 */
export function readStaticTable(bytes: Uint8Array): StaticTable {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (file.length < HEADER_BYTES || file.toString('ascii', 0, MAGIC.length) !== MAGIC) {
    throw new Error('This is not a static token table: its first bytes are wrong.')
  }
  if (!checksum(file).equals(file.subarray(CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES))) {
    throw new Error('The static token table is damaged: its checksum does not fit.')
  }
  const [format, version, dimension, rows, vocabularyBytes] = [40, 44, 48, 52, 56].map((at) =>
    file.readUInt32LE(at),
  ) as [number, number, number, number, number]
  if (format !== FORMAT) {
    throw new Error(`The static token table has format ${format}; this release reads ${FORMAT}.`)
  }
  const cellsAt = HEADER_BYTES + 4 * rows
  const vocabularyAt = cellsAt + rows * dimension
  if (vocabularyAt + vocabularyBytes !== file.length) {
    throw new Error('The static token table is damaged: its length does not fit its header.')
  }
  const scales = new Float32Array(rows)
  bytesOf(scales).set(file.subarray(HEADER_BYTES, cellsAt))
  const wordPiece = createWordPiece(inflateRawSync(file.subarray(vocabularyAt)).toString('utf8'))
  if (wordPiece.size !== rows) {
    throw new Error(`The static token table has ${rows} rows for ${wordPiece.size} word pieces.`)
  }
  return {
    name: `${file.toString('ascii', NAME_AT, HEADER_BYTES).replace(/\0+$/, '')}@${version}`,
    dimension,
    rows,
    scales,
    cells: new Int8Array(file.buffer, file.byteOffset + cellsAt, rows * dimension),
    wordPiece,
  }
}

const MAGIC = 'SEMTABLE'
const FORMAT = 1
const CHECKSUM_AT = 8
const CHECKSUM_BYTES = 32
const NAME_AT = 60
const NAME_BYTES = 28
const HEADER_BYTES = NAME_AT + NAME_BYTES

/** The bytes as they lie in memory: little endian on every platform that Node runs on but one. */
const bytesOf = (numbers: Float32Array | Int8Array) =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)

const checksum = (file: Buffer) =>
  createHash('sha256')
    .update(file.subarray(CHECKSUM_AT + CHECKSUM_BYTES))
    .digest()
