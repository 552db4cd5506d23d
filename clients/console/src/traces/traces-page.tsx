import { Button, Skeleton } from '@mantine/core';
import { IconListSearch } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { Tail } from '../api/queries.ts';
import { Empty } from '../components/empty.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { ProblemPanel } from '../components/problem-panel.tsx';
import { FirstSteps } from '../overview/first-steps.tsx';
import { LiveSwitch } from './live-switch.tsx';
import { LoadMore } from './load-more.tsx';
import { TraceDrawer } from './trace-drawer.tsx';
import { TraceFilters } from './trace-filters.tsx';
import { conditionsOf } from './trace-search.ts';
import type { SearchChange, TraceSearch } from './trace-search.ts';
import { TraceTable } from './trace-table.tsx';
import { useTraces } from './use-traces.ts';

/** Every recorded call, newest first; filter and open trace are in the address. */
export function TracesPage() {
  const search = useSearch({ from: '/traces' });
  const navigate = useNavigate({ from: '/traces' });
  const change = (part: SearchChange) => void navigate({ search: (old) => withoutEmpty({ ...old, ...part }), replace: !('trace' in part) });
  const { trace, live = false } = search;
  const conditions = conditionsOf(search);
  const [paused, setPaused] = useState(false);
  const tail = !live ? 'off' : paused ? 'paused' : 'on';
  const { query, traces, isNew } = useTraces(conditions, tail);
  const filtered = Object.keys(conditions).length > 0;
  const follow = (next: Tail) => {
    setPaused(next === 'paused');
    if ((next !== 'off') !== live) change({ live: next !== 'off' || undefined });
  };
  return (
    <Page
      title="Traces"
      lead="Every call that went through the gateway, newest first."
      actions={
        <>
          <ForgetLink search={search} />
          <LiveSwitch tail={tail} arrived={traces.filter(isNew).length} cutOff={tail === 'on' && query.isError} onChange={follow} />
        </>
      }
    >
      <TraceFilters search={search} onChange={change} />
      {query.isError && !query.data && <ProblemPanel error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={520} radius="lg" />}
      {query.data && traces.length === 0 && (filtered ? <NothingFound onReset={() => void navigate({ search: {} })} /> : <FirstSteps />)}
      {traces.length > 0 && (
        <Panel flush>
          <TraceTable traces={traces} selected={trace} isNew={isNew} onOpen={(id) => change({ trace: id })} />
          <LoadMore query={query} shown={traces.length} />
        </Panel>
      )}
      <TraceDrawer id={trace ?? null} onClose={() => change({ trace: undefined })} />
    </Page>
  );
}

/** To the page that forgets, with whom the filter names. */
const ForgetLink = ({ search: { user, session, meta } }: { search: TraceSearch }) => (
  <Button
    size="xs"
    variant="subtle"
    color="gray"
    renderRoot={(props) => <Link to="/forget" search={withoutEmpty({ user, session, meta })} {...props} />}
  >
    Forget calls
  </Button>
);

function withoutEmpty(search: SearchChange): TraceSearch {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  ) as TraceSearch;
}

const NothingFound = ({ onReset }: { onReset: () => void }) => (
  <Panel>
    <Empty
      icon={<IconListSearch size={34} stroke={1.4} />}
      title="No trace matches"
      next={
        <Button variant="default" onClick={onReset}>
          Clear the filters
        </Button>
      }
    >
      All conditions hold at once. A wider time range or one condition less may find it.
    </Empty>
  </Panel>
);
