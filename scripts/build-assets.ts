import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface BuiltAssets {
  readonly files: readonly BuiltAsset[]
  /** Paths of the three that a page names. */
  readonly script: string
  readonly style: string
  readonly icon: string
}

export interface BuiltAsset {
  /** Holds a fingerprint of the body. */
  readonly path: string
  readonly type: string
  readonly body: string
}

/** htmx and its streams, as their authors minified them: classic scripts that share the global `htmx`. */
const LIBRARIES = ['htmx.org/dist/htmx.min.js', 'htmx.org/dist/ext/hx-sse.min.js']

/** Evergreen browsers of the last two years; older ones get the page without its script. */
const BROWSERS = ['chrome120', 'firefox121', 'safari17.2']

/** The page's own files: one script (htmx, its streams, ours), one stylesheet, one icon. */
export async function buildAssets(): Promise<BuiltAssets> {
  const [libraries, own, style, icon] = await Promise.all([
    Promise.all(LIBRARIES.map(library)),
    bundle('web/browser/main.js'),
    bundle('web/styles/main.css'),
    readFile('web/icon.svg', 'utf8'),
  ])
  const files = [
    asset('app', 'js', 'text/javascript; charset=utf-8', [...libraries, own].join(';\n')),
    asset('app', 'css', 'text/css; charset=utf-8', style),
    asset('icon', 'svg', 'image/svg+xml', icon.trim()),
  ]
  const [scriptFile, styleFile, iconFile] = files as [BuiltAsset, BuiltAsset, BuiltAsset]
  return { files, script: scriptFile.path, style: styleFile.path, icon: iconFile.path }
}

async function library(name: string): Promise<string> {
  const text = await readFile(fileURLToPath(import.meta.resolve(name)), 'utf8')
  return text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '')
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: BROWSERS,
    legalComments: 'none',
    logLevel: 'warning',
  })
  return outputFiles[0]!.text
}

function asset(name: string, extension: string, type: string, body: string): BuiltAsset {
  const fingerprint = createHash('sha256').update(body).digest('base64url').slice(0, 10)
  return { path: `/assets/${name}-${fingerprint}.${extension}`, type, body }
}
