import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Hono } from 'hono';
import { StillhouseError } from '../../contracts/errors.ts';
import type { TargetInfo } from '../../contracts/http.ts';
import { DEFAULT_PROJECT, PROJECT_HEADER } from '../../contracts/names.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { WebhookConfig } from '../../contracts/webhooks.ts';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { createApi } from '../../gateway/api/api.ts';
import { applyVersions, emptySnapshot } from '../../gateway/aliases/apply-versions.ts';
import type { ProjectSnapshots } from '../../gateway/aliases/snapshot-holder.ts';
import type { GatewayContext } from '../../gateway/keys/caller.ts';
import { ProviderSecrets } from '../../gateway/keys/provider-secrets.ts';
import { secretBox } from '../../gateway/keys/secret-box.ts';
import { providerConnection } from '../../gateway/providers/provider-connection.ts';
import { providerStandings } from '../../gateway/providers/provider-standings.ts';
import { type CircuitBreakers, circuitBreakers } from '../../gateway/routing/circuit-breaker.ts';
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

const CONFIGS = [
  {
    id: 'lab',
    kind: 'openai-compatible',
    baseUrl: 'https://lab.example/v1',
    models: [{ id: 'oracle-large', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10 }],
  },
  { kind: 'groq' },
].map((config) => ProviderConfig.parse(config));

/** The control plane over real engines, without a socket: as the gateway mounts it, behind a key that is always right. */
export interface TestControlPlane {
  app: Hono<GatewayContext>;
  sdk: Stillhouse;
  /** As the admin key sees it that names a project. */
  sdkOf(project: string): Stillhouse;
  snapshots: ProjectSnapshots;
  /** They open after two failures, for a minute. */
  breakers: CircuitBreakers;
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
  { masterKey, webhooks = [], targets = [] }: { masterKey?: string; webhooks?: readonly WebhookConfig[]; targets?: readonly string[] } = {},
): Promise<TestControlPlane> {
  const allTargets = [...TARGETS, ...targets.map((target) => ({ ...PROVIDER, target }))];
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-api-'));
  const connection = temporalAddress === null ? null : await Connection.connect({ address: temporalAddress });
  const client = connection && new Client({ connection });
  const snapshots = snapshotsOf(clickhouse);
  const box = secretBox(masterKey);
  const stored = new ProviderSecrets(snapshots, box);
  const breakers = circuitBreakers({ failures: 2, openMs: 60_000, maxOpenMs: 60_000 }, () => performance.now());
  const artifacts = `file:${join(folder, 'artifacts')}`;
  const api = createApi({
    clickhouse,
    temporal: async () => client ?? Promise.reject(new StillhouseError('unavailable', 'Temporal cannot be reached')),
    snapshots,
    artifacts: openArtifactStore(artifacts),
    secretBox: box,
    providers: providerStandings({
      configs: CONFIGS,
      connectionOf: (config) => providerConnection(config, () => stored.secretOf(config.id)),
      stored,
      breakers: async () => breakers.states(),
    }),
    targets: () => allTargets,
    replay: () => Promise.reject(new StillhouseError('unavailable', 'Nothing answers calls of models here')),
    spool: () => Promise.resolve({ segments: 0, bytes: 0, oldestAgeS: 0 }),
    temporalUi: null,
    temporaryFolder: join(folder, 'tmp'),
    bases: ['our-base'],
    studentServers: ['gpu-box'],
    webhooks,
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
    breakers,
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
