import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readStaticTable, writeStaticTable } from './static-table.ts'

const vocabulary = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ntea\n##pot\n'
const contents = {
  name: 'tiny',
  version: 3,
  dimension: 2,
  scales: Float32Array.of(0, 0, 0, 0, 0, 0.5, 0.25),
  cells: Int8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 127, -3, -128, 7),
  vocabulary,
}

describe('the static table file', () => {
  it('reads what was written', () => {
    const table = readStaticTable(writeStaticTable(contents))
    expect(table).toMatchObject({ name: 'tiny@3', dimension: 2, rows: 7 })
    expect([...table.scales]).toEqual([...contents.scales])
    expect([...table.cells]).toEqual([...contents.cells])
    expect(table.wordPiece.encode('teapot')).toEqual([5, 6])
  })

  it('reads bytes that start anywhere in memory', () => {
    const file = writeStaticTable(contents)
    const memory = new Uint8Array(file.length + 3)
    memory.set(file, 3)
    const table = readStaticTable(memory.subarray(3))
    expect([...table.scales]).toEqual([...contents.scales])
    expect([...table.cells]).toEqual([...contents.cells])
  })

  it('notices any changed byte and any missing end', () => {
    const file = writeStaticTable(contents)
    for (let at = 0; at < file.length; at++) {
      const damaged = Uint8Array.from(file)
      damaged[at]! ^= 1
      expect(() => readStaticTable(damaged), `byte ${at}`).toThrow(/first bytes|damaged/)
      expect(() => readStaticTable(file.subarray(0, at)), `${at} bytes`).toThrow(
        /first bytes|damaged/,
      )
    }
  })

  it('refuses a format it does not know, and lengths that do not fit', () => {
    const newer = Buffer.from(writeStaticTable(contents))
    newer.writeUInt32LE(2, 40)
    expect(() => readStaticTable(sealed(newer))).toThrow('has format 2; this release reads 1')
    const wider = Buffer.from(writeStaticTable(contents))
    wider.writeUInt32LE(3, 48)
    expect(() => readStaticTable(sealed(wider))).toThrow('its length does not fit its header')
  })

  it('refuses rows that do not fit the vocabulary, and a name without room', () => {
    const short = { ...contents, vocabulary: vocabulary.replace('##pot\n', '') }
    expect(() => readStaticTable(writeStaticTable(short))).toThrow('7 rows for 6 word pieces')
    expect(() => writeStaticTable({ ...contents, name: 'x'.repeat(29) })).toThrow('28 bytes')
  })
})

describe('the shipped table', () => {
  it('is the one that docs/embedders.md speaks of, small enough for a repository', () => {
    const bytes = readFileSync(new URL('static-minilm-128.bin', import.meta.url))
    const table = readStaticTable(bytes)
    expect(table).toMatchObject({ name: 'static-minilm-128@1', dimension: 128, rows: 30_522 })
    expect(bytes.length).toBeLessThan(4_200_000)
  })
})

/** The file with the checksum of what it now holds. */
function sealed(file: Buffer): Buffer {
  createHash('sha256').update(file.subarray(40)).digest().copy(file, 8)
  return file
}
