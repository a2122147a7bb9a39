import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** With an `aws` and a `gh` that write down what they are asked: AWS itself is not here. */

const AWS = `#!/usr/bin/env bash
printf 'aws %s\\n' "$*" >>"$CALLS"
case "$*" in
  *'describe-stacks --stack-name ai-memory-layer') [[ -e "$CALLS.there" ]] ;;
  *'ssm get-parameter '*) echo ami-0123456789 ;;
  *'list-open-id-connect-providers'*) echo None ;;
  *'describe-stack-resource '*) exit 1 ;;
  *'cloudformation deploy'*) : >"$CALLS.there" ;;
  *describe-instance-information*) echo Online ;;
  *InstanceId*) echo i-0abc ;;
  *PublicIp*) echo 203.0.113.9 ;;
  *ImageRepo*) echo 1.dkr.ecr.us-east-1.amazonaws.com/images ;;
  *DeployRoleArn*) echo arn:aws:iam::1:role/deploy ;;
  *send-command*) echo c-1 ;;
  *'--query Status'*) echo Success ;;
esac
`
const GH = `#!/usr/bin/env bash
printf 'gh %s\\n' "$*" >>"$CALLS"
case "$*" in *'repos/me/memory --jq'*) echo '11 22' ;; esac
`

async function provision(words: string[], settings: Record<string, string> = {}, times = 1) {
  await using folder = await temporaryFolder()
  const { path } = folder
  await cp('infra', join(path, 'infra'), { recursive: true })
  await mkdir(join(path, 'bin'))
  const stubs = { aws: AWS, gh: GH, sleep: '#!/bin/sh\n', jq: '#!/bin/sh\necho "$4"\n' }
  for (const [name, text] of Object.entries(stubs)) {
    await writeFile(join(path, 'bin', name), text)
    await chmod(join(path, 'bin', name), 0o755)
  }
  await writeFile(join(path, 'README.md'), 'Before\n<!-- demo -->\nNone.\n<!-- /demo -->\nAfter\n')
  const calls = join(path, 'calls')
  await writeFile(calls, '')
  let said = ''
  let code: number | null = null
  for (let time = 0; time < times; time++) {
    const env = { PATH: `${path}/bin:${process.env['PATH']}`, CALLS: calls, ...settings }
    const child = spawn(join(path, 'infra/provision'), words, { env, stdio: 'pipe' })
    child.stdin.end()
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
    }
    code = ((await once(child, 'close')) as [number])[0]
  }
  const lines = (await readFile(calls, 'utf8')).split('\n').filter((line) => line !== '')
  return { code, said, calls: lines, readme: await readFile(join(path, 'README.md'), 'utf8') }
}

describe('infra/provision --dry-run', () => {
  it('says what it would do and what a month costs, and asks nobody', async () => {
    const { code, said, calls } = await provision(['--dry-run'], { DOMAIN: 'memory.example.org' })
    expect(code).toBe(0)
    expect(said).toContain('one t3.micro with Ubuntu')
    expect(said).toContain('the proxy for memory.example.org')
    const prices = [...said.matchAll(/ (\d+\.\d\d)$/gm)].map(([, usd]) => Number(usd))
    const total = prices.pop()!
    expect(prices.length).toBeGreaterThan(3)
    expect(total).toBeCloseTo(prices.reduce((sum, usd) => sum + usd, 0))
    expect(calls).toEqual([])
  })

  it.each([
    [{ TYPE: 'p5.48xlarge' }, 'TYPE=p5.48xlarge'],
    [{ DOMAIN: "x'; rm -rf /" }, 'DOMAIN='],
    [{ REPO: 'memory' }, 'REPO=memory: OWNER/NAME'],
    [{ DATA_GIB: '2' }, 'DATA_GIB=2: 4 to 200'],
  ])('refuses %j', async (settings, fault) => {
    const { code, said } = await provision(['--dry-run'], settings)
    expect([code, said]).toEqual([1, expect.stringContaining(fault)])
  })
})

describe('infra/provision', () => {
  const settings = { DOMAIN: 'memory.example.org', REPO: 'me/memory', EMAIL: 'me@example.org' }

  it('does nothing unless it is told to go on', async () => {
    const { code, calls } = await provision([], settings)
    expect(code).toBe(1)
    expect(calls).toEqual([])
  })

  it('makes the stack, fills the instance, tells the repository, and writes the address down', async () => {
    const { code, said, calls, readme } = await provision(['--yes'], settings)
    expect(said).toContain('Ready for the first deploy: https://memory.example.org')
    expect(code).toBe(0)
    const at = (part: string) => calls.findIndex((call) => call.includes(part))
    const order = ['ssm get-parameter ', 'cloudformation deploy', 'send-command', 'gh variable set']
    expect(order.map(at).every((place) => place >= 0)).toBe(true)
    expect(order.map(at)).toEqual(order.map(at).toSorted((a, b) => a - b))
    const deploy = calls[at('cloudformation deploy')]
    for (const parameter of [
      'AmiId=ami-0123456789',
      'GitHubRepo=me/memory GitHubOwnerId=11 GitHubRepoId=22',
      'AlarmEmail=me@example.org',
    ]) {
      expect(deploy).toContain(parameter)
    }
    const told = calls.filter((call) => call.startsWith('gh variable set'))
    expect(
      told.map((call) => call.split(' ')[3]).toSorted((a = '', b = '') => a.localeCompare(b)),
    ).toEqual(['APP_URL', 'AWS_REGION', 'AWS_ROLE_ARN', 'IMAGE_REPO', 'INSTANCE_ID'])
    expect(readme).toBe(
      'Before\n<!-- demo -->\n<https://memory.example.org>: this very version, on one small instance.\n<!-- /demo -->\nAfter\n',
    )
  })

  it('run again keeps the instance that there is', async () => {
    const { calls } = await provision(['--yes'], settings, 2)
    const deploys = calls.filter((call) => call.includes('cloudformation deploy'))
    expect(deploys.map((call) => call.includes('AmiId='))).toEqual([true, false])
  })
})

describe('infra/repository-settings --dry-run', () => {
  it('prints JSON for each address that it would send it to', async () => {
    const child = spawn('infra/repository-settings', ['me/memory', '--dry-run'], { stdio: 'pipe' })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
    await once(child, 'close')
    const sent = said.split(/^(?:PATCH|PUT) \S+$/m).slice(1)
    expect(sent.length).toBeGreaterThan(3)
    for (const body of sent) expect(() => JSON.parse(body) as unknown).not.toThrow()
    expect(said).toContain('PUT repos/me/memory/branches/main/protection')
  })
})
