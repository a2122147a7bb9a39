import { access, constants, readFile, stat } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startFlags } from '../../scripts/start-flags.ts'
import { readText, repositoryPaths } from './source.ts'

interface Manifest {
  readonly scripts: Record<string, string>
  readonly allowScripts: Record<string, boolean>
  readonly dependencies: Record<string, string>
  readonly devDependencies?: Record<string, string>
}

interface Lockfile {
  readonly packages: Record<
    string,
    {
      resolved?: string
      integrity?: string
      hasInstallScript?: boolean
      dependencies?: Record<string, string>
      devDependencies?: Record<string, string>
      optionalDependencies?: Record<string, string>
    }
  >
}

const readJson = async <T>(path: string) => JSON.parse(await readFile(path, 'utf8')) as T

describe('the top level', () => {
  it.each([
    'README.md',
    'LICENSE',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    '.env.example',
    '.gitignore',
    'functions',
    'web',
    'lib',
    'scripts',
    'test',
    'docs',
  ])('has %s', async (path) => {
    expect((await stat(path)).size).toBeGreaterThan(0)
  })

  it('has a .ci/run that can be run', async () => {
    await expect(access('.ci/run', constants.X_OK)).resolves.toBeUndefined()
  })

  it.each([
    '.env',
    '.cursor/mcp.json',
    'data/memory.db',
    'dist/host.mjs',
    'node_modules/x',
    'key.pem',
  ])('keeps %s out of git', async (path) => {
    const ignored = await readFile('.gitignore', 'utf8')
    const [top = ''] = path.split('/')
    const lines = new Set([path, top, `${top}/`, `*${top.slice(top.lastIndexOf('.'))}`])
    expect(ignored.split('\n').some((line) => lines.has(line))).toBe(true)
  })
})

describe('package.json', async () => {
  const manifest = await readJson<Manifest>('package.json')
  const lockfile = await readJson<Lockfile>('package-lock.json')
  const direct = { ...manifest.dependencies, ...manifest.devDependencies }

  it('has the scripts a newcomer would guess, and each runs a file that is there', async () => {
    const wanted = 'start dev build test lint format typecheck check smoke bench'.split(' ')
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(wanted))
    const files = Object.values(manifest.scripts).flatMap(
      (line) => line.match(/scripts\/[\w-]+\.ts/g) ?? [],
    )
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) await expect(access(file)).resolves.toBeUndefined()
  })

  it('names exact versions, the ones that the lockfile has', () => {
    const root = lockfile.packages['']!
    expect({ ...root.dependencies, ...root.devDependencies }).toEqual(direct)
    for (const [name, version] of Object.entries(direct)) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)])
    }
  })

  it('lets only known packages run a script when they are installed', () => {
    const withScripts = Object.entries(lockfile.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path.replace('node_modules/', ''))
    expect(Object.keys(manifest.allowScripts).toSorted()).toEqual(withScripts.toSorted())
  })
})

describe.each(['package-lock.json', 'test/parity/package-lock.json'])('%s', (path) => {
  it('names no address to download from, and the sum of every package', async () => {
    const { packages } = await readJson<Lockfile>(path)
    const installed = Object.entries(packages).filter(([name]) => name !== '')
    expect(installed.length).toBeGreaterThan(10)
    expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
    expect(installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([])
  })

  it('holds what every platform would install: newer releases of npm ci refuse to go without', async () => {
    const { packages } = await readJson<Lockfile>(path)
    const missing = Object.entries(packages).flatMap(([place, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
        .filter(
          (name) => !placesAbove(place).some((above) => `${above}node_modules/${name}` in packages),
        )
        .map((name) => `${place} needs ${name}`),
    )
    expect(missing).toEqual([])
  })
})

/** Where Node looks for what the package at this place imports: beside it, then further up. */
function placesAbove(place: string): string[] {
  const at = place.lastIndexOf('node_modules/')
  const beside = place === '' ? '' : `${place}/`
  return at < 0 ? [beside] : [beside, ...placesAbove(place.slice(0, at).replace(/\/$/, ''))]
}

describe('docs/dependencies.md', () => {
  it('gives every dependency its reason, and no other', async () => {
    const manifests = [
      await readJson<Manifest>('package.json'),
      await readJson<Manifest>('test/parity/package.json'),
    ]
    const names = manifests.flatMap(({ dependencies, devDependencies }) =>
      Object.keys({ ...dependencies, ...devDependencies }),
    )
    const text = await readFile('docs/dependencies.md', 'utf8')
    const explained = [...text.matchAll(/^- \*\*([^*]+)\*\*: .{10,}/gm)].map(([, name]) => name!)
    expect(explained.toSorted()).toEqual(names.toSorted())
  })
})

describe('the image', () => {
  it('starts Node with the flags of npm start, and is warmed with them', async () => {
    const flags = startFlags()
    expect(flags).toHaveLength(2)
    const dockerfile = await readFile('docker/Dockerfile', 'utf8')
    expect(dockerfile).toContain(
      `CMD ${JSON.stringify(['node', ...flags, 'host.mjs']).replaceAll(',', ', ')}`,
    )
    expect(dockerfile).toContain(`node ${flags.join(' ')} /warm/warm.mjs`)
  })
})

describe('every file', async () => {
  const files = await textFiles()

  it('leads to nothing outside the repository', () => {
    expect(files.length).toBeGreaterThan(100)
    const leading = files.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w/.])(?:\.\.\/)+[\w.-]+/g)]
        .filter(([way]) => normalize(join(dirname(path), way)).startsWith('..'))
        .map(([way]) => `${path}: ${way}`),
    )
    expect(leading).toEqual([])
    const homes = files.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w.:/-])\/(?:home|Users|work|root)\/[\w.-]+/g)].map(
        ([way]) => `${path}: ${way}`,
      ),
    )
    expect(homes).toEqual([])
  })

  it('names no place that packages come from', () => {
    const named = files.filter(({ text }) => /https?:\/\/[\w.-]*registry[\w.-]*/.test(text))
    expect(named.map(({ path }) => path)).toEqual([])
  })
})

async function textFiles(): Promise<{ path: string; text: string }[]> {
  const paths = (await repositoryPaths()).filter((path) => !/\.(bin|png|jpg|ico|woff2)$/.test(path))
  const read = await Promise.all(paths.map(async (path) => ({ path, text: await readText(path) })))
  return read.filter(({ text }) => text !== '')
}
