import { describe, expect, it } from 'vitest'
import { packageOf, type SourceFile, sourceFiles } from './source.ts'

/** Imports point inwards, functions → web → lib, and each foreign thing has its one place. */

const room = (path: string) => path.split('/')[0]!
const found = (
  files: readonly SourceFile[],
  isWrong: (file: SourceFile, from: string) => boolean,
) =>
  files.flatMap((file) =>
    file.imports
      .filter(({ from }) => isWrong(file, from))
      .map(({ from }) => `${file.path} imports ${from}`),
  )
const outside = (path: string, ...places: string[]) =>
  !places.some((place) => path.startsWith(place))

describe('the rooms', async () => {
  const code = await sourceFiles(['lib', 'functions', 'web', 'scripts'])

  it('are read: the imports that everyone knows are found', () => {
    const imports = (path: string) =>
      code.find((file) => file.path === path)!.imports.map(({ from }) => from)
    expect(imports('functions/chat/handler.ts')).toContain('lib/function.ts')
    expect(imports('lib/host/app.ts')).toContain('hono')
    expect(imports('lib/function.ts')).toContain('aws-lambda')
  })

  it('import inwards only', () => {
    const allowed: Record<string, readonly string[]> = {
      lib: ['lib'],
      web: ['web', 'lib'],
      functions: ['functions', 'web', 'lib'],
      scripts: ['scripts', 'functions', 'web', 'lib', 'test'],
    }
    expect(
      found(
        code,
        ({ path }, from) =>
          packageOf(from) === undefined &&
          /^\w+\//.test(from) &&
          !allowed[room(path)]!.includes(room(from)),
      ).filter((line) => !line.includes('scripts/build-assets.ts')), // Types of what the build puts in.
    ).toEqual([])
  })

  it('never import what is only installed for the build and the tests', async () => {
    const { default: manifest } = (await import('../../package.json', {
      with: { type: 'json' },
    })) as { default: { devDependencies: Record<string, string> } }
    const { oxlint: _, ...development } = manifest.devDependencies
    expect(
      found(
        code,
        ({ path }, from) =>
          room(path) !== 'scripts' && Object.hasOwn(development, packageOf(from) ?? ''),
      ),
    ).toEqual([])
  })

  it('lib knows no web framework outside its host', () => {
    expect(
      found(
        code,
        ({ path }, from) =>
          /hono/.test(packageOf(from) ?? '') && room(path) === 'lib' && outside(path, 'lib/host/'),
      ),
    ).toEqual([])
  })

  it('types of AWS stay with the contract of a function and the host', () => {
    expect(
      found(
        code,
        ({ path }, from) =>
          /^(aws-lambda$|@aws)/.test(from) &&
          outside(path, 'lib/function.ts', 'lib/function/', 'lib/host/'),
      ),
    ).toEqual([])
  })

  it.each(['@pinecone-database/pinecone', '@huggingface/inference'])(
    '%s is known to one file, and loaded when it is first used',
    (vendor) => {
      // What the product is measured beside is no part of it.
      const users = code.filter(
        ({ path, imports }) =>
          path !== 'scripts/bench/plain-server.ts' &&
          imports.some(({ from }) => packageOf(from) === vendor),
      )
      expect(users.length).toBeLessThanOrEqual(1)
      expect(users.filter(({ path }) => room(path) !== 'lib')).toEqual([])
    },
  )

  it('concrete drivers are named by the composition root, and their own room, alone', () => {
    const drivers =
      /^lib\/(memory\/(sqlite|pinecone)\.ts|models\/(builtin|minilm)\/[\w-]+-embedder\.ts)$/
    // The services open the models by name; which those are is told in one place too.
    const COMPOSITION = new Set(['lib/services.ts', 'lib/models/open-models.ts'])
    const own = [
      'lib/memory/sqlite/',
      'lib/memory/pinecone/',
      'lib/models/builtin/',
      'lib/models/minilm/',
    ]
    expect(
      found(
        code,
        ({ path }, from) =>
          drivers.test(from) &&
          !COMPOSITION.has(path) &&
          room(path) !== 'scripts' &&
          outside(path, ...own),
      ),
    ).toEqual([])
  })

  it('read no setting but through lib/config.ts', () => {
    const reads = code
      .filter(({ path }) => room(path) !== 'scripts' && path !== 'lib/config.ts')
      .flatMap(({ path, text }) =>
        (text.match(/.*process\.env.*/g) ?? []).map((line) => [path, line.trim()]),
      )
      // The host hands the environment to lib/config.ts, and sets what the runtime would.
      .filter(
        ([path, line]) =>
          outside(path!, 'lib/host/') ||
          !/readConfig\(process\.env\)|process\.env\['(AWS_LAMBDA|POWERTOOLS)_\w+'\] \?\?=/.test(
            line!,
          ),
      )
    expect(reads).toEqual([])
  })

  it('leave the tests alone: nothing that is shipped imports them', () => {
    expect(
      found(code, ({ path }, from) => room(from) === 'test' && room(path) !== 'scripts'),
    ).toEqual([])
  })
})
