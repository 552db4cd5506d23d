import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { TraceSummary } from '../../../../contracts/traces.ts';
import { useApi } from '../api/project-scope.tsx';
import { tracesQuery } from '../api/queries.ts';
import type { Tail } from '../api/queries.ts';
import { traceFilterOf } from './trace-search.ts';
import type { TraceConditions } from './trace-search.ts';

/** What has come while the list is live stays on it, up to so many pages; what is older comes behind them when it is asked for. */
const LIVE_PAGES = 5;

/** What stood in the list when it became live. */
interface Beginning {
  ids: ReadonlySet<string>;
  /** Time of the oldest; empty where there was none. */
  oldest: string;
}

/**
 * The list of traces, by pages. A live one is read anew from its top each time, page behind page, down to what stood last
 * when it became live: calls are listed by their beginning and recorded at their end, so that a slow one belongs among
 * those that have been shown already, and reading only what is newer would miss it.
 */
export function useTraces(conditions: TraceConditions, tail: Tail) {
  // The text is what changes: a time range ends where its filter was set, so that a render does not move the query's key.
  const text = JSON.stringify(conditions);
  const filter = useMemo(() => traceFilterOf(JSON.parse(text) as TraceConditions, Date.now()), [text]);
  const query = useInfiniteQuery(tracesQuery(useApi(), filter, tail));
  const { data, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = query;
  const traces = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const [beginning, setBeginning] = useState<(Beginning & { text: string }) | null>(null);
  const live = tail !== 'off';
  const current = live && beginning?.text === text ? beginning : null;
  useEffect(() => {
    if (!live) setBeginning(null);
    else if (!current && data) setBeginning({ text, ids: new Set(traces.map(({ id }) => id)), oldest: traces.at(-1)?.at ?? '' });
  }, [live, current, data, text, traces]);
  const pushedOut = current !== null && traces.length > 0 && traces.at(-1)!.at > current.oldest && data!.pages.length < LIVE_PAGES;
  useEffect(() => {
    if (tail === 'on' && pushedOut && hasNextPage && !isFetching && !isFetchNextPageError) void fetchNextPage();
  }, [tail, pushedOut, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage]);
  const isNew = ({ id, at }: TraceSummary) => current !== null && !current.ids.has(id) && at >= current.oldest;
  return { query, traces, isNew };
}
