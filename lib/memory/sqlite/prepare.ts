import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

/** The first row, undefined where there is none. */
type One<Row> = (...values: SQLInputValue[]) => Row | undefined
type All<Row> = (...values: SQLInputValue[]) => Row[]

export type Prepared = ReturnType<typeof preparing>

/** Prepares statements of one database, each a function that takes its values in order. */
export function preparing(database: DatabaseSync) {
  const one = <Row>(sql: string): One<Row> => {
    const statement = database.prepare(sql)
    return (...values) => statement.get(...values) as Row | undefined
  }
  const all = <Row>(sql: string, { asArrays = false } = {}): All<Row> => {
    const statement = database.prepare(sql)
    if (asArrays) statement.setReturnArrays(true)
    return (...values) => statement.all(...values) as Row[]
  }
  /** How many rows it changed. */
  const run = (sql: string) => {
    const statement = database.prepare(sql)
    return (...values: SQLInputValue[]) => Number(statement.run(...values).changes)
  }
  return { one, all, run }
}
