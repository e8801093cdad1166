import type { ComponentChildren, JSX } from "preact";

export interface Column<T> {
  title: string;
  /** What a cell shows. */
  cell: (row: T) => ComponentChildren;
  /** Numbers stand at the end of their column. */
  numeric?: boolean;
  /** Whether the title is only read out, as over buttons. */
  quiet?: boolean;
}

export interface TableProps<T> {
  /** What the table has, read out before it. */
  caption: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string;
  /** Whether the caption is visible. */
  captioned?: boolean;
}

/**
 * A table whose first column names the row. On a narrow screen each row is a block with the
 * columns' titles beside the values; the roles keep it a table for readers.
 */
export function Table<T>(props: TableProps<T>): JSX.Element {
  const { columns } = props;
  return (
    <div class="table-box">
      <table class="table" role="table">
        <caption class={props.captioned ? undefined : "sr-only"}>{props.caption}</caption>
        <thead role="rowgroup">
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" role="columnheader" class={column.numeric ? "numeric" : undefined}>
                <span class={column.quiet ? "sr-only" : undefined}>{column.title}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {props.rows.map((row) => (
            <tr key={props.id(row)} role="row">
              {columns.map((column, index) => {
                const inner = (
                  <>
                    <span class="cell-title" aria-hidden="true">
                      {column.quiet ? "" : column.title}
                    </span>
                    <div class="cell">{column.cell(row)}</div>
                  </>
                );
                const name = column.numeric ? "numeric" : column.quiet ? "acts" : undefined;
                return index === 0 ? (
                  <th key={column.title} scope="row" role="rowheader" class={name}>
                    {inner}
                  </th>
                ) : (
                  <td key={column.title} role="cell" class={name}>
                    {inner}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
