import type { Client, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { BuildDatasetActivities } from '../../activities/build-dataset.ts';
import type { ForgetActivities } from '../../activities/forget-traces.ts';
import type { ImportActivities } from '../../activities/import-traces.ts';
import type { InspectActivities } from '../../activities/inspect-dataset.ts';
import type { JudgeActivities } from '../../activities/judge-dataset.ts';
import type { RegistryActivities } from '../../activities/registry-store.ts';
import type { StateVersion } from '../../contracts/registry.ts';
import { MESSAGES, QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { stubHosted } from '../hosted/stub-hosted.ts';
import { stubDistil } from '../support/stub-activities.ts';
import { embedder, stubClusters, stubWebhooks } from './stub-clusters.ts';
import { until } from '../support/until.ts';

/** One run whose history is kept: what it runs with, and what happens to it until it is recorded. */
export interface Scenario {
  name: string;
  activities: object;
  cuda: object;
  run(client: Client): Promise<WorkflowHandle>;
}

const start = (client: Client, type: string, workflowId: string, input: unknown) =>
  client.workflow.start(type, { workflowId, taskQueue: QUEUES.main, args: [input] });

/** A registry in memory. */
function stubRegistry(): RegistryActivities {
  const stored: StateVersion[] = [];
  return {
    loadState: async () => [],
    findRequest: async ({ requestId }) => stored.find((version) => version.requestId === requestId) ?? null,
    appendState: async (version) => void stored.push(version),
    readAliasVersion: async ({ name, version }) => stored.find((other) => other.key === name && other.version === version)!.value as never,
  };
}

const stubImport: ImportActivities = {
  importFile: async ({ waiting }) => {
    if (waiting.name === 'bad') throw ApplicationFailure.nonRetryable('The uploaded file is gone.', 'not_found');
  },
  failImport: async () => undefined,
};

const stubForget: ForgetActivities = {
  markForgotten: async () => ({ traces: 2, pipelineTraces: 1, feedback: 0, datasetRows: 3 }),
  removeForgotten: async () => 1,
  endForgetting: async () => undefined,
};

const stubBuild: BuildDatasetActivities = {
  beginDataset: async () => ({ version: 3 }),
  selectRows: async () => ({
    selection: { key: 'rows.jsonl', sha256: 'a'.repeat(64), bytes: 1 },
    summary: {
      hash: 'b'.repeat(64),
      rows: { train: 6, validation: 2, test: 2 },
      goldRows: 0,
      labels: { a: 5, b: 5 },
      skipped: {},
      warnings: [],
    },
  }),
  writeRows: async () => undefined,
  endDataset: async () => undefined,
};

const stubInspect: InspectActivities = {
  inspectRows: async ({ dataset, version }) => ({
    dataset,
    version,
    embedder,
    rows: 10,
    suspects: 1,
    leakage: { testRows: 2, sharedGroups: 0, sameWords: 0, nearFrom: 0.95, near: 0, nearest: null, histogram: [], pairs: [] },
  }),
};

const stubJudge: JudgeActivities = {
  planJudgement: async ({ input, name, runId, at }) => ({
    input,
    version: 3,
    run: { project: input.project, distillation: `judge/${input.dataset}/${name}`, runId },
    at,
    task: { kind: 'label' },
    labels: ['a', 'b'],
    rows: { train: 1_500, validation: 1, test: 0 },
    price: { inputUsdPerMTok: 1, outputUsdPerMTok: 1 },
  }),
  judgeRows: async ({ from, to, asks }) => ({
    counts: { rows: to - from, judged: to - from, kept: to - from, dropped: 0, unparsed: 0, unasked: 0, reused: 0, scores: to - from },
    capReached: asks && from > 0,
    spentUsd: 0.5,
  }),
  recordJudgement: async () => undefined,
};

/** Every workflow type, on the ways that matter. A change of commands goes through `patched()` and adds one here. */
export function scenarios(): Scenario[] {
  const distilled = stubDistil();
  const stopped = stubDistil();
  const target = (name: string) => ({ targets: [{ target: name, weight: 1 }] });
  return [
    {
      name: 'distil-approved',
      activities: distilled.activities,
      cuda: distilled.cuda,
      async run(client) {
        const handle = await start(client, WORKFLOWS.distil, 'distil/default/approved', {
          dataset: 'd',
          name: 'approved',
          alias: 'smart',
          approval: true,
        });
        const waits = async () => ((await handle.query(MESSAGES.state)) as { stage: string }).stage === 'alias';
        await until('it waits for approval', waits);
        await handle.executeUpdate(MESSAGES.pause);
        await handle.executeUpdate(MESSAGES.resume);
        await handle.executeUpdate(MESSAGES.approve);
        await handle.result();
        return handle;
      },
    },
    {
      name: 'distil-cancelled',
      activities: stopped.activities,
      cuda: stopped.cuda,
      async run(client) {
        const handle = await start(client, WORKFLOWS.distil, 'distil/default/cancelled', {
          dataset: 'd',
          name: 'cancelled',
          alias: 'smart',
          approval: true,
        });
        const waits = async () => ((await handle.query(MESSAGES.state)) as { stage: string }).stage === 'alias';
        await until('it waits for approval', waits);
        await handle.cancel();
        await handle.result().catch(() => undefined);
        return handle;
      },
    },
    {
      name: 'distil-hosted',
      activities: {
        ...distilled.activities,
        ...stubHosted([
          { messages: ['Created'], newest: '1' },
          { status: 'succeeded', tunedModel: 'ft:small-1:a', trainedTokens: 10 },
        ]),
      },
      cuda: distilled.cuda,
      async run(client) {
        const input = { dataset: 'd', name: 'hosted', alias: 'smart', student: 'hosted/tuner/small-1' };
        const handle = await start(client, WORKFLOWS.distil, 'distil/default/hosted', input);
        await handle.result();
        return handle;
      },
    },
    {
      name: 'distil-hosted-cancelled',
      activities: { ...stopped.activities, ...stubHosted([{ messages: ['Created'], newest: '1' }]) },
      cuda: stopped.cuda,
      async run(client) {
        const input = { dataset: 'd', name: 'hosted-stopped', student: 'hosted/tuner/small-1' };
        const handle = await start(client, WORKFLOWS.distil, 'distil/default/hosted-stopped', input);
        const stage = async () => ((await handle.query(MESSAGES.state)) as { stage: string }).stage === 'train';
        await until('its job is waited for', stage);
        await handle.executeUpdate(MESSAGES.pause);
        await handle.executeUpdate(MESSAGES.resume);
        await handle.cancel();
        await handle.result().catch(() => undefined);
        return handle;
      },
    },
    {
      name: 'registry',
      activities: stubRegistry(),
      cuda: distilled.cuda,
      async run(client) {
        const handle = await start(client, WORKFLOWS.registry, 'registry/default', { project: 'default' });
        await handle.executeUpdate(MESSAGES.ensure, { args: [{ requestId: 'ensure' }] });
        for (const model of ['lab/a', 'lab/b', 'lab/b'])
          await handle.executeUpdate(MESSAGES.putAlias, { args: [{ requestId: `put-${model}`, name: 'smart', alias: target(model) }] });
        await handle.executeUpdate(MESSAGES.rollbackAlias, { args: [{ requestId: 'back', name: 'smart', rollback: {} }] });
        await handle.executeUpdate(MESSAGES.deleteAlias, { args: [{ requestId: 'delete', name: 'smart' }] });
        return handle;
      },
    },
    {
      name: 'build-dataset',
      activities: stubBuild,
      cuda: distilled.cuda,
      async run(client) {
        const input = { name: 'd', source: { traces: { alias: 'smart' } }, task: { kind: 'label', labels: ['a', 'b'] } };
        const handle = await start(client, WORKFLOWS.buildDataset, 'dataset/default/d/0', input);
        await handle.result();
        return handle;
      },
    },
    {
      name: 'forget-traces',
      activities: stubForget,
      cuda: distilled.cuda,
      async run(client) {
        const handle = await start(client, WORKFLOWS.forgetTraces, 'forget/default/f', { project: 'default', name: 'f', settleMs: 100 });
        await handle.result();
        return handle;
      },
    },
    {
      name: 'import-traces',
      activities: stubImport,
      cuda: distilled.cuda,
      async run(client) {
        const file = (name: string) => ({ name, format: 'auto', at: null, keptSince: null, startedAt: '2026-01-01T00:00:00.000Z' });
        const handle = await client.workflow.signalWithStart(WORKFLOWS.importTraces, {
          workflowId: 'imports/default',
          taskQueue: QUEUES.main,
          args: [{ project: 'default' }],
          signal: MESSAGES.importFile,
          signalArgs: [file('bad')],
        });
        await handle.signal(MESSAGES.importFile, file('good')).catch(() => undefined);
        await handle.result();
        return handle;
      },
    },
    {
      name: 'judge-dataset',
      activities: stubJudge,
      cuda: distilled.cuda,
      async run(client) {
        const handle = await start(client, WORKFLOWS.judgeDataset, 'judge/default/d/j', { dataset: 'd', model: 'lab/judge' });
        await handle.result();
        return handle;
      },
    },
    {
      name: 'inspect-dataset',
      activities: stubInspect,
      cuda: distilled.cuda,
      async run(client) {
        const handle = await start(client, WORKFLOWS.inspectDataset, 'inspect/default/d/3', { dataset: 'd', version: 3 });
        await handle.result();
        return handle;
      },
    },
    {
      name: 'clusters-announced',
      activities: { ...stubClusters, ...stubWebhooks },
      cuda: distilled.cuda,
      async run(client) {
        const handle = await start(client, WORKFLOWS.clusterTraces, 'clusters/default/announced', { name: 'announced' });
        await handle.result();
        await client.workflow.getHandle(workflowIds.deliverWebhook('default', 'ops', 'c-1')).result();
        return handle;
      },
    },
    {
      name: 'deliver-webhook',
      activities: stubWebhooks,
      cuda: distilled.cuda,
      async run(client) {
        const handle = await start(client, WORKFLOWS.deliverWebhook, 'webhook/default/ops/test', { project: 'default', webhook: 'ops' });
        await handle.result();
        return handle;
      },
    },
    {
      name: 'clusters-checked',
      activities: { ...stubClusters, ...stubWebhooks, clustersToAnnounce: async () => [] },
      cuda: distilled.cuda,
      async run(client) {
        const input = { name: 'checked', naming: 'namer/model' };
        const handle = await start(client, WORKFLOWS.clusterTraces, 'clusters/default/checked', input);
        await handle.result();
        return handle;
      },
    },
    ...(['cluster', 'assign'] as const).map((mode): Scenario => ({
      name: `clusters-${mode}`,
      activities: stubClusters,
      cuda: distilled.cuda,
      async run(client) {
        const handle = await start(client, WORKFLOWS.clusterTraces, `clusters/default/${mode}`, { name: mode, mode });
        await handle.result();
        return handle;
      },
    })),
  ];
}
