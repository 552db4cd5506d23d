import { Context } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Distillation, DistilRequest } from '../../contracts/distil.ts';
import { MESSAGES, QUEUES, WORKFLOWS } from '../../contracts/names.ts';
import { type StubDistil, type StubOptions, stubDistil } from '../support/stub-activities.ts';
import { type StubWorker, quietTemporal, startStubWorker, workflowBundle } from '../support/stub-worker.ts';
import { type TestTemporal, startTestTemporal } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let temporal: TestTemporal;
let worker: StubWorker | undefined;

beforeAll(async () => {
  quietTemporal();
  [temporal] = await Promise.all([startTestTemporal(), workflowBundle()]);
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});
afterAll(() => temporal?.stop());

let started = 0;

/** Starts one run on workers with stub activities. */
async function start(request: DistilRequest | Record<string, unknown>, options: StubOptions = {}) {
  const stub: StubDistil = stubDistil(options);
  worker = await startStubWorker(temporal.address, stub.activities, stub.cuda);
  const handle = await worker.client.workflow.start<(input: unknown) => Promise<Distillation>>(WORKFLOWS.distil, {
    workflowId: `distil/test/${started++}`,
    taskQueue: QUEUES.main,
    args: [request],
  });
  const state = () => handle.query<Distillation>(MESSAGES.state);
  return { stub, handle, state };
}

test('a run of 100,000 rows stays under 2,000 history events, fresh references included', async () => {
  const rows = { train: 60_000, validation: 15_000, test: 25_000 };
  const { handle, stub } = await start({ dataset: 'big', name: 'big', alias: 'smart' }, { rows, goldTestRows: 0 });
  const result = await handle.result();
  expect(result).toMatchObject({ status: 'completed', progress: 1, aliasMoved: { alias: 'smart', version: 2 } });
  const { historyLength, raw } = await handle.describe();
  const bytes = Number(raw.workflowExecutionInfo?.historySizeBytes);
  console.log(`100,000 rows: ${historyLength} history events, ${bytes} bytes, ${stub.shards.length} generate activities`);
  expect(historyLength).toBeLessThan(2_000);
  for (const split of ['train', 'validation', 'test'] as const) {
    const ranges = stub.shards.filter((shard) => shard.split === split);
    expect(ranges[0]!.from).toBe(0);
    for (const [i, range] of ranges.slice(1).entries()) expect(range.from).toBe(ranges[i]!.to);
    expect(ranges.at(-1)!.to).toBe(rows[split]);
  }
});

test('invalid input fails at once with a sentence a field', async () => {
  const { handle } = await start({ dataset: 'a/b', nSamples: 0, colour: 'red' });
  const failure = await handle.result().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  const cause = (failure as WorkflowFailedError).cause as ApplicationFailure;
  expect(cause).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
  expect(cause.message).toMatch(/dataset: must be 1 to 64 letters.*nSamples: .*colour/s);
});

test('what this version can not train is invalid input too', async () => {
  const { handle } = await start({ dataset: 'd', student: '/models/mine', keepBest: 9 });
  const cause = ((await handle.result().catch((error: unknown) => error)) as WorkflowFailedError).cause;
  expect(cause).toMatchObject({ type: 'InvalidInput' });
  expect((cause as Error).message).toContain('a path comes from the configuration only');
  expect((cause as Error).message).toContain('keepBest: must be at most nSamples');
});

test('a refusal of the plan is the failure of the run, recorded with its sentence', async () => {
  const refusal = ApplicationFailure.nonRetryable('maxUsd: the cap is too low', 'cap_too_low');
  const { handle, stub } = await start({ dataset: 'd', name: 'refused' }, { refusal });
  const cause = ((await handle.result().catch((error: unknown) => error)) as WorkflowFailedError).cause;
  expect(cause).toMatchObject({ type: 'cap_too_low', message: 'maxUsd: the cap is too low' });
  expect(stub.recorded.at(-1)).toMatchObject({ status: 'failed', error: 'maxUsd: the cap is too low', stage: null });
});

/** The first generate activity hangs until it is cancelled; later ones answer at once. */
function hangsFirst() {
  let calls = 0;
  return async () => {
    if (calls++ > 0) return {};
    const beat = setInterval(() => Context.current().heartbeat(), 100);
    try {
      return await Context.current().cancelled;
    } finally {
      clearInterval(beat);
    }
  };
}

test('a pause interrupts a shard, a resume begins it again', async () => {
  const { handle, stub, state } = await start({ dataset: 'd', name: 'paused' }, { generate: hangsFirst() });
  await until('the first shard runs', () => stub.shards.length === 1);
  await handle.executeUpdate(MESSAGES.pause);
  expect(await state()).toMatchObject({ status: 'paused', stage: 'generate' });
  expect(stub.recorded.at(-1)).toMatchObject({ status: 'paused' });
  await handle.executeUpdate(MESSAGES.resume);
  expect(await handle.result()).toMatchObject({ status: 'completed' });
  expect(stub.shards[1]).toEqual(stub.shards[0]);
  expect(stub.events.map((event) => event.kind)).toEqual(expect.arrayContaining(['paused', 'resumed', 'completed']));
  expect(stub.events.map((event) => event.sequence)).toEqual(stub.events.map((_, i) => i + 1));
  await expect(handle.executeUpdate(MESSAGES.pause)).rejects.toThrow();
});

test('a cancelled run ends as cancelled and says so', async () => {
  const { handle, stub } = await start({ dataset: 'd', name: 'cancelled' }, { generate: hangsFirst() });
  await until('the first shard runs', () => stub.shards.length === 1);
  await handle.cancel();
  await handle.result().catch(() => undefined);
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  expect(stub.recorded.at(-1)).toMatchObject({
    status: 'cancelled',
    spentUsd: 0.5,
    stages: [{ stage: 'generate', status: 'failed' }, {}, {}, {}, {}, {}, {}],
  });
});

test('a paused run can be cancelled', async () => {
  const { handle, stub } = await start({ dataset: 'd', name: 'paused-cancelled' }, { generate: hangsFirst() });
  await until('the first shard runs', () => stub.shards.length === 1);
  await handle.executeUpdate(MESSAGES.pause);
  await handle.cancel();
  await handle.result().catch(() => undefined);
  expect(stub.recorded.at(-1)).toMatchObject({ status: 'cancelled' });
});

test('with approval the alias waits for a person', async () => {
  const { handle, state } = await start({ dataset: 'd', name: 'approved', alias: 'smart', approval: true });
  await until('it waits', async () => (await state()).stage === 'alias');
  expect((await state()).aliasMoved).toBeNull();
  await handle.executeUpdate(MESSAGES.approve);
  expect(await handle.result()).toMatchObject({ status: 'completed', aliasMoved: { alias: 'smart' } });
});

test('an alias does not move to a student that has not proved itself', async () => {
  const { handle } = await start({ dataset: 'd', name: 'undecided', alias: 'smart' }, { decision: 'undecided' });
  const result = await handle.result();
  expect(result).toMatchObject({ status: 'completed', student: 'student/undecided', aliasMoved: null });
  expect(result.stages.at(-1)).toMatchObject({ stage: 'alias', status: 'skipped', summary: { reason: 'the student is undecided' } });
  expect(result.warnings.join()).toContain('stays where it is');
});

test('until: "curate" ends with the training JSONL; a run without a name has one from its input', async () => {
  const { handle } = await start({ dataset: 'd', until: 'curate' });
  const result = await handle.result();
  expect(result).toMatchObject({ status: 'completed', name: 'named', curated: { key: 'curated.jsonl' }, student: null });
  expect(result.stages.slice(2).every(({ status }) => status === 'skipped')).toBe(true);
});

test('the cap ends generation, not the run', async () => {
  const { handle, stub } = await start(
    { dataset: 'd', name: 'capped', maxUsd: 1 },
    { generate: async () => ({ capReached: true, rows: 100 }) },
  );
  const result = await handle.result();
  expect(result.status).toBe('completed');
  expect(stub.shards).toHaveLength(1);
  expect(result.warnings.join()).toContain('the cap of $1');
});
