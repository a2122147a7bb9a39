const box = () => document.querySelector('#message')
const isCoarse = matchMedia('(pointer: coarse)')

/** Keys, drafts, and the address of a conversation that has just begun. */
export function handleComposer() {
  document.addEventListener('keydown', onKey)
  document.addEventListener('input', ({ target }) => {
    if (target === box()) sessionStorage.setItem(draftKey(), target.value)
  })
  document.addEventListener('htmx:after:request', onAnswer)
  document.addEventListener('htmx:finally:request', ({ target }) => {
    if (target.id === 'composer') box().focus() // The box is a new one, or the text is to be mended.
  })
  if (!box()) return
  box().value ||= sessionStorage.getItem(draftKey()) ?? ''
  if (!isCoarse.matches && !location.hash) box().focus()
}

function onKey(event) {
  const { target, key } = event
  if (event.isComposing || event.keyCode === 229) return // Some input methods say only the latter.
  if (key === 'Enter' && target === box() && !event.shiftKey && !isCoarse.matches) {
    event.preventDefault()
    target.form.requestSubmit()
  } else if (key === 'Escape' && !document.querySelector(':popover-open')) {
    document.querySelector('#stops .stop:last-child button')?.click()
  } else if (key === '/' && box() && !target.closest('input, textarea')) {
    event.preventDefault()
    box().focus()
  } else if (key.toLowerCase() === 'o' && event.shiftKey && (event.ctrlKey || event.metaKey)) {
    event.preventDefault()
    location.assign('/new')
  }
}

/** A draft is this tab's, until it is sent: a reload, an error or a lost connection costs nobody their words. */
const draftKey = () => `draft:${box().dataset.draft}`

/** The form was accepted: its draft is a message now, and has an address. */
function onAnswer({ target, detail }) {
  if (target === document) return // To an element that is gone already.
  const form = target.closest('#composer, .edit form, .welcome form')
  if (!form || !detail.ctx.response.raw.ok) return
  if (form.id === 'composer') sessionStorage.removeItem(draftKey())
  const [conversation] = form.getAttribute('action').match(/^\/c\/[^/]+/)
  if (location.pathname !== conversation) history.replaceState(null, '', conversation)
}
