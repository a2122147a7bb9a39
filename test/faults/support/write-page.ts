import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Figures } from './figures.ts'

const PAGE = 'docs/faults.md'

/** Collects the figures of a full run, and writes them into docs/faults.md; suites that did not run keep theirs. */
export default async function writePage(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'ai-memory-layer-figures-'))
  const file = join(folder, 'figures.jsonl')
  await writeFile(file, '')
  project.provide('figuresFile', file)
  return async () => {
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
    await rm(folder, { recursive: true })
    if (lines.length === 0) return
    const sections = sectionsOf(await readFile(PAGE, 'utf8').catch(() => ''))
    for (const line of lines) {
      const figures = JSON.parse(line) as Figures
      sections.set(figures.suite, sectionOf(figures))
    }
    const ordered = [...sections].toSorted(([a], [b]) => a.localeCompare(b))
    await writeFile(PAGE, `${HEAD}${ordered.map(([, text]) => text).join('\n')}`)
  }
}

const HEAD = `# Faults: the last full run

Written by \`npm run test:faults\`, which runs every suite of \`test/faults\` at full size; \`npm test\` runs the same at small size. What each
promise is worth, and what no test here can show, is in [guarantees.md](guarantees.md). Times are of a shared machine: ratios are promised, milliseconds are not.

`

function sectionsOf(page: string): Map<string, string> {
  const parts = page.split(/^## /m).slice(1)
  return new Map(parts.map((part) => [part.split('\n')[0]!, `## ${part.trimEnd()}\n`]))
}

function sectionOf({ suite, axes, rows }: Figures): string {
  const day = new Date().toISOString().slice(0, 10)
  const machine = `Node ${process.version}, Linux ${release()}, ${availableParallelism()} cores`
  const lines = Object.entries(rows).map(([name, value]) => `| ${name} | ${value} |`)
  return `## ${suite}\n\nAxes: ${axes}. ${day}, ${machine}.\n\n| | |\n| --- | --- |\n${lines.join('\n')}\n`
}
