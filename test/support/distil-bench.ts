import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { DistilRequest, Distillation } from '../../contracts/distil.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { demoMessages } from '../../examples/banking77/banking77.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { type GatewayProcess, SERVICE_KEY, labProvider, startGatewayProcess } from '../gateway/gateway-process.ts';
import { type TestClickHouse, startTestClickHouse } from './clickhouse.ts';
import { type MockUpstream, startMockUpstream } from './mock-upstream.ts';
import { type TestTemporal, startTestTemporal } from './temporal.ts';

export const LABELS = ['card_arrival', 'exchange_rate', 'pin_blocked', 'terminate_account'];
export const TEACHER = 'lab/test';

/** The engines, a gateway and a teacher around a worker under test; the worker itself is the test's. */
export interface DistilBench {
  clickhouse: TestClickHouse;
  temporal: TestTemporal;
  gateway: GatewayProcess;
  upstream: MockUpstream;
  /** A client of one Temporal namespace, made if it is not there. */
  client(namespace?: string): Promise<Client>;
  /** Environment of a worker with a home of its own. */
  workerEnv(home: string, namespace?: string): Record<string, string>;
  /** A new folder, removed at the end. */
  folder(): string;
  /** Uploads rows as JSONL into a home's artifacts and builds a dataset of them; needs a worker. */
  buildDataset(client: Client, home: string, name: string, gold: boolean): Promise<void>;
  stop(): Promise<void>;
}

export interface DistilBenchOptions {
  rowsPerLabel?: number;
  latencyMs?: number;
  /** Besides the teacher's, and what the gateway needs for them. */
  providers?: object[];
  gatewayEnv?: Record<string, string>;
  gatewayLimits?: object;
  /** That the gateway knows besides the default one. */
  projects?: readonly string[];
}

/** Starts everything; about five seconds. */
export async function startDistilBench(options: DistilBenchOptions = {}): Promise<DistilBench> {
  const perLabel = options.rowsPerLabel ?? 45;
  const rows = LABELS.flatMap((label) => demoMessages('train', [label]).slice(0, perLabel));
  const answers = new Map(rows.map(({ text, label }) => [text.trim(), label]));
  const [clickhouse, temporal, upstream] = await Promise.all([
    startTestClickHouse(),
    startTestTemporal(),
    startMockUpstream({ answers, latencyMs: options.latencyMs ?? 20 }),
  ]);
  const gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    providers: [labProvider(upstream.url), ...(options.providers ?? [])],
    ...(options.gatewayEnv ? { env: options.gatewayEnv } : {}),
    ...(options.gatewayLimits ? { limits: options.gatewayLimits } : {}),
    projects: options.projects ?? [],
  });
  const folders: string[] = [];
  const connection = await Connection.connect({ address: temporal.address });
  return {
    clickhouse,
    temporal,
    gateway,
    upstream,
    async client(namespace = 'default') {
      if (namespace !== 'default')
        await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
      return new Client({ connection, namespace });
    },
    workerEnv: (home, namespace = 'default') => ({
      ...clickhouse.env,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: namespace,
      STILLHOUSE_HOME: home,
      STILLHOUSE_GATEWAY_URL: gateway.url,
      STILLHOUSE_SERVICE_KEY: SERVICE_KEY,
      STILLHOUSE_LOG_LEVEL: 'warn',
    }),
    folder() {
      folders.push(mkdtempSync(join(tmpdir(), 'stillhouse-distil-')));
      return folders.at(-1)!;
    },
    async buildDataset(client, home, name, gold) {
      const lines = rows.map(({ text, label }) =>
        JSON.stringify({ messages: [{ role: 'user', content: text }], answer: label, ...(gold ? { gold: label } : {}) }),
      );
      const bytes = Buffer.from(lines.join('\n'));
      const file = createHash('sha256').update(bytes).digest('hex');
      await openArtifactStore(`file:${join(home, 'artifacts')}`).put(`files/${file}.jsonl`, bytes);
      await client.workflow.execute(WORKFLOWS.buildDataset, {
        workflowId: `dataset/${randomUUID()}`,
        taskQueue: QUEUES.main,
        args: [{ name, source: { file }, task: { kind: 'label', labels: LABELS } }],
      });
    },
    async stop() {
      await gateway.dispose();
      await connection.close();
      await Promise.all([clickhouse.stop(), temporal.stop(), upstream.stop()]);
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a distillation as the gateway does. */
export function startDistil(client: Client, request: DistilRequest & { name: string }) {
  return client.workflow.start<(input: unknown) => Promise<Distillation>>(WORKFLOWS.distil, {
    workflowId: workflowIds.distil('default', request.name),
    taskQueue: QUEUES.main,
    args: [request],
  });
}
