/** From here to the end counts as the end: a reader seldom scrolls to the last pixel. */
const END_PX = 48

/** The log follows what comes, unless its reader has scrolled away. */
export function followLog() {
  const view = document.querySelector('#scroll')
  if (!view) return
  const log = document.querySelector('#log')
  const down = document.querySelector('#down')
  let follows = !location.hash
  let lastTop = 0
  const follow = () => {
    if (follows) view.scrollTop = view.scrollHeight
  }
  view.addEventListener(
    'scroll',
    () => {
      // Only a reader scrolls up. That the end is far may just be a tall block that came since.
      const isAtEnd = view.scrollHeight - view.scrollTop - view.clientHeight < END_PX
      follows = isAtEnd || (follows && view.scrollTop >= lastTop)
      lastTop = view.scrollTop
      down.hidden = follows
    },
    { passive: true },
  )
  down.addEventListener('click', () => {
    follows = true
    follow()
    document.querySelector('#message').focus()
  })
  // Told of every new height before it is painted.
  const heights = new ResizeObserver(follow)
  heights.observe(log)
  heights.observe(view)

  // A message of one's own is always seen; earlier ones push nothing away.
  let fromEndPx = 0
  document.addEventListener('htmx:before:request', ({ target }) => {
    if (target === document) return // Of an element that is gone already.
    if (target.closest('#composer, .edit, .welcome')) follows = true
    if (target.closest('#earlier')) fromEndPx = view.scrollHeight - view.scrollTop
  })
  document.addEventListener('htmx:after:swap', () => {
    if (fromEndPx > 0) view.scrollTop = view.scrollHeight - fromEndPx
    fromEndPx = 0
  })
}
