import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Hono } from 'hono';
import { StillhouseError } from '../../contracts/errors.ts';
import type { TargetInfo } from '../../contracts/http.ts';
import { DEFAULT_PROJECT, PROJECT_HEADER } from '../../contracts/names.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import { createApi } from '../../gateway/api/api.ts';
import { applyVersions, emptySnapshot } from '../../gateway/aliases/apply-versions.ts';
import type { ProjectSnapshots } from '../../gateway/aliases/snapshot-holder.ts';
import type { GatewayContext } from '../../gateway/keys/caller.ts';
import { secretBox } from '../../gateway/keys/secret-box.ts';
import { createLogger } from '../../platform/logger.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { currentState } from '../../store/clickhouse/state-versions.ts';
import { Stillhouse } from '../../clients/sdk/index.ts';

const PROVIDER = { kind: 'provider', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10, ready: true, reason: '' } as const;
const TARGETS: TargetInfo[] = [
  { ...PROVIDER, target: 'lab/oracle-large' },
  { ...PROVIDER, target: 'lab/oracle-small', tuning: { trainingUsdPerMTok: 3, inputUsdPerMTok: 1, outputUsdPerMTok: 2 } },
];

/** The control plane over real engines, without a socket: as the gateway mounts it, behind a key that is always right. */
export interface TestControlPlane {
  app: Hono<GatewayContext>;
  sdk: Stillhouse;
  /** As the admin key sees it that names a project. */
  sdkOf(project: string): Stillhouse;
  snapshots: ProjectSnapshots;
  /** Its artifact store, as `STILLHOUSE_ARTIFACTS` names it to a worker. */
  artifacts: string;
  /** Sends JSON, answers with status and body. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: any; headers: Headers }>; // eslint-disable-line
  close(): Promise<void>;
}

/** `temporalAddress` null: Temporal is down. */
export async function startControlPlane(
  clickhouse: ClickHouseClient,
  temporalAddress: string | null,
  masterKey?: string,
): Promise<TestControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-api-'));
  const connection = temporalAddress === null ? null : await Connection.connect({ address: temporalAddress });
  const client = connection && new Client({ connection });
  const snapshots = snapshotsOf(clickhouse);
  const artifacts = `file:${join(folder, 'artifacts')}`;
  const api = createApi({
    clickhouse,
    temporal: async () => client ?? Promise.reject(new StillhouseError('unavailable', 'Temporal cannot be reached')),
    snapshots,
    artifacts: openArtifactStore(artifacts),
    secretBox: secretBox(masterKey),
    providers: ['lab', 'groq'],
    targets: () => TARGETS,
    spool: () => ({ segments: 0, bytes: 0, oldestAgeS: 0 }),
    temporalUi: null,
    temporaryFolder: join(folder, 'tmp'),
    bases: ['our-base'],
    studentServers: ['gpu-box'],
    rates: { coreHourUsd: 0.1, gpuHourUsd: 2 },
    now: Date.now,
    log: createLogger('api-test', 'error'),
  });
  const app = new Hono<GatewayContext>();
  app.use('/api/*', async (c, next) => {
    c.set('caller', { keyId: 'admin', role: 'admin', project: c.req.header(PROJECT_HEADER) ?? DEFAULT_PROJECT });
    await next();
  });
  app.route('/api', api);
  const sdkOf = (project?: string) =>
    new Stillhouse({ url: 'http://gateway', apiKey: 'test', project, fetch: async (input, init) => app.request(input as string, init) });
  return {
    app,
    sdk: sdkOf(),
    sdkOf,
    snapshots,
    artifacts,
    async call(method, path, body, headers) {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await app.request(path, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...sent,
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    async close() {
      await connection?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As the gateway's, without its polling and its file: a snapshot changes when it is refreshed. */
function snapshotsOf(clickhouse: ClickHouseClient): ProjectSnapshots {
  const snapshots = new Map<string, RegistrySnapshot>();
  const current = (project: string) => snapshots.get(project) ?? emptySnapshot(project);
  return {
    current,
    projects: () => [...snapshots.keys()],
    ready: () => current(DEFAULT_PROJECT).sequence > 0,
    async refresh(project) {
      const next = applyVersions(emptySnapshot(project), await currentState(clickhouse, project));
      snapshots.set(project, next);
      return next;
    },
  };
}
