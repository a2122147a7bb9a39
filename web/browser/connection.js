const CONNECT_AGAIN_MS = 2000

/** What a reader sees of a connection that fails: nothing is lost, and what can be done. */
export function showConnection() {
  document.addEventListener('htmx:error', ({ target }) => onFailure(target))
  document.addEventListener('htmx:before:response', (event) => {
    const { raw } = event.detail.ctx.response
    if (raw.ok || raw.headers.has('hx-retarget')) return
    // Not our answer but a proxy's: its page is none for this one.
    event.preventDefault()
    onFailure(event.target)
  })
  document.addEventListener('htmx:sse:error', ({ target }) => markLost(target, true))
  document.addEventListener('htmx:sse:after:connection', ({ target }) => markLost(target, false))
  setInterval(countDown, 1000)
}

function onFailure(element) {
  if (element.hasAttribute('hx-sse:connect')) return connectAgain(element)
  const words = document.querySelector('#offline')
  if (words) document.querySelector('#alert').replaceChildren(words.content.cloneNode(true))
}

/** htmx keeps a stream alive that has begun; one that never began is begun anew. */
function connectAgain(connector) {
  markLost(connector, true)
  setTimeout(() => {
    if (!connector.isConnected) return
    const next = connector.cloneNode()
    connector.replaceWith(next)
    htmx.process(next)
  }, CONNECT_AGAIN_MS)
}

const markLost = (connector, isLost) =>
  connector.closest('article')?.classList.toggle('lost', isLost)

/** A limit that was hit says how long it lasts, and counts. */
function countDown() {
  for (const countdown of document.querySelectorAll('.countdown')) {
    const seconds = Math.max(0, countdown.dataset.seconds - 1)
    countdown.dataset.seconds = seconds
    countdown.textContent = seconds > 0 ? `Try again in ${seconds} s.` : 'You can try again now.'
  }
}
