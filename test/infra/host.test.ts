import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { readYaml } from './yaml.ts'

/** What runs on the instance, and locally: each container with as little as it needs. */

interface Service {
  readonly image?: string
  readonly ports?: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly ulimits?: { readonly core: number }
  readonly mem_limit?: string
  readonly profiles?: readonly string[]
  readonly environment?: Record<string, string>
}
interface Compose {
  readonly services: Record<string, Service>
}

describe.each(['infra/host/compose.yaml', 'docker/docker-compose.yml'])('%s', async (path) => {
  const { services } = await readYaml<Compose>(path)
  const shown = await readFile(path, 'utf8')

  it.each(Object.keys(services))('gives %s no capability that it does not need', (name) => {
    const merged = {
      ...(services[name] as { '<<'?: Service })['<<'],
      ...services[name],
    }
    expect(merged).toMatchObject({
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    } satisfies Service)
  })

  it('holds no secret', () => {
    expect(shown).not.toMatch(/(_KEY|TOKEN|SECRET|PASSWORD)[:=] *\S/)
  })
})

describe('the instance', async () => {
  const text = await readFile('infra/host/compose.yaml', 'utf8')
  const { services } = await readYaml<Compose>('infra/host/compose.yaml')
  const caddyfile = await readFile('infra/host/Caddyfile', 'utf8')

  it('has two slots that are alike, each on a read-only root, without core dumps', () => {
    const slot = (name: string) =>
      (services[name] as unknown as { '<<': Service })['<<'] satisfies Service
    expect(slot('blue')).toEqual(slot('green'))
    expect(slot('blue')).toMatchObject({ read_only: true, ulimits: { core: 0 } })
  })

  it('runs both slots and the proxy in 1 GiB with its swap', () => {
    const limits = [...text.matchAll(/mem_limit: (\d+)m/g)].map(([, mib]) => Number(mib))
    const [slot, caddy] = limits
    expect(2 * slot! + caddy!).toBeLessThanOrEqual(1024)
  })

  it('publishes the proxy alone', () => {
    expect(text.match(/^ {4}ports:/gm)).toHaveLength(1)
    expect(services['caddy']!.ports).toEqual([
      '80:80',
      '443:443',
      '443:443/udp',
      '127.0.0.1:2080:2080',
    ])
  })

  it('keeps what is the host’s own behind the proxy, and lets the version pass', () => {
    const [, own] = /@own path (.*)/.exec(caddyfile)!
    expect(own!.split(' ')).toEqual(['/healthz', '/readyz', '/metrics'])
    // A bare `respond` would come after every `handle`, and let them through.
    expect(caddyfile).not.toMatch(/^\s*respond @/m)
    const handles = [...caddyfile.matchAll(/^\thandle ?(\S*) \{\n\t\t(\S+ \S+)/gm)]
    expect(handles.map(([, matcher, first]) => [matcher, first])).toEqual([
      ['@own', 'respond 404'],
      ['@green', 'reverse_proxy green:8000'],
      ['', 'reverse_proxy blue:8000'],
    ])
    expect(caddyfile).toContain('request_buffers 64KiB')
    expect(caddyfile).not.toContain('flush_interval -1')
  })
})
