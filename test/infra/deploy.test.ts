import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

/**
 * The deploy command with a `docker` that only writes down what it is asked: who may say what to it, and in which order
 * it goes. That no request fails on the way was rehearsed with real containers (docs/rehearsal.md).
 */

const REPO = 'example.org/me/memory'
const ONE = `${REPO}:1111111`
const TWO = `${REPO}:2222222`

/** Answers as Docker would where everything goes well; a slot runs when the file named for it is there. */
const DOCKER = `#!/usr/bin/env bash
echo "$*" >>calls
case "$*" in
  *'ps -q --status running blue') [[ -e up-blue ]] && echo c1 ;;
  *'ps -q --status running green') [[ -e up-green ]] && echo c2 ;;
  *'up -d --no-deps --wait'*' blue') [[ ! -e broken ]] && : >up-blue ;;
  *'up -d --no-deps --wait'*' green') [[ ! -e broken ]] && : >up-green ;;
  *'rm -f blue') rm -f up-blue ;;
  *'rm -f green') rm -f up-green ;;
  *bin/smoke.mjs*) [[ ! -e unwell ]] ;;
  *'test -f /data/memory.db') exit 0 ;;
  *bin/backup.mjs*) [[ ! -e full ]] ;;
  *"fetch("*) if [[ "$*" == *'exec -T green'* ]]; then echo green; else echo blue; fi ;;
esac
`
/** The proxy: it answers as the slot that the flag file names. */
const CURL = `#!/usr/bin/env bash
if [[ -e state/green ]]; then echo green; else echo blue; fi
`

async function openMachine() {
  const folder = await temporaryFolder()
  const { path } = folder
  await mkdir(join(path, 'bin'))
  await copyFile('infra/host/deploy', join(path, 'deploy'))
  for (const [name, text] of [
    ['docker', DOCKER],
    ['curl', CURL],
    // The timer, which would outlive the test. It must not hear what was asked for over SSH: it would do it again.
    ['setsid', '#!/bin/sh\n[ -z "$SSH_ORIGINAL_COMMAND" ] || : >timer-heard\n'],
  ] as const) {
    await writeFile(join(path, 'bin', name), text)
    await chmod(join(path, 'bin', name), 0o755)
  }
  const settings = [`IMAGE_REPO=${REPO}`, 'CONFIRM_WITHIN=3600', 'MIN_FREE_KIB=0']
  await writeFile(join(path, '.env'), settings.join('\n'))
  const run = async (words: string[], env: Record<string, string>) => {
    const child = spawn(join(path, 'deploy'), words, {
      cwd: path,
      env: { PATH: `${path}/bin:${process.env['PATH']}`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
    }
    const [code] = (await once(child, 'exit')) as [number]
    return { code, said }
  }
  const exists = (name: string) =>
    stat(join(path, name)).then(
      () => true,
      () => false,
    )
  return {
    path,
    deploy: (...words: string[]) => run(words, {}),
    overSsh: (words: string) => run([], { SSH_ORIGINAL_COMMAND: words }),
    put: (name: string) => writeFile(join(path, name), ''),
    exists,
    live: async () => ((await exists('state/green')) ? 'green' : 'blue'),
    calls: async () => (await readFile(join(path, 'calls'), 'utf8').catch(() => '')).split('\n'),
    log: () => readFile(join(path, 'releases.log'), 'utf8'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

describe('over SSH', () => {
  it.each([
    ['cat /etc/passwd', 'unknown command: cat'],
    ['deploy', 'unknown command: none'],
    ['deploy release', 'not an image'],
    ['deploy release example.org/evil/memory:1', 'not an image'],
    [`deploy release ${REPO}-evil:1`, 'not an image'],
    [`deploy release ${ONE};id`, 'not an image'],
    ['deploy release $(id)', 'not an image'],
    ['deploy backup', 'not for this key'],
    ['deploy restore /data/backups/x.db', 'not for this key'],
    ['deploy tool key --admin', 'not for this key'],
  ])('refuses: %s', async (words, reason) => {
    await using machine = await openMachine()
    const { code, said } = await machine.overSsh(words)
    expect(said).toContain(reason)
    expect(code).toBe(1)
    expect(await machine.calls()).toEqual([''])
  })

  it('takes a release, which stands until it is confirmed or rolled back', async () => {
    await using machine = await openMachine()
    expect(await machine.overSsh(`deploy release ${ONE}`)).toMatchObject({ code: 0 })
    await machine.overSsh('deploy confirm')
    expect(await machine.live()).toBe('blue')
    expect(await machine.overSsh(`deploy release ${TWO}`)).toMatchObject({ code: 0 })
    expect(await machine.live()).toBe('green')
    expect(await machine.exists('up-blue'), 'the old one stands by').toBe(true)
    expect(await machine.exists('timer-heard')).toBe(false)
    expect(await machine.overSsh('deploy rollback')).toMatchObject({ code: 0 })
    expect(await machine.live()).toBe('blue')
    expect(await machine.exists('up-green')).toBe(false)
  })
})

describe('a release', () => {
  async function openWithOneLive() {
    const machine = await openMachine()
    await machine.deploy('release', ONE)
    await machine.deploy('confirm')
    return machine
  }

  it('is backed up for, started, tested, and only then switched to', async () => {
    await using machine = await openWithOneLive()
    const before = (await machine.calls()).length
    await machine.deploy('release', TWO)
    const calls = (await machine.calls()).slice(before - 1)
    const at = (part: string) => calls.findIndex((call) => call.includes(part))
    const order = [
      'pull',
      'bin/backup.mjs',
      'up -d --no-deps --wait',
      'bin/smoke.mjs',
      'fetch(',
    ].map(at)
    expect(order.every((place) => place >= 0)).toBe(true)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    await machine.deploy('confirm')
    expect(await machine.exists('up-blue'), 'drained once it is confirmed').toBe(false)
  })

  it.each([
    ['broken', 'did not become healthy'],
    ['unwell', 'failed its smoke test'],
    ['full', 'could not back up'],
  ])('that is %s is refused, and what was live still is', async (fault, reason) => {
    await using machine = await openWithOneLive()
    await machine.put(fault)
    const { code, said } = await machine.deploy('release', TWO)
    expect(said).toContain(reason)
    expect(code).toBe(1)
    expect(await machine.live()).toBe('blue')
    expect(await machine.exists('up-blue')).toBe(true)
    expect(await machine.exists('up-green')).toBe(false)
    expect(await machine.exists('state/pending')).toBe(false)
  })

  it('that nobody confirmed goes back when the next one comes', async () => {
    await using machine = await openWithOneLive()
    await machine.deploy('release', TWO)
    const { said } = await machine.deploy('release', `${REPO}:3333333`)
    expect(said).toContain('never confirmed')
    expect(await machine.log()).toContain(`rolled-back ${TWO} to ${ONE}`)
  })

  it('that was confirmed is taken back by its image', async () => {
    await using machine = await openWithOneLive()
    await machine.deploy('release', TWO)
    await machine.deploy('confirm')
    expect(await machine.deploy('rollback')).toMatchObject({ code: 0 })
    expect((await machine.deploy('status')).said).toContain(`live: blue ${ONE}`)
  })

  it('goes back by itself, once, when its time is over', async () => {
    await using machine = await openWithOneLive()
    await machine.deploy('release', TWO)
    expect((await machine.deploy('expire', 'another')).said).toBe('')
    expect(await machine.live()).toBe('green')
    const [, name] = (await readDeadline(machine)).split(' ')
    expect((await machine.deploy('expire', name!)).said).toContain('nobody confirmed')
    expect(await machine.live()).toBe('blue')
    expect((await machine.deploy('expire', name!)).said).toBe('')
  })
})

const readDeadline = (machine: { path: string }) =>
  readFile(join(machine.path, 'state/deadline'), 'utf8').then((text) => text.trim())
