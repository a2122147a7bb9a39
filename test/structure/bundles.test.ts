import { readdir, readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join, relative } from 'node:path'
import type { Metafile } from 'esbuild'
import { describe, expect, inject, it } from 'vitest'
import { copyDist, startHost } from '../support/host.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const KIB = 1024
const ceilingKib = (name: string) =>
  ({
    'functions/health': 160,
    'functions/chat': 1000,
    'functions/reply': 1000,
    'functions/page': 1000,
  })[name] ?? 800

interface Bundle {
  readonly name: string
  readonly bytes: number
  readonly inputs: readonly string[]
  /** What it asks for at run time. */
  readonly imports: readonly string[]
  readonly text: string
}

async function readBundles(dist: string): Promise<Bundle[]> {
  const meta = JSON.parse(await readFile(join(dist, 'meta.json'), 'utf8')) as Metafile
  const entries = Object.entries(meta.outputs).filter(([, { entryPoint }]) => entryPoint)
  return Promise.all(
    entries.map(async ([path, output]) => ({
      name: relative(dist, path).replace('.mjs', ''),
      bytes: output.bytes,
      inputs: Object.keys(output.inputs),
      imports: output.imports.map((imported) => imported.path),
      text: await readFile(path, 'utf8'),
    })),
  )
}

describe('the bundles', async () => {
  const bundles = await readBundles(inject('dist'))

  it('are one for each function, the host, and the tools of an operator', async () => {
    const functions = await readdir('functions')
    const served = bundles.map(({ name }) => name).filter((name) => !name.startsWith('bin/'))
    expect(served.toSorted()).toEqual(
      [...functions.map((name) => `functions/${name}`), 'host'].toSorted(),
    )
  })

  it('stay below their ceilings', () => {
    const over = bundles.filter(({ name, bytes }) => bytes > ceilingKib(name) * KIB)
    expect(over.map(({ name, bytes }) => `${name}: ${bytes / KIB} KiB`)).toEqual([])
    const served = bundles.filter(({ name }) => !name.startsWith('bin/'))
    expect(served.every(({ text }) => text.length > 10 * KIB)).toBe(true)
  })

  it('need nothing but Node, and an engine that only who chooses it installs', () => {
    const known = new Set([
      'onnxruntime-node',
      ...builtinModules.flatMap((name) => [name, `node:${name}`]),
    ])
    known.add('node:sqlite')
    const unknown = bundles.flatMap(({ name, imports }) =>
      imports.filter((path) => !known.has(path)).map((path) => `${name} imports ${path}`),
    )
    expect(unknown).toEqual([])
    for (const { name, text } of bundles) {
      expect([name, text.includes('Dynamic require of')]).toEqual([name, false])
    }
  })

  it('health holds neither store nor models', () => {
    const { inputs } = bundles.find(({ name }) => name === 'functions/health')!
    expect(inputs).toContain('functions/health/probe.ts')
    expect(
      inputs.filter((path) => /^lib\/(services|chat|models|memory\/sqlite)/.test(path)),
    ).toEqual([])
  })
})

describe('a dist that was copied elsewhere', () => {
  it('runs without node_modules and without the sources', async () => {
    await using folder = await temporaryFolder()
    const dist = await copyDist(join(folder.path, 'elsewhere'))
    await using host = await startHost({ dist })
    await host.api.chat({ user_id: 'ada', message: 'My kayak is orange.' })
    const { body } = await host.api.chat({ user_id: 'ada', message: 'What colour is my kayak?' })
    expect(body.response).toContain('orange')
    expect((await host.api.request<string>('GET', '/')).body).toContain('<form')
  })
})
