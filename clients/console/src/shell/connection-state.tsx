import { Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Overview } from '../../../../contracts/http.ts';
import { overviewQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import type { Tone } from '../components/status-tag.tsx';
import classes from './connection-state.module.css';

interface State {
  tone: Tone;
  word: string;
  detail: string;
}

/** Whether the gateway answers, and what it cannot reach. */
export function ConnectionState({ compact = false }: { compact?: boolean }) {
  const { data, isError } = useQuery(overviewQuery(useApi()));
  const state = stateOf(data, isError);
  return (
    <Tooltip label={state.detail} multiline maw={280}>
      <div className={classes.state} data-tone={state.tone} role="status">
        <span className={classes.dot} aria-hidden />
        <span>{compact && state.tone === 'good' ? '' : state.word}</span>
      </div>
    </Tooltip>
  );
}

function stateOf(overview: Overview | undefined, failed: boolean): State {
  if (failed) return { tone: 'bad', word: 'No connection', detail: 'The gateway does not answer; this page asks again every ten seconds.' };
  if (!overview) return { tone: 'calm', word: 'Connecting', detail: 'The gateway has not answered yet.' };
  const down = [overview.clickhouse === 'down' && 'ClickHouse', overview.temporal === 'down' && 'Temporal'].filter(
    (part) => part !== false,
  );
  if (down.length === 0) return { tone: 'good', word: 'Connected', detail: 'Gateway, ClickHouse and Temporal answer.' };
  const detail = `${down.join(' and ')} cannot be reached. Calls go on and are recorded; changes and numbers wait.`;
  return { tone: 'warn', word: `${down.join(' and ')} down`, detail };
}
