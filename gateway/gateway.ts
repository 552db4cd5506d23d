import { getRequestListener } from '@hono/node-server';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration, ProviderConfig } from '../contracts/configuration.ts';
import type { Environment } from '../contracts/environment.ts';
import { DEFAULT_PROJECT } from '../contracts/names.ts';
import { homePaths } from '../platform/home.ts';
import type { Logger } from '../platform/logger.ts';
import { secretFile } from '../platform/secrets.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import { connectClickHouse, type ClickHouseClient } from '../store/clickhouse/connection.ts';
import { storeImage } from '../store/images/stored-images.ts';
import { getTrace, idsOfSegment, insertTraceSegment } from '../store/clickhouse/traces.ts';
import { ensureRegistry } from './aliases/ensure-registry.ts';
import { registrySource } from './aliases/registry-source.ts';
import { followRegistry, type SnapshotPoller } from './aliases/snapshot-poller.ts';
import { openKeptAnswers } from './cache/open-kept-answers.ts';
import { createApi } from './api/api.ts';
import { callHandlers, createApp } from './app.ts';
import { allBreakers, allSpools, alone, amongSiblings } from './processes/siblings.ts';
import { directListener } from './direct-listener.ts';
import { feedback } from './feedback/feedback.ts';
import type { DataPlane } from './chat/data-plane.ts';
import { replayCalls } from './chat/replay-call.ts';
import { liveValues } from './health.ts';
import { createKeyRing } from './keys/key-ring.ts';
import { ProviderSecrets } from './keys/provider-secrets.ts';
import { secretBox, type SecretBox } from './keys/secret-box.ts';
import { checkListenAddress } from './keys/listen-address.ts';
import { listen } from './listen.ts';
import { openCallLimits } from './limits/open-call-limits.ts';
import { connectValkey } from './limits/valkey.ts';
import { createAdmission } from './limits/admission.ts';
import { gatewayMetrics } from './observability/metrics.ts';
import { type SpanObserver, spanObserver } from './observability/spans.ts';
import { createCatalogue } from './providers/catalogue.ts';
import { hostedStudents } from './providers/hosted-student.ts';
import { providerOf } from './providers/kinds.ts';
import { placedStudents } from './providers/language-model/placed-students.ts';
import { studentBackends } from './providers/language-model/student-backends.ts';
import { providerConnection } from './providers/provider-connection.ts';
import { providerStandings } from './providers/provider-standings.ts';
import { studentProvider, type Classifier } from './providers/student.ts';
import { warmStudents } from './providers/warm-students.ts';
import { createPassthrough } from './passthrough/passthrough.ts';
import { circuitBreakers } from './routing/circuit-breaker.ts';
import { temporalConnection, type TemporalConnection } from './temporal-connection.ts';
import { Conversations } from './ways-in/responses/conversations.ts';
import { keepDeleting } from './tracing/keep-deleting.ts';
import { redactedMessages, redactionsOf } from './tracing/redactions.ts';
import type { TraceSink } from './tracing/shipment.ts';
import { openTracer } from './tracing/tracer.ts';
import { tuningRoutes } from './tuning/tuning-routes.ts';

export interface GatewayOptions {
  env: Environment;
  configuration: Configuration;
  /** Value of an environment variable that a provider's `apiKeyEnv` names. */
  secret: (name: string) => string | undefined;
  artifacts: ArtifactStore;
  classifier: Classifier | null;
  /** Whether this is one of several processes that share its port. */
  clustered: boolean;
  consoleFolder: string;
  log: Logger;
}

/** A gateway that listens. */
export interface Gateway {
  address: string;
  /** Lets calls in flight end, ships what is recorded, lets go of everything. */
  close(): Promise<void>;
}

/** Calls in flight have so long to end, and traces so long to be shipped, when the process is asked to stop. */
const DRAIN_MS = 8_000;
const SHIP_MS = 4_000;
/** A look at a batch that is under way then; another gateway goes on with it. */
const BATCH_MS = 2_000;
/** A Parquet file of the embedded ClickHouse is whole before its first byte is sent. */
const EXPORT_SILENCE_MS = 1_800_000;
/** Processes die at any time: their spools are looked for so often. */
const ADOPT_EVERY_MS = 15_000;
/** Longer than clients and proxies keep a connection unused, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;
/** A log or a model of some gigabytes takes longer to arrive than Node's five minutes; a call's body has less (`read-body.ts`). */
const UPLOAD_MS = 2 * 3_600_000;

/** Puts the gateway together and listens. ClickHouse and Temporal may be down. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { env, log, consoleFolder } = options;
  checkListenAddress(env.STILLHOUSE_HOST, env.STILLHOUSE_ADMIN_KEY !== undefined);
  const clickhouse = connectClickHouse(env, { application: 'stillhouse-gateway' });
  const exportClickhouse = connectClickHouse(env, { application: 'stillhouse-export', requestTimeoutMs: EXPORT_SILENCE_MS });
  const temporal = temporalConnection({ address: env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233', namespace: env.TEMPORAL_NAMESPACE });
  const spans = await spanObserver(env.OTEL_EXPORTER_OTLP_ENDPOINT, env.OTEL_SERVICE_NAME, options.configuration.providers);
  const dataPlane = await createDataPlane(options, clickhouse, temporal, spans);
  const { tracer, snapshots, catalogue, admission } = dataPlane;
  const configs = options.configuration.providers;
  const connections = new Map(configs.map((config) => [config.id, providerConnection(config, dataPlane.secretOf(config))]));
  const api = createApi({
    clickhouse,
    exportClickhouse,
    temporal: () => temporal.client(),
    snapshots,
    artifacts: options.artifacts,
    secretBox: dataPlane.secretBox,
    providers: providerStandings({
      configs,
      connectionOf: ({ id }) => connections.get(id)!,
      stored: new ProviderSecrets(snapshots, dataPlane.secretBox),
      breakers: async () => allBreakers(await dataPlane.siblings.reports()),
    }),
    targets: (project) => catalogue.targets(snapshots.current(project)),
    spool: async () => allSpools(await dataPlane.siblings.reports()),
    replay: replayCalls(dataPlane),
    temporalUi: env.STILLHOUSE_TEMPORAL_UI ?? null,
    temporaryFolder: homePaths(env).tmp,
    bases: options.configuration.bases.map((base) => base.id),
    studentServers: options.configuration.studentServers.map((server) => server.id),
    webhooks: options.configuration.webhooks,
    rates: { coreHourUsd: env.STILLHOUSE_CORE_HOUR_USD, gpuHourUsd: env.STILLHOUSE_GPU_HOUR_USD },
    now: Date.now,
    log,
  });
  const tuning = tuningRoutes({ keys: dataPlane.keys, providers: connections });
  const passthrough = createPassthrough(options, dataPlane, clickhouse);
  const { STILLHOUSE_METRICS_KEY: metricsKey } = env;
  const parts = { dataPlane, api, tuning, passthrough, feedback: feedback(dataPlane, clickhouse), metricsKey, consoleFolder, log };
  const listener = getRequestListener(createApp(parts).fetch, { hostname: env.STILLHOUSE_HOST });
  const server = createServer(directListener(callHandlers(parts), (incoming, outgoing) => void listener(incoming, outgoing)));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.requestTimeout = UPLOAD_MS;
  const address = await listen(server, { host: env.STILLHOUSE_HOST, port: env.STILLHOUSE_PORT, shared: options.clustered });
  tracer.adopt();
  const endDeleting = keepDeleting(options, dataPlane, exportClickhouse);
  const adopting = setInterval(() => tracer.adopt(), ADOPT_EVERY_MS).unref();
  return {
    address,
    async close() {
      clearInterval(adopting);
      endDeleting();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const deadline = Date.now() + DRAIN_MS;
      while (admission.inFlight() + dataPlane.idempotency.inFlight() > 0 && Date.now() < deadline) await delay(20);
      server.closeAllConnections();
      await closed;
      await passthrough.close(BATCH_MS);
      for (const part of [snapshots, admission, dataPlane.idempotency, dataPlane.cache, dataPlane.limits]) part.close();
      await tracer.close(SHIP_MS);
      // Spans are of use to somebody, and no promise: where they go may be down.
      await spans?.close().catch((error: unknown) => log.warn({ reason: (error as Error).message }, 'spans could not be sent'));
      await Promise.all([...connections.values()].map(({ pool }) => pool.destroy()));
      await Promise.all([catalogue, temporal, dataPlane.registry, clickhouse, exportClickhouse].map((part) => part.close()));
    },
  };
}

type OwnedDataPlane = DataPlane & {
  snapshots: SnapshotPoller;
  registry: ReturnType<typeof registrySource>;
  secretBox: SecretBox;
  secretOf: ReturnType<typeof secretsOf>;
};

async function createDataPlane(
  options: GatewayOptions,
  clickhouse: ClickHouseClient,
  temporal: TemporalConnection,
  spans: SpanObserver | null,
): Promise<OwnedDataPlane> {
  const { env, configuration, artifacts, classifier, log } = options;
  const paths = homePaths(env);
  const { limits } = configuration;
  const languageModels = localStudents(options);
  const keys = createKeyRing({ ...ownKeys(env), isComplete: () => snapshots.followed() });
  const warm = warmStudents(classifier, log, { languageModels });
  const registry = registrySource(env);
  const snapshots = followRegistry({
    projects: [DEFAULT_PROJECT],
    folder: paths.snapshots,
    source: registry,
    onSnapshot: (snapshot) => {
      keys.update(snapshot);
      warm(snapshot);
    },
    ensure: async (project) => ensureRegistry(await temporal.client(), project),
    log,
  });
  const box = secretBox(env.STILLHOUSE_MASTER_KEY);
  const secretOf = secretsOf(new ProviderSecrets(snapshots, box), options.secret);
  const providers = configuration.providers.map((provider) => providerOf(provider, secretOf(provider)));
  const hosted = hostedStudents(configuration.providers, providers);
  const usdPerCoreHour = env.STILLHOUSE_CORE_HOUR_USD;
  const student = studentProvider({ classifier, languageModels, hosted, usdPerCoreHour, now: Date.now });
  const tracer = openTracer({
    spool: paths.spool,
    sink: traceSink(clickhouse, artifacts),
    fsync: env.STILLHOUSE_SPOOL_FSYNC,
    quotaBytes: limits.spoolQuotaBytes,
    redactionOf: redactionsOf((project) => snapshots.current(project), log),
    log,
  });
  const admission = createAdmission({ pipelineConcurrency: limits.pipelineConcurrency });
  const { breakerFailures: failures, breakerOpenMs: openMs } = limits;
  const breakers = circuitBreakers({ failures, openMs, maxOpenMs: 8 * openMs }, () => performance.now());
  const valkey = env.VALKEY_URL === undefined ? null : await connectValkey(env.VALKEY_URL, log);
  const callLimits = openCallLimits({ snapshots, clickhouse, spool: paths.spool, valkey, clustered: options.clustered, log });
  const kept = openKeptAnswers({ valkey, paths, masterKey: env.STILLHOUSE_MASTER_KEY, log });
  const metrics = gatewayMetrics([
    ...liveValues({ tracer, admission, breakers }),
    ...callLimits.liveValues(),
    ...kept.idempotency.liveValues(),
    ...kept.cache.liveValues(),
  ]);
  const report = () => ({ metrics: metrics.text(), spool: tracer.stats(), breakers: breakers.states() });
  const siblings = options.clustered ? amongSiblings(process, report) : alone(report);
  const conversations = new Conversations(async (project, traceId) => {
    const trace = await getTrace(clickhouse, project, traceId, artifacts);
    return trace && { project, request: trace.request, response: trace.response };
  });
  return {
    siblings,
    metrics,
    conversations,
    observers: [metrics, callLimits, conversations, ...(spans ? [redactedMessages(spans, tracer)] : [])],
    keys,
    snapshots,
    registry,
    secretBox: box,
    secretOf,
    limits: callLimits,
    ...kept,
    tracer,
    catalogue: createCatalogue([...providers, student]),
    admission,
    breakers,
    retry: { retries: limits.retries, baseMs: limits.retryBaseMs, maxMs: limits.retryMaxMs },
    maxBodyBytes: limits.maxBodyBytes,
    now: Date.now,
    random: Math.random,
    log,
  };
}

function ownKeys(env: GatewayOptions['env']): { adminKey: string; serviceKey: string } {
  const paths = homePaths(env);
  return {
    adminKey: env.STILLHOUSE_ADMIN_KEY ?? secretFile(paths.adminKey, 'sk-admin'),
    serviceKey: env.STILLHOUSE_SERVICE_KEY ?? secretFile(paths.serviceKey, 'sk-service'),
  };
}

function traceSink(clickhouse: ClickHouseClient, artifacts: ArtifactStore): TraceSink {
  return {
    insert: (token, lines) => insertTraceSegment(clickhouse, { token, lines }),
    idsOfSegment: (segmentId, which) => idsOfSegment(clickhouse, segmentId, which),
    storeImage: (project, sha256, bytes) => storeImage(artifacts, project, sha256, bytes),
  };
}

function localStudents({ env, configuration, secret, artifacts }: GatewayOptions) {
  const backends = studentBackends({
    localUrls: env.STILLHOUSE_STUDENT_URLS,
    serviceKey: env.STILLHOUSE_SERVICE_KEY,
    servers: configuration.studentServers,
    secret,
    usdPerHour: { core: env.STILLHOUSE_CORE_HOUR_USD, gpu: env.STILLHOUSE_GPU_HOUR_USD },
    artifacts,
  });
  return placedStudents(backends);
}

/** A provider's key as it was stored through the API, else by its variable; anything else of the environment alone. */
function secretsOf(stored: ProviderSecrets, secret: GatewayOptions['secret']) {
  return (config: ProviderConfig) => (name: string) => (name === config.apiKeyEnv ? stored.secretOf(config.id) : undefined) ?? secret(name);
}
