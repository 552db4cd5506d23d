import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wellFormedJson } from './well-formed-json.ts';

test('half a character becomes U+FFFD in values and keys; whole ones and escaped text stay', () => {
  const body = JSON.stringify({ content: 'cut \ud83d' });
  const text = wellFormedJson({ ['k\udc00']: 'cut \ud83d', whole: '🙂', body, slashes: '\\\ud83d \\ud83d' });
  expect(JSON.parse(text)).toEqual({ 'k\ufffd': 'cut \ufffd', whole: '🙂', body, slashes: '\\\ufffd \\ud83d' });
});

test('it is what JSON.stringify writes of the well-formed text', () => {
  const piece = fc.constantFrom('\\', '\ud83d', '\ude42', 'ud83d', '"', '\n', '\u0001', 'x');
  fc.assert(
    fc.property(fc.array(piece), (parts) => {
      const text = parts.join('');
      expect(wellFormedJson(text)).toBe(JSON.stringify(text.toWellFormed()));
    }),
  );
});
