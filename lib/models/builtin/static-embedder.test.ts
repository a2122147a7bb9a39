import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createStaticEmbedder, loadStaticTable } from './static-embedder.ts'
import { readStaticTable, writeStaticTable } from './static-table.ts'

const shipped = new URL('static-minilm-128.bin', import.meta.url)
const embedder = createStaticEmbedder(await loadStaticTable(shipped))

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)
const embed = async (text: string) => (await embedder.embed([text]))[0]!

describe('the built-in embedder', () => {
  it('is free and says what made its vectors', () => {
    expect(embedder).toMatchObject({ name: 'static-minilm-128@1', dimension: 128, free: true })
  })

  it('adds up the rows of the word pieces, at length 1', async () => {
    const table = readStaticTable(
      writeStaticTable({
        name: 'tiny',
        version: 1,
        dimension: 2,
        scales: Float32Array.of(0, 0, 0, 0, 0, 0.5, 0.25),
        cells: Int8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 16),
        vocabulary: '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ntea\n##pot\n',
      }),
    )
    const [tea, teapot] = await createStaticEmbedder(table).embed(['tea', 'Teapot xyz'])
    expect([...tea!]).toEqual([1, 0])
    expect([...teapot!]).toEqual([Math.fround(0.6), Math.fround(0.8)])
  })

  it('puts what means the same nearer than what does not', async () => {
    const question = await embed('What do I like to drink?')
    const tea = cosine(question, await embed('My favourite beverage is green tea.'))
    const car = cosine(question, await embed('The car broke down on the motorway.'))
    expect(tea).toBeGreaterThan(car + 0.2)
  })

  it('gives vectors of length 1, in order, the same for the same text', async () => {
    const texts = Array.from({ length: 150 }, (_, i) => `I paid ${i} euros for the tea`)
    const vectors = await embedder.embed(texts)
    expect(vectors).toHaveLength(150)
    for (const vector of vectors) expect(cosine(vector, vector)).toBeCloseTo(1, 5)
    expect(vectors[149]).toEqual(await embed(texts[149]!))
    expect(vectors[149]).not.toEqual(vectors[148])
  })

  it.each(['', '   ', '\u{1F375}', 'ᚠᚢᚦ ⰀⰁ'])(
    'gives the zero vector for “%s”, which holds no word it knows',
    async (text) => {
      expect(new Set(await embed(text))).toEqual(new Set([0]))
    },
  )

  it('cuts what is longer than any passage', async () => {
    const long = 'tea '.repeat(254)
    expect(await embed(`${long}motorway motorway`)).toEqual(await embed(long))
    expect(await embed(`motorway ${long}`)).not.toEqual(await embed(long))
  })

  it('stops when its caller goes away, and lets others work meanwhile', async () => {
    const controller = new AbortController()
    const reason = new Error('gone')
    setImmediate(() => controller.abort(reason))
    const texts = Array.from({ length: 1_000 }, () => 'tea')
    await expect(embedder.embed(texts, controller.signal)).rejects.toBe(reason)
    await expect(embedder.embed([], AbortSignal.abort(reason))).resolves.toEqual([])
    await expect(embedder.embed(['tea'], AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})

describe('loadStaticTable', () => {
  it('says which file is missing or damaged', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'table-')), 'table.bin')
    await expect(loadStaticTable(path)).rejects.toThrow(`cannot use its table ${path}: ENOENT`)
    writeFileSync(path, 'no table')
    await expect(loadStaticTable(path)).rejects.toThrow('first bytes are wrong')
  })
})
