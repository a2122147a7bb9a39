/** At most, some 2 MB of them. */
const MOST_WORDS = 10_000

/** The same as `make`, which is asked once for each word that came lately: people use few words, and those often. */
export function knowingWords(make: (word: string) => string): (word: string) => string {
  const known = new Map<string, string>()
  return (word) => {
    let made = known.get(word)
    if (made === undefined) {
      if (known.size >= MOST_WORDS) known.clear()
      made = make(word)
      known.set(word, made)
    }
    return made
  }
}
