import { expect, test } from 'vitest';
import type { Task } from '../../contracts/datasets.ts';
import { answerFault } from './answer-rules.ts';

const labels = new Set(['yes', 'no']);
const LABEL: Task = { kind: 'label' };

test.each([
  [LABEL, ' yes ', 'stop', null],
  [LABEL, 'perhaps', 'stop', 'outside the label set'],
  [LABEL, 'ye', 'length', 'answer cut off'],
  [LABEL, '', 'stop', 'empty answer'],
  [LABEL, '', 'tool_calls', 'only tool calls'],
  [LABEL, 'yes', 'content_filter', 'refused'],
  [{ kind: 'json' }, '{"a": 1}', 'stop', null],
  [{ kind: 'json' }, 'Here it is: {"a": 1}', 'stop', 'not JSON'],
  [{ kind: 'json' }, '{"a": 1', 'length', 'answer cut off'],
  [{ kind: 'text' }, 'Your card is on its way.', 'stop', null],
  [{ kind: 'text' }, 'Your card is on its', 'length', 'answer cut off'],
  [{ kind: 'text' }, 'I’m sorry, but I can’t help with that.', 'stop', 'refused'],
  [{ kind: 'text' }, 'I cannot help with refunds, but here is who can: …'.padEnd(320, '.'), 'stop', null],
] as [Task, string, string, string | null][])('%j: %j (%s) → %s', (task, text, finishReason, fault) => {
  expect(answerFault(task, labels, { text, finishReason })).toBe(fault);
});

test('without a closed set any answer is a label', () => {
  expect(answerFault(LABEL, null, { text: 'perhaps', finishReason: '' })).toBeNull();
});
