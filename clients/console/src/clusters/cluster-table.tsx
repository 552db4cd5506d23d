import { Link, useNavigate } from '@tanstack/react-router';
import type { Cluster } from '../../../../contracts/clusters.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount, formatPercent } from '../format/numbers.ts';
import classes from './clusters.module.css';

const COLUMNS: Column<Cluster>[] = [
  {
    label: 'Cluster',
    cell: ({ id, name, namedBy }) => (
      <span className={classes.name}>
        <Link to="/clusters/$id" params={{ id }}>
          {name}
        </Link>
        {namedBy === 'keywords' && <span className={classes.by}>keywords</span>}
      </span>
    ),
  },
  { label: 'Traces', number: true, cell: ({ size }) => formatCount(size) },
  { label: 'Of traffic', card: 'hidden', number: true, cell: ({ share }) => formatPercent(share) },
  { label: 'Of cost', number: true, cell: ({ costShare }) => formatPercent(costShare) },
  { label: 'Errors', card: 'hidden', number: true, cell: ({ errorShare }) => formatPercent(errorShare) },
  { label: 'Coherence', number: true, card: 'hidden', cell: ({ coherence }) => coherence.toFixed(2) },
  { label: 'Task', card: 'hidden', cell: ({ task }) => (task.looksLikeOneTask && task.kind) || <span className="dimmed">mixed</span> },
  { label: 'Student', cell: ({ task }) => task.student ?? '–' },
  {
    label: 'Saves a month',
    number: true,
    cell: ({ savingUsdPerMonth: usd }) => <span className={usd !== null && usd > 0 ? classes.saving : 'dimmed'}>{formatUsd(usd)}</span>,
  },
];

/** Where clusters of several filters stand beside each other. */
const OF: Column<Cluster> = { label: 'Of', cell: ({ alias }) => alias ?? 'all traffic' };

/** Clusters, those first that would save most. */
export function ClusterTable({ clusters }: { clusters: readonly Cluster[] }) {
  const navigate = useNavigate();
  const several = new Set(clusters.map(({ scope }) => scope)).size > 1;
  return (
    <DataTable
      caption="Clusters"
      items={clusters}
      columns={several ? [COLUMNS[0]!, OF, ...COLUMNS.slice(1)] : COLUMNS}
      rowKey={({ id }) => id}
      onRow={({ id }) => void navigate({ to: '/clusters/$id', params: { id } })}
    />
  );
}
