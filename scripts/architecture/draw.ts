/** Draws boxes, frames around them and arrows between them as one SVG that is legible on light and dark pages. */

export interface Picture {
  readonly width: number
  readonly height: number
  readonly title: string
  /** For whoever cannot see it. */
  readonly description: string
  readonly frames: readonly Frame[]
  readonly boxes: readonly Box[]
  readonly arrows: readonly Arrow[]
  readonly notes: readonly Note[]
}

/** A place on the sheet, in pixels from its upper left corner. */
export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Frame extends Area {
  readonly id: string
  readonly label: string
  readonly look?: Look
}

/** Ours unless told otherwise: who comes from `outside`, or what is there only where it is set up. */
export type Look = 'outside' | 'optional'

export interface Box extends Area {
  readonly id: string
  /** The first is its name. */
  readonly lines: readonly [string, ...string[]]
  readonly look?: Look
}

/** From the side of one thing to the side of another, at the middle of at least one of them. */
export interface Arrow {
  readonly from: string
  readonly to: string
  readonly way: 'down' | 'right' | 'down then right' | 'right then up then right'
  /** Beside where it begins. */
  readonly label?: string
  readonly look?: Look
}

export interface Note {
  readonly x: number
  /** Of the first line's foot. */
  readonly y: number
  readonly lines: readonly string[]
}

type Point = readonly [x: number, y: number]

const NAME_PX = 14.5
const TEXT_PX = 12.5
const LINE_PX = 17
const ROUND_PX = 8
/** From the last turn of an arrow to its end. */
const TURN_PX = 24

export function drawSvg(picture: Picture): string {
  const { width, height, title, description, frames, boxes, arrows, notes } = picture
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escapeText(title)}</title>`,
    `<desc id="description">${escapeText(description)}</desc>`,
    STYLE,
    ARROW_HEAD,
    `<rect class="sheet" width="${width}" height="${height}" rx="${ROUND_PX}"/>`,
    ...frames.map(drawFrame),
    ...arrows.map((arrow) => drawArrow(arrow, routeOf(arrow, picture))),
    ...boxes.map(drawBox),
    ...notes.map(drawNote),
    '</svg>',
  ].join('\n')}\n`
}

/** Where an arrow begins, turns and ends. */
export function routeOf(
  arrow: Arrow,
  { boxes, frames }: Pick<Picture, 'boxes' | 'frames'>,
): Point[] {
  const areaOf = (id: string) => {
    const area = [...boxes, ...frames].find((one) => one.id === id)
    if (!area) throw new Error(`The arrow from ${arrow.from} to ${arrow.to} finds no ${id}.`)
    return area
  }
  return ways[arrow.way](areaOf(arrow.from), areaOf(arrow.to))
}

const ways: Record<Arrow['way'], (from: Area, to: Area) => Point[]> = {
  down(from, to) {
    const x = facing(from.x, from.width, to.x, to.width)
    return [
      [x, from.y + from.height],
      [x, to.y],
    ]
  },
  right(from, to) {
    const y = facing(from.y, from.height, to.y, to.height)
    return [
      [from.x + from.width, y],
      [to.x, y],
    ]
  },
  'down then right'(from, to) {
    const x = middle(from.x, from.width)
    const y = middle(to.y, to.height)
    return [
      [x, from.y + from.height],
      [x, y],
      [to.x, y],
    ]
  },
  'right then up then right'(from, to) {
    const y = middle(from.y, from.height)
    const endY = middle(to.y, to.height)
    return [
      [from.x + from.width, y],
      [to.x - TURN_PX, y],
      [to.x - TURN_PX, endY],
      [to.x, endY],
    ]
  },
}

const middle = (start: number, size: number) => start + size / 2

/** The middle of the smaller one, which has to lie beside the larger one. */
function facing(start: number, size: number, otherStart: number, otherSize: number): number {
  return size <= otherSize ? middle(start, size) : middle(otherStart, otherSize)
}

function drawFrame(frame: Frame): string {
  return `<g class="${classes('frame', frame)}">${rectangle(frame, ROUND_PX + 4)}${textAt(frame.x + 12, frame.y + 21, frame.label)}</g>`
}

function drawBox(box: Box): string {
  const [name, ...more] = box.lines
  const x = middle(box.x, box.width)
  const textHeight = NAME_PX + more.length * LINE_PX
  const y = middle(box.y, box.height) - textHeight / 2 + NAME_PX - 2
  const lines = more.map((line, index) => textAt(x, y + 1 + (index + 1) * LINE_PX, line))
  return `<g class="${classes('box', box)}">${rectangle(box, ROUND_PX)}${textAt(x, y, name, 'name')}${lines.join('')}</g>`
}

function drawArrow(arrow: Arrow, route: readonly Point[]): string {
  const line = `<path class="${classes('arrow', arrow)}" d="${pathOf(route)}"/>`
  if (arrow.label === undefined) return line
  const [x, y] = route[0]!
  return line + textAt(x + 10, y + LINE_PX + 1, arrow.label)
}

const drawNote = ({ x, y, lines }: Note) =>
  lines.map((line, index) => textAt(x, y + index * LINE_PX, line)).join('')

/** Lines from point to point, with rounded corners. */
function pathOf(route: readonly Point[]): string {
  return route
    .map(([x, y], index) => {
      const before = route[index - 1]
      const after = route[index + 1]
      if (!before) return `M${x} ${y}`
      if (!after) return `L${x} ${y}`
      const [inX, inY] = towards([x, y], before)
      const [outX, outY] = towards([x, y], after)
      return `L${inX} ${inY}Q${x} ${y} ${outX} ${outY}`
    })
    .join('')
}

const towards = ([x, y]: Point, [otherX, otherY]: Point): Point => [
  x + Math.sign(otherX - x) * ROUND_PX,
  y + Math.sign(otherY - y) * ROUND_PX,
]

const classes = (name: string, { look }: { readonly look?: Look }) =>
  look === undefined ? name : `${name} ${look}`

const rectangle = ({ x, y, width, height }: Area, round: number) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${round}"/>`

function textAt(x: number, y: number, text: string, name?: string): string {
  const named = name === undefined ? '' : ` class="${name}"`
  return `<text${named} x="${x}" y="${y}">${escapeText(text)}</text>`
}

const escapeText = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const ARROW_HEAD =
  '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0L8 4L0 8Z"/></marker></defs>'

/** The sheet has a ground of its own, so that it is legible where a page does not say whether it is dark. */
const STYLE = `<style>
svg { --sheet: #ffffff; --frame: #f5f7fa; --line: #c5ccd8; --box: #e6ebfa; --edge: #3350c8; --optional: #fff4df; --optional-edge: #b26a00; --ink: #14171f; --soft: #4a5160; }
@media (prefers-color-scheme: dark) { svg { --sheet: #14171f; --frame: #1c212c; --line: #465064; --box: #25305a; --edge: #93a8ff; --optional: #3d2f14; --optional-edge: #f0b254; --ink: #f3f5f9; --soft: #b9c1cf; } }
text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: ${TEXT_PX}px; fill: var(--soft); }
.sheet { fill: var(--sheet); }
.frame rect { fill: var(--frame); stroke: var(--line); }
.frame.optional rect { fill: none; stroke: var(--optional-edge); stroke-dasharray: 5 4; }
.frame text { font-weight: 600; }
.box rect { fill: var(--box); stroke: var(--edge); stroke-width: 1.5; }
.box.optional rect { fill: var(--optional); stroke: var(--optional-edge); }
.box text { text-anchor: middle; }
.box.outside rect { fill: var(--frame); stroke: var(--soft); }
.box .name { font-size: ${NAME_PX}px; font-weight: 600; fill: var(--ink); }
.arrow { fill: none; stroke: var(--soft); stroke-width: 1.5; marker-end: url(#head); }
.arrow.optional { stroke-dasharray: 5 4; }
.head { fill: var(--soft); }
</style>`
