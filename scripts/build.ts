import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { buildAssets } from './build-assets.ts'

/**
 * Builds dist: one self-contained file a function as Lambda would load it, one for the host, one for each tool that an
 * operator runs beside it, and the data beside them.
 *
 *   node scripts/build.ts [--out dist] [--commit SHA]
 */

/** Minified KiB that a bundle may have. A bundle over it has taken in something it should not. */
const CEILINGS_KIB: Record<string, number> = { health: 160, chat: 1000, reply: 1000, page: 1000 }
const CEILING_KIB = 800

/** A host starts without these: no page and no chat needs them, and whoever calls one first waits 40 ms for it. */
const LATE_FUNCTIONS = ['export', 'ingest', 'memories', 'openapi', 'users']

/** What an operator runs where there are no sources, such as in the container: scripts/NAME.ts as bin/NAME.mjs. */
const TOOLS = ['backup', 'key', 'reembed', 'restore', 'smoke']

/** These packages have no side effects on import but do not say so; saying it for them drops what is unused. */
const PURE_PACKAGES = ['@huggingface/inference', '@huggingface/tasks', '@huggingface/jinja']

/**
 * Parts of Pinecone's SDK, half of it, that no call of ours reaches: its clients for assistants, inference and
 * administration. Its own modules are all loaded by its entry, so each is replaced by classes without anything in them.
 */
const UNUSED_PARTS =
  /\/@pinecone-database\/pinecone\/dist\/((admin|assistant|inference)|pinecone-generated-ts-fetch\/(admin|assistant_\w+|inference|oauth))\//

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'dist' }, commit: { type: 'string' } },
})
const out = values.out

const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
const shared: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  mainFields: ['module', 'main'],
  minify: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  metafile: true,
  logLevel: 'warning',
  external: ['onnxruntime-node'], // Opt-in, native, installed by whoever chooses it.
  define: {
    BUILT_VERSION: JSON.stringify(version),
    BUILT_COMMIT: JSON.stringify(values.commit ?? (await currentCommit())),
  },
  plugins: [
    asciiSources(),
    purePackages(PURE_PACKAGES),
    withoutUnusedParts(UNUSED_PARTS),
    await assetsModule(),
  ],
}

await rm(out, { recursive: true, force: true })
await mkdir(join(out, 'models'), { recursive: true })
await cp('lib/models/builtin/static-minilm-128.bin', join(out, 'models/static-minilm-128.bin'))
const names = await foldersIn('functions')
const sources: Record<string, string> = {
  host: 'lib/host/main.ts',
  ...Object.fromEntries(names.map((name) => [`functions/${name}`, `functions/${name}/handler.ts`])),
  ...Object.fromEntries(TOOLS.map((name) => [`bin/${name}`, `scripts/${name}.ts`])),
}
// In one build, so that what they share is read and parsed once.
const { metafile } = await build({ ...shared, entryPoints: sources, outdir: out })
await writeFile(join(out, 'meta.json'), JSON.stringify(metafile))
await promisify(execFile)(
  process.execPath,
  [join(import.meta.dirname, 'build/late-functions.ts'), out, ...LATE_FUNCTIONS],
  { env: { PATH: process.env['PATH'] } },
)
const sizes = Object.keys(sources).map((name) => {
  // The metafile names a file from where we stand, wherever it was written to.
  const kib = metafile!.outputs[relative('.', join(out, `${name}.mjs`))]!.bytes / 1024
  return { file: `${name}.mjs`, kib, ceiling: CEILINGS_KIB[basename(name)] ?? CEILING_KIB }
})
for (const { file, kib } of sizes)
  console.log(`${file.padEnd(24)} ${kib.toFixed(1).padStart(7)} KiB`)
const tooLarge = sizes.filter(({ kib, ceiling }) => kib > ceiling)
for (const { file, kib, ceiling } of tooLarge) {
  console.error(
    `${file} has ${kib.toFixed(1)} KiB; ${ceiling} are allowed. See ${out}/meta.json for what is in it.`,
  )
}
if (tooLarge.length > 0) process.exit(1)

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

async function currentCommit(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'])
    return stdout.trim()
  } catch {
    return 'unknown' // A checkout without git, such as an archive.
  }
}

/** The page's files, fingerprinted, as a module of text: `import assets from 'virtual:assets'`. */
async function assetsModule(): Promise<Plugin> {
  const contents = `export default ${JSON.stringify(await buildAssets())}`
  return {
    name: 'assets',
    setup(esbuild) {
      esbuild.onResolve({ filter: /^virtual:assets$/ }, ({ path }) => ({
        path,
        namespace: 'assets',
      }))
      esbuild.onLoad({ filter: /.*/, namespace: 'assets' }, () => ({ contents, loader: 'js' }))
    },
  }
}

/**
 * One character beyond Latin-1, such as in a pattern for Chinese, makes Node keep the whole bundle at two bytes a character; esbuild
 * escapes them in strings alone.
 */
function asciiSources(): Plugin {
  return {
    name: 'ascii-sources',
    setup(esbuild) {
      esbuild.onLoad({ filter: /\.(?:ts|[cm]?js)$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        const contents = source.replaceAll(/[\u0080-\uffff]/g, (unit) => {
          return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
        })
        if (contents === source) return undefined
        return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' }
      })
    },
  }
}

function purePackages(packages: readonly string[]): Plugin {
  const isWithin = (path: string) =>
    packages.some((name) => path.includes(`/node_modules/${name}/`))
  const isNamed = (path: string) =>
    packages.some((name) => path === name || path.startsWith(`${name}/`))
  return {
    name: 'pure-packages',
    setup(esbuild) {
      esbuild.onResolve(
        { filter: /.*/ },
        async ({ path, pluginData, kind, resolveDir, importer }) => {
          // To resolve costs esbuild a walk through the folders; only what may lead into these packages is asked for.
          if (pluginData === 'resolved' || !(isNamed(path) || isWithin(importer))) return undefined
          const found = await esbuild.resolve(path, {
            kind,
            resolveDir,
            importer,
            pluginData: 'resolved',
          })
          return found.errors.length === 0 && isWithin(found.path)
            ? { ...found, sideEffects: false }
            : found
        },
      )
    },
  }
}

function withoutUnusedParts(pattern: RegExp): Plugin {
  const contents = 'module.exports = new Proxy({}, { get: () => class {} })'
  return {
    name: 'unused-parts',
    setup(esbuild) {
      esbuild.onLoad({ filter: pattern }, () => ({ contents, loader: 'js' }))
    },
  }
}
