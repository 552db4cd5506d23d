import type { TraceSummary } from '../../../../contracts/traces.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { TraceTag } from '../components/status-tag.tsx';
import { TargetName } from '../components/target-name.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import { UnstyledButton } from '@mantine/core';
import classes from './traces.module.css';

interface TraceTableProps {
  traces: TraceSummary[];
  selected: string | undefined;
  isNew: (trace: TraceSummary) => boolean;
  onOpen: (id: string) => void;
}

/** Traces, a line each; a click or Enter opens the drawer. */
export function TraceTable({ traces, selected, isNew, onOpen }: TraceTableProps) {
  const columns: Column<TraceSummary>[] = [
    {
      label: 'When',
      width: '104px',
      cell: ({ id, at }) => (
        <UnstyledButton fz="inherit" onClick={() => onOpen(id)} aria-label={`Open the trace of ${at}`}>
          <RelativeTime at={at} />
        </UnstyledButton>
      ),
    },
    { label: 'Status', card: 'beside', width: '106px', cell: ({ status }) => <TraceTag status={status} /> },
    {
      label: 'Asked',
      card: 'hidden',
      width: '112px',
      cell: (trace) => <Asked trace={trace} />,
    },
    { label: 'Answered by', width: '190px', cell: ({ target }) => <TargetName target={target} /> },
    { label: 'Prompt and answer', card: 'whole', cell: (trace) => <Texts trace={trace} /> },
    {
      label: 'Tokens',
      card: 'hidden',
      width: '92px',
      number: true,
      cell: ({ tokensIn, tokensOut }) => `${formatCount(tokensIn)} + ${formatCount(tokensOut)}`,
    },
    { label: 'Cost', width: '104px', number: true, cell: ({ costUsd }) => formatUsd(costUsd) },
    { label: 'Latency', width: '96px', number: true, cell: ({ latencyMs }) => formatMs(latencyMs) },
  ];
  return (
    <DataTable
      caption="Traces"
      fixed
      items={traces}
      columns={columns}
      rowKey={(trace) => trace.id}
      selected={selected}
      isNew={isNew}
      onRow={({ id }) => onOpen(id)}
    />
  );
}

/** The name that was asked for; a target that was asked for by its own name stands in the next column already. */
function Asked({ trace: { modelAsked, target, origin, kind } }: { trace: TraceSummary }) {
  return (
    <>
      {modelAsked === target ? (
        <span className="dimmed">its name</span>
      ) : (
        <span className={`${classes.asked} mono truncate`}>{modelAsked}</span>
      )}
      {kind !== 'chat' && <span className={`${classes.asked} dimmed`}>{kind}</span>}
      {origin === 'pipeline' && <span className={`${classes.asked} dimmed`}>by the pipeline</span>}
      {origin === 'import' && <span className={`${classes.asked} dimmed`}>imported</span>}
    </>
  );
}

function Texts({ trace }: { trace: TraceSummary }) {
  return (
    <span className={classes.texts}>
      <span className={`${classes.prompt} truncate`}>{trace.prompt || '–'}</span>
      <span className={`${classes.answer} truncate`}>{trace.answer || trace.errorMessage || '–'}</span>
    </span>
  );
}
