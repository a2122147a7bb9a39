import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

/** What a workflow must hold to, so that neither a pull request nor a moved tag can reach the cloud. */

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Record<string, unknown>
}
interface Job {
  readonly uses?: string
  readonly needs?: string | string[]
  readonly environment?: unknown
  readonly permissions?: Record<string, string>
  readonly steps?: readonly Step[]
  readonly 'timeout-minutes'?: number
}
interface Workflow {
  readonly on: Record<string, unknown>
  readonly permissions?: unknown
  readonly concurrency?: { readonly 'cancel-in-progress': unknown }
  readonly jobs: Record<string, Job>
}

const OUTSIDE_INPUT = ['pull_request_target', 'workflow_run', 'issue_comment']

function faultsOf(text: string): string[] {
  const workflow = parse(text) as Workflow
  const faults: string[] = []
  if (JSON.stringify(workflow.permissions) !== '{}') faults.push('permissions are not {}')
  for (const trigger of OUTSIDE_INPUT) {
    if (trigger in workflow.on) faults.push(`${trigger} runs with secrets on outside input`)
  }
  if (!workflow.concurrency && !('workflow_call' in workflow.on)) faults.push('no concurrency')
  for (const [, action, rest] of text.matchAll(/uses: (\S+)(.*)/g)) {
    if (action!.startsWith('./')) continue
    if (!/@[0-9a-f]{40}$/.test(action!)) faults.push(`${action} is not pinned to a commit`)
    if (!/# v\d/.test(rest!)) faults.push(`${action} does not say its version`)
  }
  for (const [name, job] of Object.entries(workflow.jobs)) {
    faults.push(...faultsOfJob(job, workflow).map((fault) => `${name}: ${fault}`))
  }
  return faults
}

function faultsOfJob(job: Job, { on, jobs }: Workflow): string[] {
  const faults = [job.needs ?? []]
    .flat()
    .filter((needed) => !(needed in jobs))
    .map((needed) => `needs ${needed}, which is not there`)
  if (!job.permissions) faults.push('no permissions')
  const takesAway = /secrets\.(?!GITHUB_TOKEN)/.test(JSON.stringify(job))
  if (takesAway && 'pull_request' in on) faults.push('secrets on a pull request')
  if (job.uses) return faults
  if (!job['timeout-minutes']) faults.push('no timeout')
  for (const { uses = '', run = '', with: given } of job.steps ?? []) {
    if (/checkout@/.test(uses) && given?.['persist-credentials'] !== false) {
      faults.push('checkout keeps its token')
    }
    if (/credentials@|actions\/attest@/.test(uses) && !job.environment) {
      faults.push('the cloud without an environment')
    }
    if (run.includes('${{')) faults.push('an expression inside a script')
    if (/AWS_SECRET_ACCESS_KEY/.test(JSON.stringify(job))) faults.push('a stored key')
  }
  return faults
}

describe('the workflows', async () => {
  const folder = '.github/workflows'
  const files = await readdir(folder)

  it('are those that a change needs on its way out, and back', () => {
    expect(files.toSorted()).toEqual(
      ['check', 'deploy', 'main', 'pull-request', 'release', 'rollback'].map(
        (name) => `${name}.yml`,
      ),
    )
  })

  it.each(files)('%s holds to the rules', async (file) => {
    expect(faultsOf(await readFile(join(folder, file), 'utf8'))).toEqual([])
  })

  it('queue deploys and never cut one short', async () => {
    for (const file of ['main.yml', 'rollback.yml']) {
      const { concurrency } = parse(await readFile(join(folder, file), 'utf8')) as Workflow
      expect(concurrency).toEqual({ group: 'production', 'cancel-in-progress': false })
    }
  })

  it('are held to what the repository’s settings require', async () => {
    const { jobs } = parse(await readFile(join(folder, 'pull-request.yml'), 'utf8')) as Workflow
    const called = parse(await readFile(join(folder, 'check.yml'), 'utf8')) as Workflow
    const made = Object.entries(jobs).flatMap(([name, job]) =>
      job.uses ? Object.keys(called.jobs).map((inner) => `${name} / ${inner}`) : [name],
    )
    const settings = await readFile('infra/repository-settings', 'utf8')
    const required = [...settings.matchAll(/"context": "([^"]+)"/g)].map(([, name]) => name)
    expect(new Set(required)).toEqual(new Set(made))
  })
})

describe('the rules', () => {
  it('find each kind of fault', () => {
    const bad = `
      on: { pull_request_target: , pull_request: }
      permissions: write-all
      jobs:
        a:
          needs: nowhere
          steps:
            - uses: actions/checkout@v6
            - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3
              with: { aws-secret-access-key: '\${{ secrets.AWS_SECRET_ACCESS_KEY }}' }
            - run: echo "\${{ github.head_ref }}"
    `
    expect(new Set(faultsOf(bad))).toEqual(
      new Set([
        'permissions are not {}',
        'pull_request_target runs with secrets on outside input',
        'no concurrency',
        'actions/checkout@v6 is not pinned to a commit',
        'actions/checkout@v6 does not say its version',
        'a: needs nowhere, which is not there',
        'a: no permissions',
        'a: secrets on a pull request',
        'a: no timeout',
        'a: checkout keeps its token',
        'a: the cloud without an environment',
        'a: an expression inside a script',
        'a: a stored key',
      ]),
    )
  })
})

describe('dependabot', () => {
  it('watches all that comes from elsewhere, and waits a week', async () => {
    const { updates } = parse(await readFile('.github/dependabot.yml', 'utf8')) as {
      updates: readonly Record<string, unknown>[]
    }
    expect(new Set(updates.map((update) => update['package-ecosystem']))).toEqual(
      new Set(['docker', 'docker-compose', 'github-actions', 'npm']),
    )
    expect(updates.every(({ cooldown }) => cooldown !== undefined)).toBe(true)
  })
})
