import { Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrainStudentInput, TrainStudentResult } from '../../contracts/language-model.ts';
import type { Distillation } from '../../contracts/distil.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { trainingInput } from '../student/training-input.ts';
import { stubDistil, stubEvaluation } from '../support/stub-activities.ts';
import { quietTemporal, startStubWorker, workflowBundle } from '../support/stub-worker.ts';
import { type TestTemporal, startTestTemporal } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let temporal: TestTemporal;
let training: TrainStudentInput;
let folder: string;

beforeAll(async () => {
  quietTemporal();
  folder = mkdtempSync(join(tmpdir(), 'stillhouse-search-'));
  [temporal] = await Promise.all([startTestTemporal(), workflowBundle()]);
  training = await trainingInput(openArtifactStore(folder), 'search');
});
afterAll(async () => {
  await temporal?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const SHA = 'c'.repeat(64);

/** What a training with these settings comes to: the fewer passes, the better. */
function trained({ checked }: TrainStudentInput): TrainStudentResult {
  const numbers = { steps: 1, epochs: 1, trainRows: 1, validationRows: 1, warmupScore: 0, tokensPerSecond: 1, trainSeconds: 1, resumed: 0 };
  const { warmupEpochs, loraRank } = checked.settings;
  const artifact = { key: `trained-${warmupEpochs}-${loraRank}.json`, sha256: SHA, bytes: 1 };
  return { trained: artifact, ...numbers, validationScore: 1 - warmupEpochs / 100, terms: {}, microBatchRows: 1, rateFactor: 1 };
}

test('a search trains by several settings as children and takes what validation likes best', async () => {
  const asked: TrainStudentInput[] = [];
  const exported: { trained: { key: string } }[] = [];
  const cuda = {
    checkStudent: async () => training.checked,
    trainStudent: async (input: TrainStudentInput) => (asked.push(input), trained(input)),
    exportStudent: async (input: { trained: { key: string } }) => {
      exported.push(input);
      const compared = { comparedPrompts: 1, comparedTokens: 1, top1: 1, servedBytes: 1 };
      return { manifest: { key: 'm.json', sha256: SHA, bytes: 1 }, labels: ['a', 'b'], base: { id: 'b', digest: SHA }, ...compared };
    },
    evaluateStudent: async () => ({ evaluation: stubEvaluation('not_worse') }),
  };
  const worker = await startStubWorker(temporal.address, stubDistil().activities, cuda);
  try {
    const handle = await worker.client.workflow.start<(input: unknown) => Promise<Distillation>>(WORKFLOWS.distil, {
      workflowId: workflowIds.distil('default', 'searching'),
      taskQueue: QUEUES.main,
      args: [{ dataset: 'd', name: 'searching', student: 'lora', search: { trials: 5 } }],
    });
    const result = await handle.result();
    expect(asked).toHaveLength(5);
    const scores = asked.map((input) => trained(input).validationScore);
    const best = trained(asked[scores.indexOf(Math.max(...scores))]!);
    expect(exported[0]!.trained.key).toBe(best.trained.key);
    const { summary } = result.stages.find(({ stage }) => stage === 'train')!;
    expect(summary['validationScore']).toBe(best.validationScore);
    expect(Object.keys(summary).filter((name) => name.startsWith('trial '))).toHaveLength(5);
    const { status } = await worker.client.workflow.getHandle(workflowIds.trial('default', 'searching', 4)).describe();
    expect(status.name).toBe('COMPLETED');
  } finally {
    await worker.stop();
  }
});

test('projects take turns on a device that many trainings wait for', async () => {
  const served: string[] = [];
  const gate = Promise.withResolvers<void>();
  const connection = await NativeConnection.connect({ address: temporal.address });
  const clientConnection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection: clientConnection });
  const main = await Worker.create({ connection, taskQueue: QUEUES.main, workflowBundle: await workflowBundle() });
  const cuda = await Worker.create({
    connection,
    taskQueue: QUEUES.cuda,
    maxConcurrentActivityTaskExecutions: 1,
    activities: {
      async trainStudent(input: TrainStudentInput) {
        served.push(input.project);
        Context.current().heartbeat();
        if (served.length === 1) await gate.promise;
        return trained(input);
      },
    },
  });
  const running = Promise.all([main.run(), cuda.run()]);
  try {
    const start = (project: string, trial: number) =>
      client.workflow.start(WORKFLOWS.trial, {
        workflowId: workflowIds.trial(project, 'fair', trial),
        taskQueue: QUEUES.main,
        args: [{ trial, training: { ...training, project } }],
      });
    const waiting = async (project: string, n: number) => {
      const handles = Array.from({ length: n }, (_, trial) => client.workflow.getHandle(workflowIds.trial(project, 'fair', trial)));
      const described = await Promise.all(handles.map((handle) => handle.describe()));
      return described.every(({ raw }) => (raw.pendingActivities?.length ?? 0) > 0);
    };
    const many = await Promise.all(Array.from({ length: 40 }, (_, trial) => start('many', trial)));
    await until("all of the first project's trainings wait", () => waiting('many', 40));
    const one = await start('one', 0);
    await until('the training of the other project waits', () => waiting('one', 1));
    gate.resolve();
    await Promise.all([...many, one].map((handle) => handle.result()));
    // First come, first served would have it last. What was handed out when it arrived goes before it.
    expect(served.indexOf('one')).toBeLessThan(5);
  } finally {
    main.shutdown();
    cuda.shutdown();
    await running;
    await clientConnection.close();
    await connection.close();
  }
});
