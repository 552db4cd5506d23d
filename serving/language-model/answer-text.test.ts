import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerText } from './answer-text.ts';

const decode = (tokens: readonly Buffer[]) => Buffer.concat(tokens).toString();
const take = (tokens: readonly Buffer[], stops: readonly string[] = []) => {
  const answer = new AnswerText<Buffer, number>(decode, stops);
  const pieces: { text: string; tokens: number[] }[] = [];
  for (const [index, token] of tokens.entries()) {
    const piece = answer.push(token, index);
    if (piece) pieces.push(piece);
    if (answer.stopped) break;
  }
  const rest = answer.end();
  if (rest) pieces.push(rest);
  return { answer, pieces, text: pieces.map((piece) => piece.text).join('') };
};
const bytes = (text: string) => [...Buffer.from(text)].map((byte) => Buffer.of(byte));

test('half characters wait for their other half, with what their tokens carry', () => {
  const { pieces } = take(bytes('aé😀'));
  expect(pieces).toEqual([
    { text: 'a', tokens: [0] },
    { text: 'é', tokens: [1, 2] },
    { text: '😀', tokens: [3, 4, 5, 6] },
  ]);
});

test('bytes that never become a character are given out all the same', () => {
  expect(take([Buffer.of(0xff), ...bytes('abcd')]).text).toContain('abcd');
  expect(take([Buffer.from('a'), Buffer.of(0xf0)]).text).toBe('a\uFFFD');
});

test('the beginning of a stop text is held back until it is none', () => {
  const { pieces } = take([Buffer.from('ab'), Buffer.from('E'), Buffer.from('Nx')], ['END']);
  expect(pieces).toEqual([
    { text: 'ab', tokens: [0] },
    { text: 'ENx', tokens: [1, 2] },
  ]);
});

test('a stop text over several tokens ends the answer before it; tokens that reach into it are not of it', () => {
  const { answer, pieces } = take([Buffer.from('ab'), Buffer.from('cE'), Buffer.from('ND'), Buffer.from('more')], ['END']);
  expect(answer).toMatchObject({ text: 'abc', stopped: true });
  expect(pieces).toEqual([
    { text: 'ab', tokens: [0] },
    { text: 'c', tokens: [] },
  ]);
});

test('whatever the pieces, the text is what stands before the first stop that is complete', () => {
  const letters = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), minLength: 1, maxLength: 3 }), { maxLength: 20 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 3 }), { maxLength: 2 });
  fc.assert(
    fc.property(letters, stops, (words, ends) => {
      // Generation ends with the piece that completes a stop: of a longer one that begins earlier the rest never comes.
      const grown = words.map((_, i) => words.slice(0, i + 1).join(''));
      const whole = grown.find((text) => ends.some((end) => text.includes(end))) ?? words.join('');
      const found = ends.map((end) => whole.indexOf(end)).filter((at) => at >= 0);
      const { answer, text } = take(
        words.map((word) => Buffer.from(word)),
        ends,
      );
      expect(text).toBe(answer.text);
      expect(text).toBe(found.length > 0 ? whole.slice(0, Math.min(...found)) : whole);
    }),
  );
});
