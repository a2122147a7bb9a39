import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The part of onnxruntime-node used here: the real one fits it, and so does a small fake. */
export interface OnnxRuntime {
  readonly Tensor: new (type: 'int64', data: BigInt64Array, shape: readonly number[]) => unknown
  readonly InferenceSession: {
    create(path: string, options: OnnxSessionOptions): Promise<OnnxSession>
  }
}

export interface OnnxSessionOptions {
  readonly intraOpNumThreads: number
  readonly interOpNumThreads: number
}

export interface OnnxSession {
  run(
    inputs: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, { readonly data: unknown } | undefined>>>
}

/**
 * Imports onnxruntime-node, which the project does not depend on (its five platforms weigh 288 MB): from wherever this
 * file's own imports resolve, else from `node_modules` in one of `directories` or above it. Rejects with instructions
 * when it is nowhere.
 */
export async function loadOnnxRuntime(
  directories: readonly string[],
  name = 'onnxruntime-node',
): Promise<OnnxRuntime> {
  const failures: unknown[] = []
  // The name is no literal, so that no bundler packs the native library.
  const sources = [() => name, ...directories.map((directory) => () => locate(directory, name))]
  for (const source of sources) {
    try {
      const module = (await import(source())) as OnnxRuntime & { readonly default?: OnnxRuntime }
      return module.default ?? module
    } catch (error) {
      failures.push(error)
    }
  }
  const cause = new AggregateError(failures, 'Each place where it might be failed.')
  throw new Error(
    `${name} could not be loaded. Install it without its downloads: ` +
      `ONNXRUNTIME_NODE_INSTALL=skip npm install --no-save ${name}@${TESTED_VERSION}`,
    { cause },
  )
}

const TESTED_VERSION = '1.30.0'

const locate = (directory: string, name: string) =>
  pathToFileURL(createRequire(join(directory, 'from-here.js')).resolve(name)).href
