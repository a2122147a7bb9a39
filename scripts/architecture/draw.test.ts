import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { type Area, drawSvg, type Picture, routeOf } from './draw.ts'
import { architecture } from './picture.ts'

const { boxes, frames, arrows, width, height } = architecture

const right = (area: Area) => area.x + area.width
const bottom = (area: Area) => area.y + area.height
const holds = (outer: Area, inner: Area) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  right(inner) <= right(outer) &&
  bottom(inner) <= bottom(outer)
const meets = (one: Area, other: Area) =>
  one.x < right(other) && other.x < right(one) && one.y < bottom(other) && other.y < bottom(one)

describe('the picture of the architecture', () => {
  it('stands in docs as its source has it; `npm run docs:architecture` draws both files anew', async () => {
    expect(await readFile('docs/architecture.svg', 'utf8')).toBe(drawSvg(architecture))
  })

  it('keeps everything on the sheet, boxes apart from each other, and frames whole around them', () => {
    const sheet = { x: 0, y: 0, width, height }
    expect([...boxes, ...frames].filter((area) => !holds(sheet, area))).toEqual([])
    const overlaps = boxes.flatMap((box, index) =>
      boxes.slice(index + 1).filter((other) => meets(box, other)),
    )
    expect(overlaps).toEqual([])
    const cut = frames.flatMap((frame) =>
      [...boxes, ...frames].filter(
        (area) => meets(frame, area) && !holds(frame, area) && !holds(area, frame),
      ),
    )
    expect(cut).toEqual([])
  })

  it('has room in each box for its text', () => {
    // What letters of a wide font take: bold at 14.5 px, and at 12.5 px.
    const tight = boxes.flatMap(({ id, width, height, lines: [name, ...more] }) => {
      const widest = Math.max(name.length * 9, ...more.map((line) => line.length * 6.5))
      const high = 15 + more.length * 17
      return widest <= width - 8 && high <= height - 8 ? [] : [`${id}: ${widest} by ${high}`]
    })
    expect(tight).toEqual([])
  })

  it('leads every arrow from the edge of one thing to the edge of another, and through no box', () => {
    for (const arrow of arrows) {
      const route = routeOf(arrow, architecture)
      const [from, to] = [arrow.from, arrow.to].map((id) =>
        [...boxes, ...frames].find((area) => area.id === id),
      )
      expect([arrow, onEdge(route[0]!, from!), onEdge(route.at(-1)!, to!)]).toEqual([
        arrow,
        true,
        true,
      ])
      const legs = route.slice(1).map((end, index) => areaOfLeg(route[index]!, end))
      const others = boxes.filter(({ id }) => id !== arrow.from && id !== arrow.to)
      expect([arrow, others.filter((box) => legs.some((leg) => meets(leg, box)))]).toEqual([
        arrow,
        [],
      ])
    }
  })

  it('says so when an arrow leads nowhere', () => {
    const lost: Picture['arrows'] = [{ from: 'user', to: 'nobody', way: 'down' }]
    expect(() => drawSvg({ ...architecture, arrows: lost })).toThrow('finds no nobody')
  })
})

type Point = readonly [x: number, y: number]

const onEdge = ([x, y]: Point, area: Area) =>
  x >= area.x &&
  x <= right(area) &&
  y >= area.y &&
  y <= bottom(area) &&
  (x === area.x || x === right(area) || y === area.y || y === bottom(area))

const areaOfLeg = ([x, y]: Point, [endX, endY]: Point): Area => ({
  x: Math.min(x, endX),
  y: Math.min(y, endY),
  width: Math.max(1, Math.abs(endX - x)),
  height: Math.max(1, Math.abs(endY - y)),
})
