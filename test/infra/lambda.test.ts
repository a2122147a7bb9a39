import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { installRuntime, type HostedFunction } from '../../lib/host/runtime.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { readYaml } from './yaml.ts'

/** CloudFront leads each route to the function that has it; what it is told stands beside the functions, not in them. */

interface Behavior {
  readonly PathPattern?: string
  readonly TargetOriginId: string
  readonly AllowedMethods?: readonly string[]
}
interface LambdaTemplate {
  readonly Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>
}

describe('infra/lambda/template.yaml', () => {
  let functions: readonly HostedFunction[]
  let resources: LambdaTemplate['Resources']
  let tidyUp: () => PromiseLike<void>
  beforeAll(async () => {
    const data = await temporaryFolder()
    tidyUp = () => data[Symbol.asyncDispose]()
    vi.stubEnv('DATA_DIR', data.path)
    const runtime = await installRuntime({ maxConcurrency: 1 })
    functions = await runtime.load(pathToFileURL(`${inject('dist')}/functions/`))
    resources = (await readYaml<LambdaTemplate>('infra/lambda/template.yaml')).Resources
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await tidyUp()
  })

  const namesOf = (type: string) =>
    Object.keys(resources)
      .filter((name) => resources[name]!.Type === type)
      .map((name) => name.toLowerCase())
      .toSorted()
  const distribution = () =>
    resources['Distribution']!.Properties['DistributionConfig'] as {
      readonly Origins: readonly { Id: string }[]
      readonly DefaultCacheBehavior: Behavior
      readonly CacheBehaviors: readonly Behavior[]
    }

  /** The first pattern that fits wins. Source: CloudFront's developer guide, "Path pattern". */
  function behaviorOf(path: string): Behavior {
    const { CacheBehaviors, DefaultCacheBehavior } = distribution()
    const fits = ({ PathPattern = '' }: Behavior) =>
      new RegExp(
        `^${PathPattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
          .replaceAll('*', '.*')
          .replaceAll('?', '.')}$`,
      ).test(path)
    return CacheBehaviors.find(fits) ?? DefaultCacheBehavior
  }

  it('has each function, with an address that everybody may call', () => {
    const names = functions.map(({ name }) => name).toSorted()
    expect(namesOf('AWS::Lambda::Function')).toEqual(names)
    expect(namesOf('AWS::Lambda::Url')).toEqual(names.map((name) => `${name}url`))
    const permissions = names.flatMap((name) => [`${name}maybecalled`, `${name}maybeinvoked`])
    expect(namesOf('AWS::Lambda::Permission')).toEqual(permissions.toSorted())
    expect(
      distribution()
        .Origins.map(({ Id }) => Id)
        .toSorted(),
    ).toEqual(names)
  })

  it('streams what streams', () => {
    for (const { name, isStreamed } of functions) {
      const url = resources[`${name[0]!.toUpperCase()}${name.slice(1)}Url`]!.Properties
      expect([name, url['InvokeMode']]).toEqual([name, isStreamed ? 'RESPONSE_STREAM' : 'BUFFERED'])
    }
  })

  it('leads every route to its function, whatever stands in the path', () => {
    const routes = functions.flatMap(({ name, routes }) => routes.map((key) => ({ name, key })))
    expect(routes.length).toBeGreaterThan(25)
    for (const { name, key } of routes) {
      const [method, pattern] = key.split(' ') as [string, string]
      for (const value of ['x', '01a1fcd3-6097-709a-9eb3-62576ba4fc24', 'ada@example.org']) {
        const path = pattern.replaceAll(/\{\w+\+?\}/g, value)
        const { TargetOriginId, AllowedMethods = ['GET', 'HEAD'] } = behaviorOf(path)
        expect([key, TargetOriginId, AllowedMethods.includes(method)]).toEqual([key, name, true])
      }
    }
  })

  it('tells each function the same', () => {
    const told = functions.map(
      ({ name }) =>
        resources[`${name[0]!.toUpperCase()}${name.slice(1)}`]!.Properties['Environment'],
    )
    expect(new Set(told.map((one) => JSON.stringify(one)))).toHaveLength(1)
  })
})
