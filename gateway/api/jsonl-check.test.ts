import { expect, test } from 'vitest';
import { JsonlCheck } from './jsonl-check.ts';

const ROW = JSON.stringify({ messages: [{ role: 'user', content: 'Wo ist meine Karte? – ü' }], answer: 'card_arrival' });

/** Checks a text that arrives in pieces of `size` bytes. */
function check(text: string | Buffer, size = 7): number {
  const jsonl = new JsonlCheck();
  const bytes = Buffer.from(text as string);
  for (let at = 0; at < bytes.length; at += size) jsonl.add(bytes.subarray(at, at + size));
  return jsonl.end();
}

test('rows are counted, blank lines and a missing last newline do not matter', () => {
  expect(check(`${ROW}\n\n${ROW}\r\n${ROW}`)).toBe(3);
  expect(check(`${ROW}\n`, 1)).toBe(1);
});

test('bad lines are named with their number and reason', () => {
  const noAnswer = JSON.stringify({ messages: [{ role: 'user', content: 'x' }] });
  const text = [ROW, '{', JSON.stringify({ messages: [] }), noAnswer, ROW].join('\n');
  expect(() => check(text)).toThrow(
    /line 2: is not JSON; line 3: messages: .*; line 4: answer: is missing, and the last message is not the assistant's/,
  );
});

test('an assistant message at the end is the answer', () => {
  const messages = [
    { role: 'user', content: 'x' },
    { role: 'assistant', content: 'y' },
  ];
  expect(check(JSON.stringify({ messages }))).toBe(1);
});

test('many bad lines are counted, not all named', () => {
  expect(() => check('x\n'.repeat(25))).toThrow(/line 20: .*; and 5 more$/);
});

test('no rows, no UTF-8', () => {
  expect(() => check('\n \n')).toThrow('no rows');
  expect(() => check(Buffer.from([0xff, 0xfe, 0x0a]))).toThrow('line 1: is not UTF-8');
});
