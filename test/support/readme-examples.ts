import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { format } from 'prettier'

/** The address that the README's commands speak to. */
const README_HOST = 'localhost:8000'
/** A fenced block with a command, and the next block with what it answers. */
const EXAMPLE = /```sh\n([^`]*?\bcurl\b[^`]*?)\n```\n\n```(json|text)\n([^`]*?)\n```/g

const FENCE = '```'

export const commandsIn = (markdown: string): string[] =>
  [...markdown.matchAll(EXAMPLE)].map(([, command]) => command!)

/**
 * The same text with the answers that the service at `url` gives now, one command after the other, where they differ in
 * more than what passes. What the text leaves out of an answer (`{ … }`) stays out. An id that an answer brings is
 * meant by the commands below it.
 */
export async function withFreshAnswers(markdown: string, url: string): Promise<string> {
  const given = new Map<string, string>() // What an id of the text is in this run.
  const shown = new Map<string, string>() // What an id of this run is in the text.
  const blocks: string[] = []
  for (const [, command = '', language = '', before = ''] of markdown.matchAll(EXAMPLE)) {
    const output = await run(replaceIds(command, given), url)
    const now = language === 'json' ? await pretty(output, before) : shortLines(output)
    const isSame = withoutPassing(now) === withoutPassing(before)
    const idsNow = idsIn(now)
    for (const [index, id] of idsIn(before).entries()) {
      const idNow = idsNow[index] ?? id
      given.set(id, idNow)
      if (!shown.has(idNow)) shown.set(idNow, isSame ? id : idNow)
    }
    const answer = isSame ? before : replaceIds(now, shown)
    const asked = replaceIds(replaceIds(command, given), shown)
    blocks.push(`${FENCE}sh\n${asked}\n${FENCE}\n\n${FENCE}${language}\n${answer}\n${FENCE}`)
  }
  return markdown.replaceAll(EXAMPLE, () => blocks.shift()!)
}

/** What may differ from one run to the next: ids, times, durations, scores, how a stream is cut, and what was built. */
const withoutPassing = (markdown: string): string =>
  markdown
    .replaceAll(/(?:event: token\ndata: .*\n\n)+/g, '<tokens>')
    .replaceAll(ID, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(
      /("(?:score|\w+_ms|fit|base|lexical|dense|neighbour|speaker)": ?)[\d.e-]+/g,
      '$1<number>',
    )
    .replaceAll(/("(?:version|commit)": ?)"[^"]+"/g, '$1<build>')
    .replaceAll(/("next_cursor": ?)"[^"]+"/g, '$1<cursor>')

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const idsIn = (text: string) => [...text.matchAll(ID)].map(([id]) => id)

const replaceIds = (text: string, ids: ReadonlyMap<string, string>) =>
  text.replaceAll(ID, (id) => ids.get(id) ?? id)

async function run(command: string, url: string): Promise<string> {
  const here = command.replaceAll(README_HOST, new URL(url).host)
  const { stdout } = await promisify(execFile)('bash', ['-c', here], { timeout: 10_000 })
  return stdout.trim()
}

async function pretty(json: string, like: string): Promise<string> {
  const text = await format(json, { parser: 'json', printWidth: 100 })
  const leftOut = [...like.matchAll(/"(\w+)": [{[] … [}\]]/g)].map(([, name]) => name!)
  return leftOut
    .reduce(
      (shown, name) =>
        shown.replaceAll(
          new RegExp(`"${name}": ([{[])(?:[^{}[\\]]|\\n)*?([}\\]])`, 'g'),
          `"${name}": $1 … $2`,
        ),
      text,
    )
    .trim()
}

/** Of lines that are too long to read the beginning, marked. */
const shortLines = (text: string) =>
  text
    .split('\n')
    .map((line) => (line.length > 100 ? `${line.slice(0, 98)} …` : line))
    .join('\n')
