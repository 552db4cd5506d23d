import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { ClusterRun } from '../../../../contracts/clusters.ts';
import type { Split } from '../../../../contracts/datasets.ts';
import type { TraceFilter } from '../../../../contracts/traces.ts';
import type { UsageGroup } from '../../../../contracts/usage.ts';
import type { LanguageModelManifest } from '../../../../contracts/language-model.ts';
import type { DistilRequest, Stillhouse } from '../../../sdk/index.ts';

const LIVE_MS = 2_000;
const CALM_MS = 10_000;
/** By user and metadata every trace is read. */
const USAGE_MS = 30_000;

/** The last 24 hours and how the stack stands; also the shell's sign of life. */
export const overviewQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['overview'], queryFn: ({ signal }) => api.overview(signal), refetchInterval: CALM_MS });

/** Everything an alias can point to. */
export const targetsQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['targets'], queryFn: ({ signal }) => api.targets(signal), staleTime: 30_000 });

/** Whether a list follows what comes, stands still in between, or is not live at all. */
export type Tail = 'on' | 'paused' | 'off';

const TRACES_A_PAGE = 100;

/** Pages of traces, newest first; one that follows asks again every two seconds, all pages from the top. */
export const tracesQuery = (api: Stillhouse, filter: Partial<TraceFilter>, tail: Tail) =>
  infiniteQueryOptions({
    queryKey: ['traces', filter],
    queryFn: ({ pageParam, signal }) =>
      api.traces.page({ ...filter, limit: TRACES_A_PAGE, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: tail === 'on' ? LIVE_MS : false,
    refetchOnWindowFocus: tail !== 'paused',
  });

/** One whole trace: it never changes. */
export const traceQuery = (api: Stillhouse, id: string) =>
  queryOptions({ queryKey: ['trace', id], queryFn: ({ signal }) => api.traces.get(id, signal), staleTime: Infinity });

/** How a forgetting stands; asked again until it has ended. */
export const forgettingQuery = (api: Stillhouse, name: string) =>
  queryOptions({
    queryKey: ['forget', name],
    queryFn: ({ signal }) => api.traces.forgettingState(name, signal),
    refetchInterval: (query) => (query.state.data && query.state.data.status !== 'running' ? false : LIVE_MS),
  });

/** All clusters, those first that would save most. */
export const clustersQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['clusters', 'list'], queryFn: ({ signal }) => api.clusters.list({}, signal), staleTime: CALM_MS });

/** Runs that find clusters or assign to them; asked again sooner while one is under way. */
export const clusterRunsQuery = (api: Stillhouse) =>
  queryOptions({
    queryKey: ['clusters', 'runs'],
    queryFn: ({ signal }) => api.clusters.runs(signal),
    refetchInterval: (query) => (query.state.data?.some(({ status }) => status === 'running') ? LIVE_MS : CALM_MS),
  });

/** What came of a run's checks: it does not change once the run has ended. */
export const clusterChecksQuery = (api: Stillhouse, { name, runId }: Pick<ClusterRun, 'name' | 'runId'>) =>
  queryOptions({
    queryKey: ['clusters', 'checks', runId],
    queryFn: ({ signal }) => api.clusters.checks(name, signal),
    staleTime: Infinity,
  });

/** Where clusters and the sample lie: it changes with a run only. */
export const clusterMapQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['clusters', 'map'], queryFn: ({ signal }) => api.clusters.map({}, signal), staleTime: CALM_MS });

/** One cluster with members. */
export const clusterQuery = (api: Stillhouse, id: string) =>
  queryOptions({ queryKey: ['clusters', 'one', id], queryFn: ({ signal }) => api.clusters.get(id, signal) });

/** All datasets; asked again while one is being built. */
export const datasetsQuery = (api: Stillhouse) =>
  queryOptions({
    queryKey: ['datasets'],
    queryFn: ({ signal }) => api.datasets.list(signal),
    refetchInterval: (query) => (query.state.data?.some((dataset) => dataset.status === 'building') ? LIVE_MS : CALM_MS),
  });

/** One dataset, by default at its newest version. */
export const datasetQuery = (api: Stillhouse, name: string, version?: number) =>
  queryOptions({
    queryKey: version === undefined ? ['datasets', name] : ['datasets', name, version],
    queryFn: ({ signal }) => api.datasets.get(name, version, signal),
    refetchInterval: (query) => (query.state.data?.status === 'building' ? LIVE_MS : false),
  });

/** Rows a page of a dataset. */
export const ROWS_A_PAGE = 50;

/** Which rows of a version: `cursor` is the `nextCursor` of the page before. */
export interface RowsOf {
  split: Split;
  order: 'position' | 'suspect';
  cursor?: string | undefined;
}

/** A page of the rows of a split; the page before stays while it comes. */
export const rowsQuery = (api: Stillhouse, { name, version }: { name: string; version: number }, of: RowsOf) =>
  queryOptions({
    queryKey: ['datasets', name, version, 'rows', of],
    queryFn: ({ signal }) => api.datasets.rowsPage(name, { version, limit: ROWS_A_PAGE, ...of }, signal),
    placeholderData: (before) => before,
    staleTime: Infinity,
  });

/** What was found of a version's rows; asked again while it is being looked for. */
export const inspectionQuery = (api: Stillhouse, { name, version }: { name: string; version: number }) =>
  queryOptions({
    queryKey: ['datasets', name, version, 'inspection'],
    queryFn: ({ signal }) => api.datasets.curation.inspection(name, version, signal),
    refetchInterval: (query) => (query.state.data?.status === 'running' ? LIVE_MS : false),
  });

/** All distillations, newest first; asked again sooner while one runs. */
export const distillationsQuery = (api: Stillhouse) =>
  queryOptions({
    queryKey: ['distillations'],
    queryFn: ({ signal }) => api.distillations.list(signal),
    refetchInterval: (query) => (query.state.data?.some((run) => run.status === 'running') ? LIVE_MS : CALM_MS),
  });

/** One run; its event stream brings each new state sooner than the interval, which stands in where the stream is cut. */
export const distillationQuery = (api: Stillhouse, name: string) =>
  queryOptions({
    queryKey: ['distillations', name],
    queryFn: ({ signal }) => api.distillations.get(name, signal),
    refetchInterval: (query) => (query.state.data?.endedAt ? false : 5_000),
  });

/** All aliases by name. */
export const aliasesQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['aliases'], queryFn: ({ signal }) => api.aliases.list(signal), refetchInterval: CALM_MS });

/** All versions of an alias, newest first. */
export const aliasVersionsQuery = (api: Stillhouse, name: string) =>
  queryOptions({ queryKey: ['aliases', name], queryFn: ({ signal }) => api.aliases.versions(name, signal) });

/** Keys of apps by name, revoked ones too, with what they spent. */
export const keysQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['keys'], queryFn: ({ signal }) => api.keys.list({ revoked: true, signal }), refetchInterval: CALM_MS });

/** All projects, with what they spent. */
export const projectsQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['projects'], queryFn: ({ signal }) => api.projects.list(signal), refetchInterval: CALM_MS });

/** Providers and how they do. */
export const providersQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['providers'], queryFn: ({ signal }) => api.providers(signal), refetchInterval: CALM_MS });

/** What was used in so many days up to now, by groups; without any, in all. */
export const usageQuery = (api: Stillhouse, days: number, by: readonly UsageGroup[]) =>
  queryOptions({
    queryKey: ['usage', days, ...by],
    queryFn: ({ signal }) => api.usage({ by, since: new Date(Date.now() - days * 86_400_000).toISOString() }, signal),
    refetchInterval: USAGE_MS,
  });

/** All students, newest first. */
export const studentsQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['students'], queryFn: ({ signal }) => api.students.list(signal) });

/** One student. */
export const studentQuery = (api: Stillhouse, name: string) =>
  queryOptions({ queryKey: ['students', name], queryFn: ({ signal }) => api.students.get(name, signal) });

/** What a student can be trained on, by name. */
export const basesQuery = (api: Stillhouse) =>
  queryOptions({ queryKey: ['bases'], queryFn: ({ signal }) => api.students.bases(signal), staleTime: Infinity });

/** The files that a student is made of: they change with its version only. */
export const studentFilesQuery = (api: Stillhouse, name: string, version: number) =>
  queryOptions({
    queryKey: ['students', name, version, 'files'],
    queryFn: ({ signal }) => api.students.files(name, signal),
    staleTime: Infinity,
  });

/** The manifest of a language model. */
export const manifestQuery = (api: Stillhouse, name: string, version: number) =>
  queryOptions({
    queryKey: ['students', name, version, 'manifest'],
    queryFn: async ({ signal }) =>
      (await new Response(await api.students.download(name, 'manifest.json', signal)).json()) as LanguageModelManifest,
    staleTime: Infinity,
  });

/** What a request would take; the answer before stays while the next is made. */
export const estimateQuery = (api: Stillhouse, request: DistilRequest) =>
  queryOptions({
    queryKey: ['estimate', request],
    queryFn: ({ signal }) => api.estimate(request, signal),
    enabled: request.dataset !== '',
    placeholderData: (before) => before,
    staleTime: 60_000,
    retry: false,
  });

/** What the training of a run measured; `live` asks again every two seconds. */
export const trainingQuery = (api: Stillhouse, name: string, live: boolean) =>
  queryOptions({
    queryKey: ['distillations', name, 'training'],
    queryFn: ({ signal }) => api.distillations.training(name, signal),
    refetchInterval: live ? LIVE_MS : false,
  });
