/** The first `count` characters of a text, marked where it was cut. Never half of one. */
export function cut(text: string, count: number): string {
  const characters = Array.from(text.slice(0, 2 * count + 2))
  return characters.length > count ? `${characters.slice(0, count).join('')}…` : text
}
