import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { objectsIn, readYaml } from './yaml.ts'

/** What CloudFormation would refuse, or what would make the instance less safe, as far as it shows without AWS. */

interface Template {
  readonly Parameters: Record<string, unknown>
  readonly Conditions: Record<string, unknown>
  readonly Resources: Record<string, Resource>
  readonly Outputs: Record<string, unknown>
}
interface Resource {
  readonly Type: string
  readonly DependsOn?: string
  readonly Condition?: string
  readonly DeletionPolicy?: string
  readonly Properties: Record<string, unknown>
}

/** What it names and does not have, and what it has and never names. */
function faultsOf(template: Template): string[] {
  const { Parameters, Conditions, Resources } = template
  const named = new Set<string>()
  const conditionsNamed = new Set<string>()
  for (const [, object] of objectsIn(template)) {
    for (const name of namesIn(object)) named.add(name)
    // A condition of IAM is an object, one of CloudFormation a name.
    const condition = [object['Condition'], (object['Fn::If'] as unknown[] | undefined)?.[0]]
    for (const name of condition) if (typeof name === 'string') conditionsNamed.add(name)
  }
  const has = (name: string) => name.startsWith('AWS::') || name in Parameters || name in Resources
  return [
    ...[...named].filter((name) => !has(name)).map((name) => `${name} is nowhere`),
    ...[...conditionsNamed]
      .filter((name) => !(name in Conditions))
      .map((name) => `condition ${name} is nowhere`),
    ...Object.keys(Parameters)
      .filter((name) => !named.has(name))
      .map((name) => `parameter ${name} is not used`),
    ...Object.keys(Conditions)
      .filter((name) => !conditionsNamed.has(name))
      .map((name) => `condition ${name} is not used`),
  ]
}

function namesIn(object: Record<string, unknown>): string[] {
  const { Ref, DependsOn } = object
  const attribute = object['Fn::GetAtt']
  const text = object['Fn::Sub']
  const [template, own] = (Array.isArray(text) ? text : [text ?? '', {}]) as [string, object]
  const inText = [...template.matchAll(/\$\{([A-Za-z:]+)(?:\.\w+)?\}/g)].map(([, name]) => name!)
  return [
    ...(typeof Ref === 'string' ? [Ref] : []),
    ...(typeof DependsOn === 'string' ? [DependsOn] : []),
    ...(typeof attribute === 'string' ? [attribute.split('.')[0]!] : []),
    ...inText.filter((name) => !Object.hasOwn(own, name)),
  ]
}

describe.each(['infra/template.yaml', 'infra/lambda/template.yaml'])('%s', (path) => {
  it('names only what it has, and has nothing that it never names', async () => {
    const template = await readYaml<Template>(path)
    expect(Object.keys(template.Resources).length).toBeGreaterThan(15)
    expect(faultsOf(template)).toEqual([])
  })
})

describe('the look for faults', () => {
  it('finds each kind', () => {
    const Properties = { A: { Ref: 'Gone' }, B: { 'Fn::Sub': 'x-${Lost.Arn}' } }
    const Resources = { Thing: { Type: 'T', Condition: 'Never', Properties } }
    const template = {
      Parameters: { Idle: {} },
      Conditions: { Unused: {} },
      Resources,
      Outputs: {},
    }
    expect(faultsOf(template)).toEqual([
      'Gone is nowhere',
      'Lost is nowhere',
      'condition Never is nowhere',
      'parameter Idle is not used',
      'condition Unused is not used',
    ])
  })
})

describe('the instance', async () => {
  const { Resources, Parameters } = await readYaml<Template>('infra/template.yaml')
  const of = (name: string) => Resources[name]!.Properties
  const all = [...objectsIn(Resources)].map(([, object]) => object)

  it('opens 80 and 443 to the world, and 22 only to whom a parameter names', () => {
    const open = all.filter((object) => 'FromPort' in object)
    const ports = (world: boolean) =>
      open
        .filter(({ CidrIp }) => (CidrIp === '0.0.0.0/0') === world)
        .map(({ FromPort }) => FromPort)
    expect(ports(true)).toEqual([80, 443, 443])
    expect(ports(false)).toEqual([22])
    expect(Parameters['SshCidr']).toMatchObject({ Default: '' })
  })

  it('keeps its credentials from containers, and its disks encrypted', () => {
    expect(of('Instance')['MetadataOptions']).toMatchObject({
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 1,
    })
    const disks = all.filter((object) => 'VolumeType' in object)
    expect(disks.map(({ Encrypted }) => Encrypted)).toEqual([true, true])
  })

  it('leaves a snapshot of the memories when it is taken down', () => {
    expect(Resources['Data']).toMatchObject({
      DeletionPolicy: 'Snapshot',
      UpdateReplacePolicy: 'Snapshot',
    })
  })

  it('lets in the environment production of one repository, and grants nothing to all but a sign-in', () => {
    const trusted = JSON.stringify(of('DeployRole')['AssumeRolePolicyDocument'])
    expect(trusted.match(/repo:[^"]+/g)).toEqual([
      'repo:${GitHubRepo}:environment:production',
      'repo:${Owner}@${GitHubOwnerId}/${Name}@${GitHubRepoId}:environment:production',
    ])
    const onAll = all.filter(({ Effect, Resource }) => Effect === 'Allow' && Resource === '*')
    expect(new Set(onAll.map(({ Action }) => Action))).toEqual(
      new Set(['ecr:GetAuthorizationToken']),
    )
  })

  it('begins with a cloud-config that is YAML and small enough', () => {
    const text = String((of('Instance')['UserData'] as Record<string, string>)['Fn::Base64'])
    expect(text.startsWith('#cloud-config\n')).toBe(true)
    expect(text.length).toBeLessThan(16_384)
    expect(parse(text)).toMatchObject({
      packages: expect.arrayContaining(['docker.io', 'docker-compose-v2', 'jq']) as string[],
    })
  })
})
