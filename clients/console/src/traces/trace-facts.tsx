import { Link } from '@tanstack/react-router';
import type { Feedback } from '../../../../contracts/feedback.ts';
import type { Trace, TraceView } from '../../../../contracts/traces.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { StatusTag } from '../components/status-tag.tsx';
import { TargetName } from '../components/target-name.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount } from '../format/numbers.ts';
import { formatExact, formatMs } from '../format/time.ts';
import classes from './traces.module.css';

type Attempt = Trace['attempts'][number];

const COLUMNS: Column<Attempt>[] = [
  { label: 'Target', cell: ({ target }) => <TargetName target={target} /> },
  {
    label: 'Answer',
    cell: ({ status, errorClass }) => <StatusTag tone={errorClass ? 'bad' : 'good'}>{errorClass || String(status)}</StatusTag>,
  },
  { label: 'Latency', number: true, cell: ({ latencyMs }) => formatMs(latencyMs) },
  { label: 'Cost', number: true, cell: ({ costUsd }) => formatUsd(costUsd) },
];

const FEEDBACK_COLUMNS: Column<Feedback>[] = [
  {
    label: 'Verdict',
    cell: ({ thumbs }) => (thumbs ? <StatusTag tone={thumbs === 'up' ? 'good' : 'bad'}>{thumbs}</StatusTag> : null),
  },
  { label: 'Score', number: true, cell: ({ score }) => score },
  { label: 'Said', cell: ({ comment }) => comment },
  { label: 'Should have been', cell: ({ correctedAnswer }) => correctedAnswer },
  { label: 'When', cell: ({ at }) => formatExact(at) },
];

/** What is known of a call beside its texts. */
export function TraceFacts({ trace }: { trace: TraceView }) {
  const metadata = Object.entries(trace.metadata);
  return (
    <>
      <Facts facts={factsOf(trace)} />
      <div className={classes.sub}>Attempts</div>
      <DataTable
        caption="Attempts"
        keep
        items={trace.attempts.map((attempt, i) => ({ ...attempt, i }))}
        columns={COLUMNS}
        rowKey={({ i }) => String(i)}
      />
      {trace.feedback.length > 0 && (
        <>
          <div className={classes.sub}>Feedback</div>
          <DataTable caption="Feedback" keep items={trace.feedback} columns={FEEDBACK_COLUMNS} rowKey={({ id }) => id} />
        </>
      )}
      <div className={classes.sub}>Metadata</div>
      {metadata.length === 0 ? (
        <p className="dimmed">None was sent.</p>
      ) : (
        <Facts facts={Object.fromEntries(metadata.map(([key, value]) => [key, <MetadataValue key={key} name={key} value={value} />]))} />
      )}
    </>
  );
}

const MetadataValue = ({ name, value }: { name: string; value: string }) => (
  <Link to="/traces" search={{ meta: `${name}=${value}` }} style={{ color: 'inherit' }} title="All traces with this pair">
    {value}
  </Link>
);

function factsOf(trace: Trace): Record<string, React.ReactNode> {
  return {
    When: formatExact(trace.at),
    Asked: <span className="mono">{trace.modelAsked}</span>,
    Alias: trace.alias ? `${trace.alias}, version ${trace.aliasVersion}` : null,
    'Answered by': <TargetName target={trace.target} />,
    'Model said': trace.modelAnswered ? <span className="mono">{trace.modelAnswered}</span> : null,
    'HTTP status': trace.httpStatus || null,
    Finish: trace.finishReason,
    'First token': trace.streamed && trace.firstTokenMs > 0 ? formatMs(trace.firstTokenMs) : null,
    Streamed: trace.streamed ? 'yes' : 'no',
    'Cached tokens': trace.tokensCached > 0 ? formatCount(trace.tokensCached) : null,
    'Reasoning tokens': trace.tokensReasoning > 0 ? formatCount(trace.tokensReasoning) : null,
    Kind: trace.kind === 'chat' ? null : trace.kind,
    Bytes:
      trace.responseBytes === null ? null : `${formatCount(trace.requestBytes ?? 0)} sent, ${formatCount(trace.responseBytes)} received`,
    Origin: trace.origin,
    Key: <span className="mono">{trace.keyId}</span>,
    User: trace.userId,
    Session: trace.sessionId,
  };
}
