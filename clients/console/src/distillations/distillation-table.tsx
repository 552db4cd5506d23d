import { Link, useNavigate } from '@tanstack/react-router';
import type { Distillation } from '../../../../contracts/distil.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { DecisionTag, RunTag } from '../components/status-tag.tsx';
import { TargetName } from '../components/target-name.tsx';
import { formatUsd } from '../format/cost.ts';
import { StageDots } from './stage-dots.tsx';

const COLUMNS: Column<Distillation>[] = [
  {
    label: 'Name',
    cell: ({ name }) => (
      <Link to="/distillations/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  { label: 'Status', card: 'beside', cell: ({ status }) => <RunTag status={status} /> },
  { label: 'Stages', cell: (run) => <StageDots run={run} /> },
  { label: 'Teacher', cell: ({ teacher }) => <TargetName target={teacher ?? ''} /> },
  {
    label: 'Decision',
    cell: ({ evaluation }) => (evaluation ? <DecisionTag decision={evaluation.decision} /> : <span className="dimmed">–</span>),
  },
  { label: 'Spent', number: true, cell: ({ spentUsd }) => formatUsd(spentUsd) },
  { label: 'Started', number: true, cell: ({ startedAt }) => <RelativeTime at={startedAt} /> },
];

/** Distillations, a line each. */
export function DistillationTable({ runs }: { runs: Distillation[] }) {
  const navigate = useNavigate();
  return (
    <DataTable
      caption="Distillations"
      items={runs}
      columns={COLUMNS}
      rowKey={(run) => run.name}
      onRow={({ name }) => void navigate({ to: '/distillations/$name', params: { name } })}
    />
  );
}
