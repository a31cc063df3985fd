import type { ReactNode } from 'react'

export interface Column<T> {
  head: string
  cell: (row: T) => ReactNode
  /** Numbers stand at the end of their column. */
  end?: true
  /** Names the row: on a phone it stands over the card, without its head. */
  lead?: true
}

/** A table; on a phone each row is a card. The first column names the row, a last one has what can be done with it. */
export function DataTable<T>(props: {
  label: string
  columns: readonly Column<T>[]
  rows: readonly T[]
  keyOf: (row: T) => string
  /** Not for those who only look. */
  actions?: false | ((row: T) => ReactNode)
}) {
  const { label, rows, keyOf, actions = false } = props
  const columns: readonly Column<T>[] =
    actions === false ? props.columns : [...props.columns, { head: 'Actions', cell: actions }]
  return (
    <table className="cn-table" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ head, end }) => (
            <th key={head} scope="col" className={end && 'cn-end'}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr key={keyOf(row)}>
            {columns.map(({ head, cell, end, lead }) => (
              <td key={head} data-label={head} data-lead={lead} className={end && 'cn-end'}>
                <div>{cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
