/** Lines are sent in parts of about this size: small enough for a bar that moves, large enough to be few. */
const PART_CHARACTERS = 100_000
const REFUSALS_SHOWN = 20

/** Sends a file of memories in parts, with a bar, and counts what became of its lines. */
export function sendUploads() {
  const form = document.querySelector('[data-upload]')
  if (!form) return
  const input = form.querySelector('[type=file]')
  form.querySelector('.file').hidden = false
  form.addEventListener('submit', (event) => {
    if (input.files.length === 0) return
    event.preventDefault()
    void send(form, input.files[0])
  })
  // The pasted text is required only where no file was chosen.
  input.addEventListener('change', () => {
    form.querySelector('textarea').required = input.files.length === 0
  })
}

async function send(form, file) {
  const bar = form.querySelector('progress')
  const status = form.querySelector('.uploaded')
  const button = form.querySelector('button')
  const total = { added: 0, skipped: 0, refused: [] }
  const text = await file.text()
  bar.hidden = false
  button.disabled = true
  try {
    for (const { lines, first, done } of partsOf(text)) {
      const part = await sendPart(form.action, { lines, first }, (seconds) => {
        status.textContent = `${counted(total)} Going on in ${seconds} s: there is a limit of requests.`
      })
      total.added += part.added
      total.skipped += part.skipped
      total.refused.push(...part.refused)
      bar.value = done
      status.textContent = `${counted(total)} …`
    }
    status.replaceChildren(`${counted(total)} `, linkBack(), ...refusalsOf(total.refused))
  } catch {
    status.textContent = `${counted(total)} Then the connection failed. Upload the file again: what was added is skipped.`
  }
  button.disabled = false
}

/** A limit that is hit half-way is waited out: a large file has more parts than there may be requests a minute. */
async function sendPart(action, fields, onWait) {
  for (;;) {
    const answer = await fetch(action, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(fields),
    })
    if (answer.ok) return answer.json()
    const seconds = Number(answer.headers.get('retry-after'))
    if (answer.status !== 429 || !seconds) throw new Error(String(answer.status))
    for (let left = seconds; left > 0; left--) {
      onWait(left)
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}

function* partsOf(text) {
  const lines = text.split('\n')
  let at = 0
  while (at < lines.length) {
    const first = at + 1
    let characters = 0
    const part = []
    while (at < lines.length && (part.length === 0 || characters < PART_CHARACTERS)) {
      characters += lines[at].length
      part.push(lines[at++])
    }
    yield { lines: part.join('\n'), first, done: at / lines.length }
  }
}

const counted = ({ added, skipped, refused }) =>
  `${added} added, ${skipped} skipped, ${refused.length} refused.`

function linkBack() {
  const link = document.createElement('a')
  link.href = '/memories'
  link.textContent = 'Show them'
  return link
}

const refusalsOf = (refused) =>
  refused.slice(0, REFUSALS_SHOWN).map(({ line, message }) => {
    const said = document.createElement('div')
    said.textContent = `Line ${line}: ${message}`
    return said
  })
