import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { promisify } from 'node:util'

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
}

export interface Import {
  /** As it is written; one that begins with a dot as the path it leads to. */
  readonly from: string
}

/** Every TypeScript file of these folders; tests only when asked for. */
export async function sourceFiles(
  folders: readonly string[],
  { tests = false } = {},
): Promise<SourceFile[]> {
  const paths = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder, { recursive: true })).map((name) => join(folder, name)),
    ),
  )
  const wanted = paths
    .flat()
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
    .filter((path) => tests || !path.endsWith('.test.ts'))
  return Promise.all(
    wanted.map(async (path) => {
      const text = await readFile(path, 'utf8')
      return { path, text, imports: importsOf(path, text) }
    }),
  )
}

/** Static ones, re-exports, and those made at run time. */
const IMPORT = /(?:^|\n)(?:import|export)\s(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/g

function importsOf(path: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map(([, fromStatic, fromDynamic]) => {
    const from = fromStatic ?? fromDynamic ?? ''
    return { from: from.startsWith('.') ? normalize(join(dirname(path), from)) : from }
  })
}

/** The package of an import, without the path in it; undefined for our own files and Node's. */
export function packageOf(from: string): string | undefined {
  if (/^(node:|virtual:)/.test(from) || /^(lib|functions|web|scripts|test)\//.test(from))
    return undefined
  const [scope, name] = from.split('/')
  return scope?.startsWith('@') ? `${scope}/${name}` : scope
}

const LEFT_OUT = /(^|\/)(\.git|node_modules|dist|data)\//

/** Files that git has, or would take; in a checkout without git whatever is not made here. From the root of the repository. */
export async function repositoryPaths(): Promise<string[]> {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard']
  const names = await promisify(execFile)('git', list, { maxBuffer: 16 * 1024 * 1024 }).then(
    ({ stdout }) => stdout.split('\n'),
    () => readdir('.', { recursive: true }),
  )
  return names.filter((path) => path !== '' && !LEFT_OUT.test(path))
}

/** Empty for what is no file, such as one that was just deleted. */
export const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
