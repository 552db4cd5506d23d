import { Button, Skeleton, Switch } from '@mantine/core';
import { IconListSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { tracesQuery } from '../api/queries.ts';
import { useApi } from '../api/session.ts';
import { Empty } from '../components/empty.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { ProblemPanel } from '../components/problem-panel.tsx';
import { FirstSteps } from '../overview/first-steps.tsx';
import { LoadMore } from './load-more.tsx';
import { TraceDrawer } from './trace-drawer.tsx';
import { TraceFilters } from './trace-filters.tsx';
import { traceFilterOf } from './trace-search.ts';
import type { TraceSearch } from './trace-search.ts';
import { TraceTable } from './trace-table.tsx';

/** Every recorded call, newest first; filter and open trace are in the address. */
export function TracesPage() {
  const search = useSearch({ from: '/traces' });
  const navigate = useNavigate({ from: '/traces' });
  const change = (part: Partial<Record<keyof TraceSearch, unknown>>) =>
    void navigate({ search: (old) => withoutEmpty({ ...old, ...part }), replace: !('trace' in part) });
  const { trace, live, ...filters } = search;
  const query = useTraces(filters, live ?? false);
  const traces = query.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Object.keys(filters).length > 0;
  return (
    <Page
      title="Traces"
      lead="Every call that went through the gateway, newest first."
      actions={
        <Switch label="Live" checked={live ?? false} onChange={(event) => change({ live: event.currentTarget.checked || undefined })} />
      }
    >
      <TraceFilters search={search} onChange={change} />
      {query.isError && !query.data && <ProblemPanel error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={520} radius="lg" />}
      {query.data && traces.length === 0 && (filtered ? <NothingFound onReset={() => void navigate({ search: {} })} /> : <FirstSteps />)}
      {traces.length > 0 && (
        <Panel flush>
          <TraceTable traces={traces} selected={trace} onOpen={(id) => change({ trace: id })} />
          <LoadMore query={query} shown={traces.length} />
        </Panel>
      )}
      <TraceDrawer id={trace ?? null} onClose={() => change({ trace: undefined })} />
    </Page>
  );
}

function useTraces(filters: Omit<TraceSearch, 'live' | 'trace'>, live: boolean) {
  // The text is what changes: a time range ends where its filter was set, so that a render does not move the query's key.
  const text = JSON.stringify(filters);
  const filter = useMemo(() => traceFilterOf(JSON.parse(text) as TraceSearch, Date.now()), [text]);
  return useInfiniteQuery(tracesQuery(useApi(), filter, live));
}

function withoutEmpty(search: Partial<Record<keyof TraceSearch, unknown>>): TraceSearch {
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
