import type { Overview } from '../../../../contracts/http.ts';
import { Facts } from '../components/facts.tsx';
import { Panel } from '../components/panel.tsx';
import { StatusTag } from '../components/status-tag.tsx';
import { formatBytes, plural } from '../format/numbers.ts';
import { formatDuration } from '../format/time.ts';

/** How the stack stands. */
export function PartsPanel({ overview }: { overview: Overview }) {
  const { spool, temporal, clickhouse } = overview;
  const waiting = spool.segments > 0 ? `${plural(spool.segments, 'segment')}, ${formatBytes(spool.bytes)}` : 'empty';
  // The spool ships every second; a minute behind means that ClickHouse does not take it.
  const behind = spool.oldestAgeS > 60;
  return (
    <Panel title="The stack">
      <Facts
        facts={{
          Gateway: <StatusTag tone="good">up</StatusTag>,
          ClickHouse: <UpOrDown state={clickhouse} />,
          Temporal: <UpOrDown state={temporal} />,
          Spool: behind ? <StatusTag tone="warn">{waiting}</StatusTag> : waiting,
          Oldest: spool.segments > 0 ? formatDuration(spool.oldestAgeS * 1000) : null,
        }}
      />
    </Panel>
  );
}

const UpOrDown = ({ state }: { state: 'up' | 'down' }) => <StatusTag tone={state === 'up' ? 'good' : 'bad'}>{state}</StatusTag>;
