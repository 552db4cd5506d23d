import { expect, test } from 'vitest';
import { mergeDetails, textOfDetails } from './reasoning-details.ts';

const text = (index: number, said: string, more = {}) => ({ type: 'reasoning.text', index, text: said, ...more });
const summary = (index: number, said: string) => ({ type: 'reasoning.summary', index, summary: said });
const encrypted = (index: number, data: string) => ({ type: 'reasoning.encrypted', index, data });

test.each([
  [
    'pieces of a text are one, with the signature that comes last',
    [text(0, 'a'), text(0, 'b'), text(0, '', { signature: 's' })],
    [text(0, 'ab', { signature: 's' })],
  ],
  ['another index is another block', [text(0, 'a'), text(1, 'b')], [text(0, 'a'), text(1, 'b')]],
  ['a summary under the same index is another block', [text(0, 'a'), summary(0, 'b'), summary(0, 'c')], [text(0, 'a'), summary(0, 'bc')]],
  ['and a text after it a third one', [text(0, 'a'), summary(0, 'b'), text(0, 'c')], [text(0, 'a'), summary(0, 'b'), text(0, 'c')]],
  ['encrypted blocks are whole', [encrypted(0, 'x'), encrypted(0, 'y')], [encrypted(0, 'x'), encrypted(0, 'y')]],
  ['null says nothing', [text(0, 'a', { signature: 's' }), text(0, 'b', { signature: null })], [text(0, 'ab', { signature: 's' })]],
])('%s', (_what, pieces, expected) => {
  const bit = pieces.reduce<Parameters<typeof mergeDetails>[0]>((before, piece) => mergeDetails(before, [piece]), []);
  expect(bit).toEqual(expected);
  expect(mergeDetails([], pieces)).toEqual(expected);
});

test('what can be read of them', () => {
  expect(textOfDetails([text(0, 'a'), summary(0, 'b'), encrypted(1, 'c')])).toBe('ab');
});
