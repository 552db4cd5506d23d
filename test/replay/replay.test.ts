import { readFileSync, readdirSync } from 'node:fs';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import { quietTemporal, workflowBundle } from '../support/stub-worker.ts';
import { scenarios } from './scenarios.ts';

const FOLDER = new URL('histories/', import.meta.url);
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
const read = (file: string) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { events: Record<string, unknown>[] };

beforeAll(async () => {
  quietTemporal();
  await workflowBundle();
}, 60_000);

const replay = async (history: object) => Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history);

test('there is a history of every scenario', () => {
  expect(files.map((file) => file.replace('.json', ''))).toEqual(expect.arrayContaining(scenarios().map(({ name }) => name)));
});

test.each(files)('%s replays', async (file) => {
  await replay(read(file));
});

test.each(files)('%s fails to replay once an activity in it has another name', async (file) => {
  const history = read(file);
  const event = history.events.find((candidate) => 'activityTaskScheduledEventAttributes' in candidate)!;
  const scheduled = event['activityTaskScheduledEventAttributes'] as { activityType: { name: string } };
  scheduled.activityType.name = 'somethingElse';
  await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
});
