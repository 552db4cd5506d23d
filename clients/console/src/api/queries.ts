import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Split } from '../../../../contracts/datasets.ts';
import type { TraceFilter } from '../../../../contracts/traces.ts';
import type { Stillhouse } from './sdk.ts';

const LIVE_MS = 2_000;
const CALM_MS = 10_000;

/** The last 24 hours and how the stack stands; also the shell's sign of life. */
export const overviewQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['overview'], queryFn: () => api.overview(), refetchInterval: CALM_MS });

/** Everything an alias can point to. */
export const targetsQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['targets'], queryFn: async () => (await api.targets()).items, staleTime: 30_000 });

/** Pages of traces, newest first; `live` asks again every two seconds. */
export const tracesQuery = (api: Stillhouse, filter: Partial<TraceFilter>, live: boolean) =>
  infiniteQueryOptions({
    queryKey: ['traces', filter],
    queryFn: ({ pageParam }) => api.traces.list({ ...filter, ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: live ? LIVE_MS : false,
  });

/** One whole trace: it never changes. */
export const traceQuery = (api: Stillhouse, id: string) =>
  queryOptions({ queryKey: ['trace', id], queryFn: () => api.traces.get(id), staleTime: Infinity });

/** All datasets; asked again while one is being built. */
export const datasetsQuery = (api: Stillhouse) =>
  queryOptions({
    queryKey: ['datasets'],
    queryFn: async () => (await api.datasets.list()).items,
    refetchInterval: (query) => (query.state.data?.some((dataset) => dataset.status === 'building') ? LIVE_MS : CALM_MS),
  });

/** One dataset at its newest version. */
export const datasetQuery = (api: Stillhouse, name: string) =>
  queryOptions({
    queryKey: ['datasets', name],
    queryFn: () => api.datasets.get(name),
    refetchInterval: (query) => (query.state.data?.status === 'building' ? LIVE_MS : false),
  });

/** The first rows of a split. */
export const rowsQuery = (api: Stillhouse, name: string, version: number, split: Split) =>
  queryOptions({
    queryKey: ['datasets', name, version, split],
    queryFn: async () => (await api.datasets.rows(name, { split, limit: 20 })).items,
    staleTime: Infinity,
  });

/** All distillations, newest first; asked again sooner while one runs. */
export const distillationsQuery = (api: Stillhouse) =>
  queryOptions({
    queryKey: ['distillations'],
    queryFn: async () => {
      const { items } = await api.distillations.list();
      return items.toSorted((a, b) => (a.startedAt > b.startedAt ? -1 : 1));
    },
    refetchInterval: (query) => (query.state.data?.some((run) => run.status === 'running') ? LIVE_MS : CALM_MS),
  });

/** One run; the event stream makes it fresh sooner than its own interval. */
export const distillationQuery = (api: Stillhouse, name: string) =>
  queryOptions({
    queryKey: ['distillations', name],
    queryFn: () => api.distillations.get(name),
    refetchInterval: (query) => (query.state.data?.endedAt ? false : 5_000),
  });

/** All aliases by name. */
export const aliasesQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['aliases'], queryFn: async () => (await api.aliases.list()).items, refetchInterval: CALM_MS });

/** All versions of an alias, newest first. */
export const aliasVersionsQuery = (api: Stillhouse, name: string) =>
  queryOptions({ queryKey: ['aliases', name], queryFn: async () => (await api.aliases.versions(name)).items });

/** All students, newest first. */
export const studentsQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['students'], queryFn: async () => (await api.students.list()).items });

/** One student. */
export const studentQuery = (api: Stillhouse, name: string) =>
  queryOptions({ queryKey: ['students', name], queryFn: () => api.students.get(name) });
