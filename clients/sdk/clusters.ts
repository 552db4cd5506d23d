import type {
  Cluster,
  ClusterChanges,
  ClusterCheck,
  ClusterDetail,
  ClusterMap,
  ClusterRequest,
  ClusterRun,
  ClusterSchedule,
  ClusterScheduleRequest,
} from '../../contracts/clusters.ts';
import type { Page } from '../../contracts/http.ts';
import type { Transport } from './transport.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

/** Which clusters are listed, and from when on their figures count. */
export interface ClusterQuery {
  /** Of runs over this alias. */
  alias?: string | undefined;
  /** ISO 8601. */
  since?: string | undefined;
}

/** Clusters of traces, and the runs that find them. */
export class Clusters {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Starts a run, or joins the same one while it is under way. */
  run(request: Partial<ClusterRequest> = {}): Promise<ClusterRun & { location: string }> {
    return this.#transport.json('POST', '/clusters', { json: request });
  }

  /** Those first that would save most. */
  async list(query: ClusterQuery = {}, signal?: AbortSignal): Promise<Cluster[]> {
    return (await this.#transport.json<Page<Cluster>>('GET', '/clusters', { query: { ...query }, signal })).items;
  }

  /** One cluster with members nearest its centre and borderline ones. */
  get(id: string, signal?: AbortSignal): Promise<ClusterDetail> {
    return this.#transport.json('GET', `/clusters/${encodeURIComponent(id)}`, { signal });
  }

  /** Where clusters and the sample lie in two dimensions. */
  map(query: Pick<ClusterQuery, 'alias'> = {}, signal?: AbortSignal): Promise<ClusterMap> {
    return this.#transport.json('GET', '/clusters/map', { query: { ...query }, signal });
  }

  /** What a person says wins over a model and is kept over runs. */
  change(id: string, changes: ClusterChanges): Promise<ClusterDetail> {
    return this.#transport.json('PATCH', `/clusters/${encodeURIComponent(id)}`, { json: changes });
  }

  /** The latest begun first. */
  async runs(signal?: AbortSignal): Promise<ClusterRun[]> {
    return (await this.#transport.json<Page<ClusterRun>>('GET', '/clusters/runs', { signal })).items;
  }

  getRun(name: string, signal?: AbortSignal): Promise<ClusterRun> {
    return this.#transport.json('GET', `/clusters/runs/${encodeURIComponent(name)}`, { signal });
  }

  /** Borders that a model has looked at in that run, and what came of it. */
  async checks(name: string, signal?: AbortSignal): Promise<ClusterCheck[]> {
    const path = `/clusters/runs/${encodeURIComponent(name)}/checks`;
    return (await this.#transport.json<Page<ClusterCheck>>('GET', path, { signal })).items;
  }

  /** Waits until the run has ended, well or not. */
  waitUntilEnded(name: string, options: WaitOptions = {}): Promise<ClusterRun> {
    return waitFor(
      `Run "${name}"`,
      () => this.getRun(name, options.signal),
      ({ status }) => status !== 'running',
      options,
    );
  }

  async schedules(signal?: AbortSignal): Promise<ClusterSchedule[]> {
    return (await this.#transport.json<Page<ClusterSchedule>>('GET', '/clusters/schedules', { signal })).items;
  }

  /** Has the request done every so many minutes; 0 ends it. By default new traces are assigned. */
  async schedule(everyMinutes: number, request: Partial<ClusterScheduleRequest['request']> = {}): Promise<ClusterSchedule | null> {
    const json = { everyMinutes, request: { mode: 'assign', ...request } };
    return (await this.#transport.json<{ schedule: ClusterSchedule | null }>('POST', '/clusters/schedule', { json })).schedule;
  }
}
