import { stat } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readText, repositoryPaths } from './source.ts'

/** What the documents and comments lead to is there; nothing is fetched. */

const OUTSIDE = /^(https?:|mailto:)/

const paths = await repositoryPaths()
const documents = await texts(/\.md$/)
const sources = await texts(/(\.(ts|js|mjs|css|ya?ml|sh)|Dockerfile|\.env\.example|\.ci\/run)$/)

describe('the documents', () => {
  it('are read: links, anchors and paths that everyone knows are found', () => {
    expect(documents.map(({ path }) => path)).toContain('docs/memory.md')
    expect(linksOf('See [x](a.md#b), ![y](c.svg "t").\n```\n[no](d)\n```\n`[no](e)`')).toEqual([
      'a.md#b',
      'c.svg',
    ])
    expect([...headingIds('# One\n## `Two`, and *three*!\n## One\n```\n# no\n```')]).toEqual([
      'one',
      'two-and-three',
      'one-1',
    ])
    expect(pathsOf('`lib/memory/rank.ts`, docs/memory.md and test/browser.')).toEqual([
      'lib/memory/rank.ts',
      'docs/memory.md',
      'test/browser',
    ])
  })

  it('link to files and headings that are there', async () => {
    const ids = new Map(documents.map(({ path, text }) => [path, headingIds(text)]))
    const broken: string[] = []
    for (const { path, text } of documents) {
      for (const link of linksOf(text).filter((one) => !OUTSIDE.test(one))) {
        const [file = '', id] = decodeURI(link).split('#')
        const target = file === '' ? path : normalize(join(dirname(path), file))
        const isThere = (await exists(target)) && (id === undefined || ids.get(target)?.has(id))
        if (!isThere) broken.push(`${path}: ${link}`)
      }
    }
    expect(broken).toEqual([])
  })

  it('are all to be found from docs/README.md', async () => {
    const index = documents.find(({ path }) => path === 'docs/README.md')!
    const linked = new Set(
      linksOf(index.text).map((link) => normalize(join('docs', link.split('#')[0]!))),
    )
    const docs = documents
      .map(({ path }) => path)
      .filter((path) => path.startsWith('docs/') && path !== 'docs/README.md')
    expect(docs.filter((path) => !linked.has(path))).toEqual([])
  })
})

it('documents and comments name files and folders that are there', async () => {
  const missing: string[] = []
  for (const { path, text } of [...documents, ...sources]) {
    // Names made up for these tests, and names in the repositories that the schemas are from.
    if (/^test\/(structure\/|emulators\/specs\/)/.test(path)) continue
    for (const named of pathsOf(text)) {
      const isThere = paths.some((one) => one === named || one.startsWith(`${named}/`))
      if (!isThere) missing.push(`${path}: ${named}`)
    }
  }
  expect(missing).toEqual([])
})

function withoutFences(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```/gm, '')
}

/** Targets of links and pictures, as they are written. */
function linksOf(markdown: string): string[] {
  const prose = withoutFences(markdown).replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(([, target]) => target!)
}

/** The anchors that GitHub makes of the headings; the second of a name gets a number. */
function headingIds(markdown: string): Set<string> {
  const found = new Set<string>()
  for (const [, heading = ''] of withoutFences(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const id = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-')
    let free = id
    for (let number = 1; found.has(free); number++) free = `${id}-${number}`
    found.add(free)
  }
  return found
}

/** Paths in the repository that a text names in full. No patterns or placeholders, and no handlers as Lambda names them. */
function pathsOf(text: string): string[] {
  const rooms = 'lib|functions|web|scripts|test|docs|docker|infra'
  const named = new RegExp(`(?<![\\w./@:=-])(?:${rooms})(?:/[\\w.-]*\\w)+(?![\\w/*{<$…@-])`, 'g')
  return [...text.matchAll(named)]
    .map(([path]) => path)
    .filter((path) => !/\/NAME\b|\.handler$/.test(path))
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function texts(wanted: RegExp): Promise<{ path: string; text: string }[]> {
  return Promise.all(
    paths
      .filter((path) => wanted.test(path))
      .map(async (path) => ({ path, text: await readText(path) })),
  )
}
