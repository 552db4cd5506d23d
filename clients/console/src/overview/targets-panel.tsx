import { Link } from '@tanstack/react-router';
import type { Overview } from '../../../../contracts/http.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { ErrorCount } from '../components/error-count.tsx';
import { Panel } from '../components/panel.tsx';
import { TargetName } from '../components/target-name.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';

type TargetDay = Overview['byTarget'][number];

const COLUMNS: Column<TargetDay>[] = [
  {
    label: 'Target',
    cell: ({ target }) => (
      <Link to="/traces" search={{ target, range: '24h' }}>
        <TargetName target={target} />
      </Link>
    ),
  },
  { label: 'Calls', number: true, cell: ({ calls }) => formatCount(calls) },
  {
    label: 'Errors',
    number: true,
    cell: ({ calls, errors }) => <ErrorCount calls={calls} errors={errors} />,
  },
  { label: 'Cost', number: true, cell: ({ costUsd }) => formatUsd(costUsd) },
  {
    label: 'Per 1,000',
    number: true,
    cell: ({ costUsd, calls }) => formatUsd(costUsd === null || calls === 0 ? null : (costUsd / calls) * 1000),
  },
  { label: 'p50', number: true, cell: ({ p50Ms }) => formatMs(p50Ms) },
];

/** The day by what answered. */
export function TargetsPanel({ overview }: { overview: Overview }) {
  if (overview.byTarget.length === 0) return null;
  return (
    <Panel title="By target" flush>
      <DataTable caption="Calls by target" items={overview.byTarget} columns={COLUMNS} rowKey={(row) => row.target} />
    </Panel>
  );
}
