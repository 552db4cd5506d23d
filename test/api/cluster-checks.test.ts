import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ClusterRequest, ClusterRun } from '../../contracts/clusters.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';
import { type ClusterBench, NAMER, callOf, messages, startClusterBench } from '../workflow/cluster-bench.ts';
import { type TestControlPlane, startControlPlane } from './control-plane.ts';

/** A model that answers some calls and then no more. */
const GONE = 'gone/test';
const PROJECTS = ['chain', 'few', 'gone', 'half', 'many', 'named', 'quiet', 'refused', 'silent', 'whole'];

let bench: ClusterBench;
let plane: TestControlPlane;
let worker: TestWorker;
let gone: Promise<ClusterRun>;

beforeAll(async () => {
  // No breaker opens: the calls themselves fail.
  bench = await startClusterBench(['gone'], { breakerFailures: 10_000 }, PROJECTS);
  bench.namer.faultOf = (url) => (url.startsWith('/gone/') && bench.namer.delivered('/gone/') >= 3 ? 500 : bench.namer.fault);
  plane = await startControlPlane(bench.clickhouse.client, bench.temporal.address, { targets: [NAMER, GONE] });
  worker = await startTestWorker({ env: { ...bench.workerEnv(join(bench.folder(), 'home')), STILLHOUSE_ARTIFACTS: plane.artifacts } });
  // Beside the others: it is tried for minutes.
  gone = traffic('gone', 20).then(() => run('gone', { clusters: 12, naming: GONE }));
  gone.catch(() => undefined);
}, 180_000);
afterEach(() => {
  bench.namer.insteadOfCheck = () => null;
  bench.namer.fault = null;
});
afterAll(async () => {
  await worker?.stop();
  await plane?.close();
  await bench?.stop();
});

/** Projects of their own: an answer that is on record in one is not asked for again. */
const api = (project: string) => plane.sdkOf(project).clusters;
const traffic = (project: string, each = 40, file: 'train' | 'test' = 'train') =>
  bench.record(messages(each, file).map((message) => callOf(message, { project })));
async function run(project: string, request: Partial<ClusterRequest> = {}) {
  const begun = await api(project).run({ naming: NAMER, ...request });
  return api(project).waitUntilEnded(begun.name);
}
const checksAsked = () => bench.namer.prompts().filter((prompt) => prompt.startsWith('Requests A')).length;

test('pairs of one intent are merged: ids, centres and later traces follow, and each decision is told', async () => {
  await traffic('many');
  const state = await run('many', { clusters: 12 });
  expect(state).toMatchObject({ status: 'completed', warnings: [] });
  const { clusters, checked, merged, split, unchecked } = state.counts;
  expect(merged).toBeGreaterThan(2);
  expect([clusters, unchecked]).toEqual([12 - merged! + split!, 0]);
  const found = await api('many').list();
  expect(found.length).toBe(clusters);
  const checks = await api('many').checks(state.name);
  expect(checks.length).toBe(checked);
  expect(checks.filter(({ outcome }) => outcome === 'merged').length).toBeGreaterThanOrEqual(merged!);
  const names = new Map(found.map(({ id, name }) => [id, name]));
  for (const { outcome, verdict, sides, reason, model, promptVersion, costUsd, traceId } of checks) {
    expect([model, promptVersion, reason !== '']).toEqual([NAMER, 1, true]);
    expect(sides.map(({ clusterId, name }) => names.get(clusterId) === name)).toEqual([true, true]);
    if (outcome === 'merged') expect([verdict, sides[0]!.clusterId]).toEqual(['one', sides[1]!.clusterId]);
    if (outcome === 'split') expect(verdict).toBe('two');
    expect(costUsd).toBeGreaterThan(0);
    // The call is a trace of the pipeline.
    expect(traceId).toMatch(/^[0-9a-f-]{36}$/);
  }
  await traffic('many', 20, 'test');
  const later = await run('many', { mode: 'assign' });
  expect(later.counts).toMatchObject({ assigned: 80, checked: null });
  expect((await api('many').list()).reduce((sum, { size, outliers }) => sum + size + outliers, 0)).toBe(240);

  const again = await run('many', { clusters: 12, name: 'second' });
  const kept = (await api('many').list()).filter(({ id }) => names.has(id));
  expect(kept.length).toBe(again.counts.kept);
  // The borders are drawn anew with a third more texts: most clusters are those that there were.
  expect(kept.length).toBeGreaterThanOrEqual(0.6 * found.length);
  for (const { id, name } of kept) expect(name).toBe(names.get(id));
});

test('a cluster of two intents is split, and the halves have names of their own', async () => {
  await traffic('few');
  const state = await run('few', { clusters: 2 });
  expect(state.counts.split).toBeGreaterThan(0);
  expect(state.counts.clusters).toBe(2 + state.counts.split!);
  const names = (await api('few').list()).map(({ name }) => name);
  expect(new Set(names).size).toBe(state.counts.clusters);
  // The same traffic again: every answer is on record.
  const asked = checksAsked();
  await run('few', { clusters: 2, name: 'again' });
  expect(checksAsked()).toBe(asked);
});

test('what a person has named is never made one with another that a person has named, nor split', async () => {
  await traffic('named', 20);
  await run('named', { clusters: 8, checks: 0 });
  const before = await api('named').list();
  for (const [i, { id }] of before.entries()) await api('named').change(id, { name: `My own ${i}` });
  bench.namer.insteadOfCheck = () => JSON.stringify({ reason: 'all the same', intents: 'one' });
  const state = await run('named', { clusters: 8, name: 'named-again' });
  expect(state.counts).toMatchObject({ clusters: 8, kept: 8, checked: 0, merged: 0 });
  expect((await api('named').list()).map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
});

test('"one" of everything does not make everything one', async () => {
  await traffic('chain');
  bench.namer.insteadOfCheck = () => JSON.stringify({ reason: 'all the same', intents: 'one' });
  const state = await run('chain', { clusters: 24, checks: 200 });
  expect(state.counts.clusters).toBeGreaterThanOrEqual(6);
  expect((await api('chain').checks(state.name)).some(({ outcome, verdict }) => outcome === 'guarded' && verdict === 'one')).toBe(true);
});

test('no verdict changes nothing, and the run says how many borders are unchecked', async () => {
  await traffic('silent', 20);
  bench.namer.insteadOfCheck = () => 'They look alike to me.';
  const state = await run('silent', { clusters: 6 });
  const { checked, unchecked, clusters } = state.counts;
  expect(state.status).toBe('completed');
  expect([clusters, checked]).toEqual([6, 0]);
  expect(state.warnings).toEqual([expect.stringMatching(new RegExp(`^${unchecked} of ${unchecked} borders of clusters are unchecked: `))]);
  expect((await api('silent').checks(state.name)).every(({ verdict, outcome }) => verdict === null && outcome === 'kept')).toBe(true);
});

test('a model that refuses is done without', async () => {
  await traffic('refused', 20);
  bench.namer.fault = 400;
  const state = await run('refused', { clusters: 6 });
  expect(state).toMatchObject({ status: 'completed', counts: { clusters: 6, checked: 0 } });
  expect(state.warnings.join()).toMatch(/borders of clusters are unchecked: .*400/);
});

const CHECKS = { clusters: 24, checks: 200 };

test('checks spend half of the cap at most, and names have the rest', async () => {
  const spentOn = async (project: string, { name }: ClusterRun) =>
    (await api(project).checks(name)).reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  await traffic('whole');
  const all = await spentOn('whole', await run('whole', CHECKS));
  await traffic('half');
  const state = await run('half', { ...CHECKS, maxUsd: 1.5 * all });
  const spent = await spentOn('half', state);
  expect(state.warnings).toEqual([expect.stringMatching(/borders of clusters are unchecked: the cap was reached/)]);
  expect(spent).toBeGreaterThan(0);
  expect(spent).toBeLessThanOrEqual((1.5 * all) / 2);
  const found = await api('half').list();
  expect([found.length, ...new Set(found.map(({ namedBy }) => namedBy))]).toEqual([state.counts.clusters, 'model']);
});

test('a model that goes amid the checks and stays gone is done without after some minutes, in the names, too', async () => {
  const { status, counts, warnings } = await gone;
  const { checked, unchecked, clusters } = counts;
  expect([status, checked! > 0, unchecked! > 0]).toEqual(['completed', true, true]);
  const notThere = 'The teacher "gone/test" is not there: .*No call was answered';
  expect(warnings).toEqual([
    expect.stringMatching(`^${unchecked} of ${checked! + unchecked!} borders of clusters are unchecked: ${notThere}`),
    expect.stringMatching(`^${clusters} clusters have keywords instead of a name: ${notThere}`),
  ]);
  const found = await api('gone').list();
  expect([found.length, ...new Set(found.map(({ namedBy }) => namedBy))]).toEqual([clusters, 'keywords']);
}, 600_000);

test('without a model, with none of it wanted, and in the next run of old ones nothing is asked', async () => {
  await traffic('quiet', 20);
  const asked = checksAsked();
  const plain = await run('quiet', { clusters: 6, naming: null });
  const off = await run('quiet', { clusters: 6, checks: 0 });
  for (const { counts, name } of [plain, off]) {
    expect([counts.clusters, counts.checked, counts.merged]).toEqual([6, null, null]);
    expect(await api('quiet').checks(name)).toEqual([]);
  }
  expect(checksAsked()).toBe(asked);
  await expect(api('quiet').checks('no-such-run')).rejects.toMatchObject({ code: 'not_found' });
  await expect(api('quiet').run({ checks: 501 })).rejects.toMatchObject({ code: 'invalid_request' });
  const schedule = await api('quiet').schedule(60, { mode: 'cluster', naming: NAMER, checks: 7 });
  expect(schedule?.request.checks).toBe(7);
  await api('quiet').schedule(0, { mode: 'cluster' });
});
