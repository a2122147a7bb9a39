/** From here to the end counts as the end: a reader seldom scrolls to the last pixel. */
const END_PX = 48

/** The log follows what comes, unless its reader has scrolled away. */
export function followLog() {
  const log = document.querySelector('#log')
  if (!log) return
  const down = document.querySelector('#down')
  let follows = !location.hash
  const follow = () => {
    if (follows) log.scrollTop = log.scrollHeight
  }
  log.addEventListener(
    'scroll',
    () => {
      follows = log.scrollHeight - log.scrollTop - log.clientHeight < END_PX
      down.hidden = follows
    },
    { passive: true },
  )
  down.addEventListener('click', () => {
    follows = true
    follow()
    document.querySelector('#message').focus()
  })
  const everything = { childList: true, subtree: true, characterData: true }
  new MutationObserver(follow).observe(log, everything)
  new ResizeObserver(follow).observe(log)
  follow()

  // A message of one's own is always seen; earlier ones push nothing away.
  let fromEndPx = 0
  document.addEventListener('htmx:before:request', ({ target }) => {
    if (target.closest('#composer, .edit, .welcome')) follows = true
    if (target.closest('#earlier')) fromEndPx = log.scrollHeight - log.scrollTop
  })
  document.addEventListener('htmx:after:swap', () => {
    if (fromEndPx > 0) log.scrollTop = log.scrollHeight - fromEndPx
    fromEndPx = 0
  })
}
