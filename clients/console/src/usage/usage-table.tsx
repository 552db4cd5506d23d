import { Link } from '@tanstack/react-router';
import type { UsageRow } from '../../../../contracts/usage.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { ErrorCount } from '../components/error-count.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import { GROUPS, type Group, tracesOf, valueOf } from './usage-search.ts';

interface UsageTableProps {
  rows: readonly UsageRow[];
  by: Group;
  /** Key of the metadata, where calls are grouped by it. */
  meta: string;
  since: string;
  /** Names of keys and clusters by id. */
  names: ReadonlyMap<string, string>;
}

/** What each group used, the dearest first; its name leads to its calls. */
export function UsageTable({ rows, by, meta, since, names }: UsageTableProps) {
  const columns: Column<UsageRow>[] = [
    {
      label: by === 'metadata' ? meta : GROUPS[by],
      cell: (row) => {
        const value = valueOf(row, by, meta);
        const search = tracesOf(value, { by, meta, since });
        const shown = names.get(value) ?? value;
        if (search === null) return <span className="dimmed">none</span>;
        return (
          <Link to="/traces" search={search}>
            {shown}
          </Link>
        );
      },
    },
    { label: 'Calls', number: true, cell: ({ calls }) => formatCount(calls) },
    {
      label: 'Errors',
      number: true,
      cell: ({ calls, errors }) => <ErrorCount calls={calls} errors={errors} />,
    },
    { label: 'Tokens in', number: true, cell: ({ tokensIn }) => formatCount(tokensIn) },
    { label: 'Tokens out', number: true, cell: ({ tokensOut }) => formatCount(tokensOut) },
    { label: 'Cost', number: true, cell: ({ costUsd }) => formatUsd(costUsd) },
    {
      label: 'Unpriced',
      number: true,
      cell: ({ unpriced }) => (unpriced === 0 ? <span className="dimmed">0</span> : formatCount(unpriced)),
    },
    { label: 'p50', number: true, card: 'hidden', cell: ({ p50Ms }) => formatMs(p50Ms) },
    { label: 'p95', number: true, cell: ({ p95Ms }) => formatMs(p95Ms) },
  ];
  return (
    <DataTable caption={`Usage by ${GROUPS[by].toLowerCase()}`} items={rows} columns={columns} rowKey={(row) => valueOf(row, by, meta)} />
  );
}
