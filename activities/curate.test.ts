import { expect, test } from 'vitest';
import type { DatasetRow, Task } from '../contracts/datasets.ts';
import { CuratedRow } from '../contracts/stages.ts';
import { curateRow, voteOf } from './curate.ts';

const ROW: DatasetRow = {
  rowId: 'row-1',
  promptHash: 'hash',
  group: 'row-1',
  split: 'train',
  position: 0,
  messages: [{ role: 'user', content: 'three nuts for Ada' }],
  tools: null,
  responseFormat: null,
  parameters: {},
  promptTokens: 0,
  traceId: '',
  reference: '',
  referenceTarget: '',
};
const plan = (task: Task, labels: string[] = []) => ({ teacher: 'lab/teacher', task, labels, keepBest: 2 });
const samples = (...answers: string[]) => answers.map((answer) => ({ answer, finishReason: 'stop' }));

test('rows of a json task carry each sample with its agreement with the others; a label row is what it was', () => {
  const answers = samples('{"a":1,"b":1}', '{"a":1,"b":2}', '{"a":2,"b":2}');
  const { curated } = curateRow(plan({ kind: 'json' }), ROW, answers, undefined);
  expect(curated.candidates).toEqual(answers.map(({ answer }, i) => ({ text: answer, score: [0.25, 0.5, 0.25][i] })));
  expect(curated).toMatchObject({ best: ['{"a":1,"b":2}', '{"a":1,"b":1}'], worst: '{"a":2,"b":2}' });
  expect(CuratedRow.parse({ ...curated, split: 'train' }).candidates).toHaveLength(3);
  const label = curateRow(plan({ kind: 'label' }, ['nut', 'cog']), ROW, samples('nut', 'cog', 'nut'), undefined);
  expect(Object.keys(label.curated)).toEqual(['rowId', 'group', 'messages', 'votes', 'best', 'worst', 'agreement', 'dropped']);
});

test('a reference to be right or wrong by is the commonest answer, whatever agrees best field by field', () => {
  const answers = samples('{"a":9,"b":9}', '{"a":1,"b":1}', '{"a":1,"b":1,"c":2}', '{"a":1,"b":1,"c":3}', '{"a":9,"b":9}');
  expect(voteOf(plan({ kind: 'json' }), answers).best[0]).toBe('{"a":9,"b":9}');
  expect(curateRow(plan({ kind: 'json' }), ROW, answers, undefined).curated.best[0]).toBe('{"a":1,"b":1}');
});

test('a gold answer stands alone: nothing is graded against it', () => {
  const { curated } = curateRow(plan({ kind: 'json' }), ROW, samples('{"a":2}'), '{"a":1}');
  expect(curated).toMatchObject({ best: ['{"a":1}'], worst: null, candidates: [{ text: '{"a":1}', score: 1 }] });
});
