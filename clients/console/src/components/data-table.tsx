import classes from './data-table.module.css';

/** A column: its heading, its cell, and whether it holds numbers (those stand right). */
export interface Column<T> {
  label: string;
  cell: (item: T) => React.ReactNode;
  number?: boolean;
  /** A CSS width. */
  width?: string;
  /** In a card: `beside` the first cell, on a line of its own as a `whole`, or `hidden`; default: named, on its line. */
  card?: 'beside' | 'whole' | 'hidden';
}

interface DataTableProps<T> {
  items: readonly T[];
  columns: Column<T>[];
  rowKey: (item: T) => string;
  /** Called for a click anywhere on the row; the first cell holds the link that the keyboard reaches. */
  onRow?: (item: T) => void;
  selected?: string | undefined;
  /** Rows that have just come: they light up once. */
  isNew?: (item: T) => boolean;
  /** Stays a table on small screens (few short columns). */
  keep?: boolean;
  /** Columns keep their widths whatever is in them; what has none takes the rest. */
  fixed?: boolean;
  caption: string;
}

/** A table that turns into cards on small screens. */
export function DataTable<T>({ items, columns, rowKey, onRow, selected, isNew, keep = false, fixed = false, caption }: DataTableProps<T>) {
  const clicked = (event: React.MouseEvent, item: T) => {
    // Links, buttons and a text selection keep their own meaning.
    if ((event.target as HTMLElement).closest('a, button') || window.getSelection()?.toString()) return;
    onRow?.(item);
  };
  return (
    <table className={classes.table} aria-label={caption} data-keep={keep || undefined} data-fixed={fixed || undefined}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th
              key={column.label}
              scope="col"
              data-number={column.number || undefined}
              style={column.width ? { width: column.width } : undefined}
            >
              {column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => {
          const key = rowKey(item);
          return (
            <tr
              key={key}
              data-href={onRow ? '' : undefined}
              data-selected={key === selected || undefined}
              data-new={isNew?.(item) || undefined}
              onClick={onRow ? (event) => clicked(event, item) : undefined}
            >
              {columns.map((column) => (
                <td key={column.label} data-label={column.label} data-card={column.card} data-number={column.number || undefined}>
                  {column.cell(item)}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
