/** A model that names and stays gone: the run ends with keywords after three attempts. Nobody waits: the pauses are the test's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createNameClustersActivity, readNames } from '../../activities/name-clusters.ts';
import type { NamingInput } from '../../activities/name-clusters.ts';
import type { ClusterNaming, ClusterRun } from '../../contracts/clusters.ts';
import { QUEUES, WORKFLOWS } from '../../contracts/names.ts';
import { type ArtifactStore, openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { stubClusters } from '../replay/stub-clusters.ts';
import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';
import { quietTemporal, type StubWorker, startStubWorker } from '../support/stub-worker.ts';
import { type TestTemporal, startTestTemporal } from '../support/temporal.ts';

const GROUPS = ['card', 'pin'];
const put = (name: string, value: unknown) => artifacts.put(name, Buffer.from(JSON.stringify(value)));
const price = { inputUsdPerMTok: 1, outputUsdPerMTok: 1 };
const throttled = () => Response.json({ error: { message: 'not now', type: 'api_error', code: null } }, { status: 429 });

let clickhouse: TestClickHouse;
let temporal: TestTemporal;
let folder: string;
let artifacts: ArtifactStore;
let worker: StubWorker;
/** What the gateway answers to a call of the so-manieth attempt at names. */
let answer: (attempt: number) => Response;
let attempts: number;
let named: ClusterNaming[];

beforeAll(async () => {
  quietTemporal();
  [clickhouse, temporal] = await Promise.all([startTestClickHouse(), startTestTemporal()]);
  folder = mkdtempSync(join(tmpdir(), 'stillhouse-model-gone-'));
  artifacts = openArtifactStore(folder);
  const gateway = { url: 'http://gateway.test', serviceKey: 'key', fetch: async () => answer(attempts) };
  const pause = () => Promise.resolve();
  const { nameClusters } = createNameClustersActivity({ clickhouse: clickhouse.client, artifacts, gateway, now: Date.now, pause });
  const groups = GROUPS.map((word, i) => ({ nearest: [i], others: [1 - i], keywords: [word] }));
  const texts = GROUPS.map((word) => ({ skeleton: word, text: `my ${word}`, system: '', count: 1, traces: ['t'], answers: [] }));
  const sample = { portions: [await put('sample-0', texts)], counts: { traces: 2, sampled: 2, texts: 2 } };
  const clustered = { clustering: await put('clustering', { groups }), clusters: 2, warnings: [] };
  const identities = GROUPS.map((id) => ({ id, keptFrom: 0, naming: null }));
  const matched = { identities: await put('identities', identities), kept: 0 };
  worker = await startStubWorker(
    temporal.address,
    {
      ...stubClusters,
      planClusters: async ({ input, run }: Parameters<typeof stubClusters.planClusters>[0]) => ({
        ...(await stubClusters.planClusters({ input, run })),
        namingPrice: price,
      }),
      sampleTraces: async () => sample,
      clusterSample: async () => clustered,
      matchRun: async () => matched,
      clustersToAnnounce: async () => [],
      async nameClusters(input: NamingInput) {
        attempts++;
        const result = await nameClusters(input);
        named = await readNames(artifacts, result);
        return result;
      },
    },
    null,
  );
}, 120_000);
beforeEach(() => void (attempts = 0));
afterAll(async () => {
  await worker?.stop();
  await Promise.all([clickhouse?.stop(), temporal?.stop()]);
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const run = (name: string) =>
  worker.client.workflow.execute<(input: unknown) => Promise<ClusterRun>>(WORKFLOWS.clusterTraces, {
    workflowId: `clusters/default/${name}`,
    taskQueue: QUEUES.main,
    args: [{ name, naming: 'lab/namer', checks: 0 }],
  });

test('one that stays gone is done without after three attempts, each of which was patient', async () => {
  let asked = 0;
  answer = () => {
    asked++;
    return throttled();
  };
  const state = await run('gone');
  expect(state).toMatchObject({ status: 'completed', spentUsd: 0 });
  expect(attempts).toBe(3);
  expect(asked).toBeGreaterThanOrEqual(3 * 65);
  expect(state.warnings.join()).toMatch(/2 clusters have keywords instead of a name: 65 attempts of one call failed, .*not now/);
  expect(named.map(({ name, namedBy }) => [name, namedBy])).toEqual(GROUPS.map((word) => [word, 'keywords']));
});

test('where few calls are lost the warning says so, and not that the answers were wrong', async () => {
  answer = () => Response.json({ error: { message: 'no', type: 'api_error', code: 'upstream_unreachable' } }, { status: 502 });
  const state = await run('lost');
  expect(attempts).toBe(1);
  expect(state.warnings.join()).toContain('2 clusters have keywords instead of a name: 2 calls were not answered.');
});

test('one that comes back names them', async () => {
  const said = JSON.stringify({ name: 'Lost things', description: 'd', inclusion: 'i', exclusion: 'e' });
  const message = { role: 'assistant', content: said };
  answer = (attempt) =>
    attempt === 1
      ? throttled()
      : Response.json({ choices: [{ index: 0, message, finish_reason: 'stop' }] }, { headers: { 'x-stillhouse-cost-usd': '0.001' } });
  const state = await run('back');
  expect(attempts).toBe(2);
  expect(state.warnings.join()).not.toContain('keywords instead');
  expect(named.map(({ namedBy }) => namedBy)).toEqual(['model', 'model']);
});
