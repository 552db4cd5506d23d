import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Distillation, DistillationEvent } from '../../../../contracts/distil.ts';
import { distillationQuery } from '../api/queries.ts';
import { useApi } from '../api/session.ts';

const KEPT_EVENTS = 500;

/** Follows a run: its events, newest last, and each new state into the cache of queries. */
export function useRunEvents(name: string): DistillationEvent[] {
  const api = useApi();
  const queryClient = useQueryClient();
  const [events, setEvents] = useState<DistillationEvent[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const follow = async () => {
      setEvents([]);
      for await (const update of api.distillations.follow(name, { signal: stop.signal })) {
        if (update.kind === 'event') setEvents((old) => [...old, update.event].slice(-KEPT_EVENTS));
        else queryClient.setQueryData<Distillation>(distillationQuery(api, name).queryKey, update.state);
      }
      // The run has ended: the lists and what it made are stale.
      for (const queryKey of [['distillations'], ['aliases'], ['students']]) void queryClient.invalidateQueries({ queryKey });
    };
    // A stream that cannot be had is no failure of the page: the query asks every five seconds.
    follow().catch(() => {});
    return () => stop.abort();
  }, [api, name, queryClient]);
  return events;
}
