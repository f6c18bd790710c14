/** Tables with a caption for those who cannot see them; cards where the screen is narrow. */
import type { ReactNode } from 'react';

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ReactNode;
  /** Names the row for screen readers; exactly one column should. */
  heads?: boolean;
  /** For numbers. */
  right?: boolean;
  /** The title is for screen readers only. */
  untitled?: boolean;
}

export function Table<Row>({
  caption,
  columns,
  rows,
  keyOf,
}: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
}) {
  return (
    <div className="overflow-x-auto rounded-lg border border-line bg-raised">
      <table className="cards w-full border-collapse text-left text-sm">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr className="border-b border-line">
            {columns.map((column) => (
              <th
                key={column.title}
                scope="col"
                className={`px-4 py-2.5 font-medium whitespace-nowrap text-faint ${column.right ? 'text-right' : ''}`}
              >
                {column.untitled ? <span className="sr-only">{column.title}</span> : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {rows.map((row) => (
            <tr key={keyOf(row)} className="align-middle">
              {columns.map((column) =>
                column.heads ? (
                  <th key={column.title} scope="row" className="cell px-4 py-3 font-medium">
                    <div>{column.cell(row)}</div>
                  </th>
                ) : (
                  <td
                    key={column.title}
                    data-label={column.untitled ? undefined : column.title}
                    className={`cell px-4 py-3 ${column.right ? 'text-right tabular-nums' : ''}`}
                  >
                    <div>{column.cell(row)}</div>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
