import { expect, test } from 'vitest';
import type { Distillation, StageState } from '../sdk/index.ts';
import { Output } from './output.ts';
import { stageLines, standingOf } from './stage-lines.ts';

const START = '2026-05-01T12:00:00.000Z';
const NOW = Date.parse(START) + 75_000;
const out = new Output({ write: () => true }, { json: false, colour: false });

function stage(name: StageState['stage'], state: Partial<StageState>): StageState {
  return { stage: name, status: 'pending', startedAt: null, endedAt: null, done: null, total: null, summary: {}, ...state };
}

const run = {
  name: 'support-1',
  status: 'running',
  stale: false,
  teacher: 'lab/oracle-large',
  student: null,
  spentUsd: 0.42,
  startedAt: START,
  endedAt: null,
  input: { student: 'encoder', maxUsd: 5 },
  stages: [
    stage('generate', {
      status: 'done',
      startedAt: START,
      endedAt: '2026-05-01T12:00:42Z',
      done: 3104,
      total: 3104,
      summary: { failed: 0, reused: 776 },
    }),
    stage('curate', { status: 'running', startedAt: '2026-05-01T12:00:42Z', done: 600, total: 1200 }),
    stage('train', {}),
    stage('alias', { status: 'skipped' }),
  ],
} as unknown as Distillation;

test('a run is a head and a line a stage', () => {
  expect(stageLines(out, run, NOW, 0).join('\n')).toMatchInlineSnapshot(`
    "support-1  ·  running  ·  lab/oracle-large → encoder  ·  $0.420 of $5.00  ·  1 min 15 s

      ✔ generate           42 s  3,104/3,104  failed 0, reused 776
      ⠋ curate             33 s  ████████████░░░░░░░░░░░░ 600/1,200
      · train
      – alias"
  `);
});

test('a paused run stands still, a stale one says so', () => {
  const lines = stageLines(out, { ...run, status: 'paused', stale: true }, NOW, 3);
  expect(lines[0]).toContain('paused (last known)');
  expect(lines[3]).toContain('‖ curate');
});

test('a run that waits for a person says so, and which command it waits for', () => {
  const stages = [stage('alias', { status: 'running', startedAt: START })];
  const input = { ...run.input, approval: true, alias: 'support' };
  const waiting: Distillation = { ...run, student: 'student/support-1', input, stages };
  const lines = stageLines(out, waiting, NOW, 0);
  expect(lines[0]).toContain('waits for approval');
  expect(lines[2]).toContain('‖ alias');
  expect(lines.at(-1)).toBe(
    'support-1 waits for approval: "stillhouse distillations approve support-1" moves "support" to student/support-1.',
  );
  expect(standingOf(out, { ...waiting, status: 'completed' })).toBe('completed');
  expect(standingOf(out, run)).toBe('running');
});
