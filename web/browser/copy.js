const SAID_MS = 1500

/** Copy buttons show only where there is a clipboard (styles); over plain http there is none. */
export function offerCopies() {
  if (!navigator.clipboard) return
  document.documentElement.classList.add('clipboard')
  document.addEventListener('click', ({ target }) => {
    const button = target.closest('.copy')
    if (button) void copyFrom(button)
  })
}

async function copyFrom(button) {
  const source =
    button.closest('.code')?.querySelector('pre') ??
    button.closest('.id')?.querySelector('code') ??
    button.closest('article').querySelector('.text')
  await navigator.clipboard.writeText(source.innerText.trim())
  button.textContent = 'Copied'
  setTimeout(() => {
    button.textContent = 'Copy'
  }, SAID_MS)
}
