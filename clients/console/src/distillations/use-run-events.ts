import { useDocumentVisibility } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Distillation, DistillationEvent } from '../../../../contracts/distil.ts';
import { distillationQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';

const KEPT_EVENTS = 500;

/**
 * Follows a run: its events, newest last, and each new state into the cache of queries. A hidden page lets its
 * connection go, since a browser has six for all its tabs; it takes up again after the last event that it saw.
 */
export function useRunEvents(name: string): DistillationEvent[] {
  const api = useApi();
  const queryClient = useQueryClient();
  const visible = useDocumentVisibility() !== 'hidden';
  const [seen, setSeen] = useState<{ name: string; events: DistillationEvent[] }>({ name, events: [] });
  const last = useRef({ name, sequence: 0 });
  useEffect(() => {
    if (!visible) return undefined;
    if (last.current.name !== name) last.current = { name, sequence: 0 };
    const stop = new AbortController();
    const follow = async () => {
      const after = last.current.sequence;
      for await (const update of api.distillations.follow(name, { signal: stop.signal, ...(after > 0 ? { after } : {}) })) {
        if (update.kind === 'state') {
          queryClient.setQueryData<Distillation>(distillationQuery(api, name).queryKey, update.state);
          continue;
        }
        if (update.event.sequence <= last.current.sequence) continue;
        last.current.sequence = update.event.sequence;
        setSeen((old) => ({ name, events: [...(old.name === name ? old.events : []), update.event].slice(-KEPT_EVENTS) }));
      }
      // The run has ended: the lists, and what it made, are stale.
      for (const queryKey of [['distillations'], ['aliases'], ['students']]) void queryClient.invalidateQueries({ queryKey });
    };
    // A stream that cannot be had is no failure of the page: the query asks every five seconds.
    follow().catch(() => {});
    return () => stop.abort();
  }, [api, name, queryClient, visible]);
  return seen.name === name ? seen.events : [];
}
