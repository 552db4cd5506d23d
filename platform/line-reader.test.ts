import { expect, test } from 'vitest';
import { LineReader } from './line-reader.ts';

/** Reads bytes that arrive in pieces of `size`. */
function read(bytes: Buffer, size: number) {
  const reader = new LineReader();
  const lines = [];
  for (let at = 0; at < bytes.length; at += size) lines.push(...reader.add(bytes.subarray(at, at + size)));
  return [...lines, ...reader.end()];
}

test.each([1, 3, 1000])('a line ends at a line feed and nowhere else, whatever the pieces (%i)', (size) => {
  const text = '\uFEFF{"a":"x\u2028y\u2029z"}\r\n\n ü \rv\u0085 \nlast';
  expect(read(Buffer.from(text), size)).toEqual([
    { number: 1, text: '{"a":"x\u2028y\u2029z"}', fault: null },
    { number: 2, text: '', fault: null },
    { number: 3, text: 'ü \rv\u0085', fault: null },
    { number: 4, text: 'last', fault: null },
  ]);
});

test('what is no text is said, and the lines after it are read', () => {
  const long = Buffer.alloc(16 * 1024 * 1024 + 1, 'x');
  const bytes = Buffer.concat([Buffer.from([0xff, 10]), long, Buffer.from('\nend')]);
  expect(read(bytes, 1024 * 1024)).toEqual([
    { number: 1, text: null, fault: 'is not UTF-8' },
    { number: 2, text: null, fault: 'is longer than 16777216 bytes' },
    { number: 3, text: 'end', fault: null },
  ]);
});
