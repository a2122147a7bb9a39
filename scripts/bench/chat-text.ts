/**
 * Chat messages as people write them, made from a seed: many words that every message shares, some that a tenth of
 * them share, a few that are rare. A search over random words would look faster than it is.
 */
export function createChatText(seed: number): () => string {
  const random = mulberry32(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const rare = () => {
    const length = 2 + Math.floor(random() * 2)
    return Array.from({ length }, () => pick(SYLLABLES)).join('')
  }
  return () => {
    const sentences = 1 + Math.floor(random() * 3)
    return Array.from({ length: sentences }, () =>
      pick(PATTERNS)
        .replaceAll('$who', () => pick(PEOPLE))
        .replaceAll('$thing', () => (random() < 0.25 ? rare() : pick(THINGS)))
        .replaceAll('$place', () => (random() < 0.25 ? rare() : pick(PLACES)))
        .replaceAll('$day', () => pick(DAYS)),
    ).join(' ')
  }
}

const PATTERNS = [
  'I think I am going to get a new $thing for the house on $day.',
  'Yesterday I went to the $place with $who and we talked about my $thing.',
  'My $thing is not working again, so I have to take it to the $place.',
  '$who really likes the $thing that I bought for them at the $place last $day.',
  'I have been trying to learn more about $thing, it is a lot of fun!',
  'We are planning a trip to the $place, and I want to take the $thing with me.',
  'I do not like $thing very much, but $who does.',
  'The kids had a good time at the $place on $day, they want to go back soon.',
  'Work was a bit much today, I had to help $who with the $thing.',
  'I sold my old $thing because I need the money for the $place.',
]
const PEOPLE = [
  'my sister',
  'my boss',
  'Dana',
  'Omar',
  'my wife',
  'the neighbour',
  'Lena',
  'my friend Theo',
]
const THINGS = [
  'car',
  'bike',
  'guitar',
  'garden',
  'kitchen',
  'phone',
  'dog',
  'book',
  'painting',
  'camera',
  'sofa',
  'piano',
  'cooking',
  'running',
  'chess',
  'knitting',
  'coffee machine',
  'tent',
  'coat',
  'birthday cake',
  'laptop',
  'lamp',
]
const PLACES = [
  'park',
  'beach',
  'market',
  'library',
  'museum',
  'lake',
  'city',
  'mountains',
  'office',
  'school',
  'hospital',
  'theatre',
  'airport',
  'bakery',
  'gym',
  'zoo',
]
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const SYLLABLES = [
  'ba',
  'ron',
  'tel',
  'mi',
  'sor',
  'ka',
  'len',
  'du',
  'vor',
  'pi',
  'gan',
  'the',
  'lo',
  'mar',
  'zin',
  'ru',
  'fel',
  'os',
]

/** Tommy Ettinger's mulberry32: the same sequence for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
