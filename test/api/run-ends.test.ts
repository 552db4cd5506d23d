/** A run has ended for those who wait for it when its end is on record, and then with all that is on record. */
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ClusterRun } from '../../contracts/clusters.ts';
import type { Distillation } from '../../contracts/distil.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { recordClusterRun } from '../../store/clickhouse/cluster-runs.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { recordDistillation } from '../../store/clickhouse/distillations.ts';
import { stubClusters, stubWebhooks } from '../replay/stub-clusters.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { stubDistil } from '../support/stub-activities.ts';
import { quietTemporal, startStubWorker, type StubWorker } from '../support/stub-worker.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';

/** Whoever comes waits until it is opened. */
function door() {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  return { open, reached, pass: () => (reach(), opened) };
}
type Door = ReturnType<typeof door>;

let clickhouse: TestClickHouse;
let temporal: TestTemporal;
let plane: TestControlPlane;
let worker: StubWorker;
/** Before an end is put on record; after runs were read. */
let [atEnd, afterRead]: (Door | null)[] = [null, null];

const waitAtEnd = async (status: string) => {
  if (status === 'completed' || status === 'failed') await atEnd?.pass();
};

beforeAll(async () => {
  quietTemporal();
  [clickhouse, temporal] = await Promise.all([startTestClickHouse(), startTestTemporal()]);
  const slow = new Proxy(clickhouse.client, {
    get(client, name) {
      const value = Reflect.get(client, name) as unknown;
      if (name !== 'query') return typeof value === 'function' ? (value.bind(client) as unknown) : value;
      return async (query: Parameters<ClickHouseClient['query']>[0]) => {
        const answer = await client.query(query);
        const own = afterRead;
        if (own && /FROM (cluster_runs|distillations)\b/.test(query.query)) {
          afterRead = null;
          await own.pass();
        }
        return answer;
      };
    },
  });
  plane = await startControlPlane(slow, temporal.address);
  const distil = stubDistil();
  const activities = {
    ...distil.activities,
    ...stubClusters,
    ...stubWebhooks,
    clustersToAnnounce: async () => [],
    recordClusterState: async ({ state }: { state: ClusterRun }) => {
      await waitAtEnd(state.status);
      await recordClusterRun(clickhouse.client, state);
    },
    recordRun: async ({ state }: { state: Distillation }) => {
      await waitAtEnd(state.status);
      await recordDistillation(clickhouse.client, state);
    },
  };
  worker = await startStubWorker(temporal.address, activities, distil.cuda);
}, 180_000);
afterEach(() => {
  for (const one of [atEnd, afterRead]) one?.open();
  [atEnd, afterRead] = [null, null];
});
afterAll(async () => {
  await worker?.stop();
  await plane?.close();
  await temporal?.stop();
  await clickhouse?.stop();
});

const clustering = {
  get: (name: string) => plane.sdk.clusters.getRun(name),
  start: (name: string) => start(WORKFLOWS.clusterTraces, workflowIds.clusterTraces('default', name), { name }),
};
const distilling = {
  get: (name: string) => plane.sdk.distillations.get(name),
  start: (name: string) =>
    start(WORKFLOWS.distil, workflowIds.distil('default', name), { name, dataset: 'support', student: 'encoder', alias: null }),
};

function start(type: string, workflowId: string, input: object) {
  return worker.client.workflow.start(type, { workflowId, taskQueue: QUEUES.main, args: [{ project: 'default', ...input }] }) as Promise<
    WorkflowHandleWithFirstExecutionRunId<(input: unknown) => Promise<unknown>>
  >;
}

test.each([
  ['clusters', clustering],
  ['a distillation', distilling],
])('%s: running until the end is on record', async (_, run) => {
  atEnd = door();
  const handle = await run.start('held');
  await atEnd.reached;
  expect(await run.get('held')).toMatchObject({ status: 'running', endedAt: null, error: null, stale: false });
  atEnd.open();
  await handle.result();
  expect(await run.get('held')).toMatchObject({ status: 'completed', endedAt: expect.any(String), stale: false });
});

test.each([
  ['clusters', clustering],
  ['a distillation', distilling],
])('%s: who read just before the end is not told of it without what came of it', async (_, run) => {
  atEnd = door();
  const handle = await run.start('raced');
  await atEnd.reached;
  const read = (afterRead = door());
  const asked = run.get('raced');
  await read.reached;
  atEnd.open();
  await handle.result();
  read.open();
  const [seen, later] = [await asked, await run.get('raced')];
  expect(later.status).toBe('completed');
  expect(seen).toEqual(later);
});
